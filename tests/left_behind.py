"""What a piece of code leaves in this process: open descriptors and running threads.

A test that ran earlier in this process may have left a thread, which opens descriptors and starts
threads at any moment. So a count is not compared at once: what is left must go within a minute.
A leak of the tested code stays, and fails the test.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SECONDS = 60.0


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Assert that no descriptor that the block opens stays open. Linux alone: it reads /proc."""
    before = _open_descriptors()
    yield
    _assert_empty_soon(lambda: _open_descriptors() - before)


@contextmanager
def threads_left_at_most(count: int) -> Iterator[None]:
    """Assert that at most `count` threads that start in the block still run after it."""
    before = set(threading.enumerate())
    yield

    def find_too_many() -> set[threading.Thread]:
        threads = set(threading.enumerate()) - before
        return threads if len(threads) > count else set()

    _assert_empty_soon(find_too_many)


def _open_descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def _assert_empty_soon(find_left: Callable[[], set[str] | set[threading.Thread]]) -> None:
    end = time.monotonic() + _SECONDS
    while left := find_left():
        assert time.monotonic() < end, f"left: {left}"
        time.sleep(0.01)
