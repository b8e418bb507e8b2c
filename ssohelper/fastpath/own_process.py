"""Sets limits of this process: no core dumps, resources of a broker, signals delayed in one step.

PR_SET_DUMPABLE needs ctypes (2 to 10 ms) and also stops debuggers of the same user: only `serve`,
which runs for days, sets it (endpoint/serving.py).
"""

import contextlib
import os
import signal
import sys

# importing typing takes 4 ms
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Not 0: with a pipe as core_pattern (systemd-coredump, apport) the kernel heeds only a limit of
# exactly 1 (fs/coredump.c), and no core dump fits into 1 byte.
_NO_CORE_BYTES = 1
# Each limit below which no broker is started, and the limit that a broker sets. A broker with 16
# calls under way used 1.2 GB of address space and 150 MB of data; its longest file is a journal of
# 1 MB; it has a descriptor for each of up to 4,000 callers.
_BROKER_LIMITS = (
    ("RLIMIT_AS", 1 << 30, 1 << 32),
    ("RLIMIT_DATA", 1 << 28, 1 << 30),
    ("RLIMIT_FSIZE", 1 << 24, 1 << 24),
    ("RLIMIT_CPU", 60, 600),
    ("RLIMIT_NOFILE", 1024, 4096),
)
_original_core_limit: "tuple[int, int] | None" = None


def disable_core_dumps() -> None:
    global _original_core_limit
    if sys.platform == "win32" or _original_core_limit is not None:
        return
    import resource

    with contextlib.suppress(OSError, ValueError):
        limits = resource.getrlimit(resource.RLIMIT_CORE)
        # Only the soft limit changes: the program that `exec` starts may need the hard limit.
        if limits[1]:
            resource.setrlimit(resource.RLIMIT_CORE, (_NO_CORE_BYTES, limits[1]))
            _original_core_limit = limits


def restore_core_limit() -> None:
    global _original_core_limit
    if sys.platform == "win32" or _original_core_limit is None:
        return
    import resource

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, _original_core_limit)
    _original_core_limit = None


@contextlib.contextmanager
def use_original_core_limit() -> "Iterator[None]":
    was_disabled = _original_core_limit is not None
    restore_core_limit()
    try:
        yield
    finally:
        if was_disabled:
            disable_core_dumps()


def may_start_broker() -> bool:
    """Return whether limits and nice level, which a broker inherits, leave a broker enough."""
    if sys.platform == "win32" or os.getpriority(os.PRIO_PROCESS, 0) > 0:
        return False
    import resource

    return all(
        _is_at_least(resource.getrlimit(getattr(resource, name))[1], least)
        for name, least, _wanted in _BROKER_LIMITS
    )


def raise_broker_limits() -> None:
    if sys.platform == "win32":
        return
    import resource

    for name, _least, wanted in _BROKER_LIMITS:
        kind = getattr(resource, name)
        soft, hard = resource.getrlimit(kind)
        if not _is_at_least(soft, wanted):
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(kind, (wanted if _is_at_least(hard, wanted) else hard, hard))


def _is_at_least(limit: int, least: int) -> bool:
    return limit < 0 or limit >= least  # "unlimited" is -1 on Linux, 2^63 - 1 on macOS


@contextlib.contextmanager
def delay_signals() -> "Iterator[None]":
    if sys.platform == "win32":
        yield
        return
    held = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP}
    held |= {signal.SIGUSR1, signal.SIGUSR2}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
