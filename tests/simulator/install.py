"""Puts the simulator in place of `os`, `time`, sockets and threads in the engine's modules.

Done once for each system process; `use` then says which schedule's world is meant.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import queue
import selectors
import socket
import sys
import threading
import time
import types
from collections.abc import Iterator
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import ssohelper.actions.renewal
import ssohelper.actions.selection
import ssohelper.broker.loop
import ssohelper.fastpath.open_file
import ssohelper.fastpath.published
import ssohelper.fastpath.spawn
import ssohelper.stores.choices_file
import ssohelper.stores.clock_file
import ssohelper.stores.config_store
import ssohelper.stores.credential_cache
import ssohelper.stores.credential_writer
import ssohelper.stores.files
import ssohelper.stores.prompt_state
import ssohelper.stores.stamps
import ssohelper.stores.token_cache
import ssohelper.stores.user_file
import ssohelper.system.clock
from tests.simulator import sockets
from tests.simulator.disk import OS_NAMES, Switch

if TYPE_CHECKING:
    from tests.simulator.world import World

_stores = ssohelper.stores
_loop = ssohelper.broker.loop
_DISK_MODULES: tuple[types.ModuleType, ...] = (
    _stores.clock_file, _stores.credential_cache, _stores.credential_writer, _stores.files,
    _stores.user_file, _stores.prompt_state, _stores.stamps, _stores.token_cache,
    ssohelper.system.clock, ssohelper.fastpath.open_file, ssohelper.fastpath.published,
)  # fmt: skip

_os, _time, _fcntl = Switch(os), Switch(time), Switch(fcntl)
_coarse_time = Switch(time)
_queue, _socket = Switch(queue), Switch(socket)
_selectors, _threading = Switch(selectors), Switch(threading)
_peer = types.SimpleNamespace(
    is_allowed_user=lambda uid: True, find_peer_uid=lambda stream: os.geteuid()
)
_is_installed = False


class _Swept:
    """files._swept: each process of the simulator has its own."""

    world: World | None = None

    def _names(self) -> set[str]:
        thread = self.world.scheduler.current if self.world else None
        return thread.process.swept if thread else set()

    def __contains__(self, folder: str) -> bool:
        return folder in self._names()

    def add(self, folder: str) -> None:
        self._names().add(folder)


_swept = _Swept()


def use(world: World) -> None:
    """Make this world the one that the engine runs in."""
    _install_once()
    disk, scheduler = world.disk, world.scheduler
    _os.set(**{name: getattr(disk, name) for name in OS_NAMES}, supports_fd={disk.utime})
    _time.set(
        time=world.wall,
        monotonic=lambda: scheduler.now,
        clock_gettime=lambda _which: scheduler.now,
        sleep=scheduler.sleep,
    )
    _coarse_time.set(
        monotonic=lambda: scheduler.now, sleep=lambda seconds: scheduler.sleep(40 * seconds)
    )
    _fcntl.set(flock=disk.flock)
    _queue.set(SimpleQueue=partial(sockets.Queue, scheduler))
    _socket.set(socketpair=partial(sockets.pair, scheduler))
    _selectors.set(DefaultSelector=partial(sockets.Selector, scheduler))
    _threading.set(Thread=partial(sockets.StartedThread, scheduler))
    _swept.world = world
    _put(ssohelper.fastpath.spawn, can_outlive_caller=lambda: not world.is_in_container)
    _put(ssohelper.fastpath.published, read_uptime=lambda: int(scheduler.now))
    _stores.token_cache._damaged.clear()


@contextlib.contextmanager
def _delay_signals() -> Iterator[None]:
    """own_process.delay_signals for the simulator's processes."""
    world = _swept.world
    assert world is not None
    thread = world.scheduler.current
    assert thread is not None
    process = thread.process
    process.signals_held += 1
    try:
        yield
    finally:
        process.signals_held -= 1
        if process.is_terminated and not process.signals_held:
            world.scheduler.kill(process)


def _install_once() -> None:
    global _is_installed
    if _is_installed:
        return
    _is_installed = True
    for module in _DISK_MODULES:
        names = vars(module)
        for name, real, switch in (("os", os, _os), ("time", time, _time)):
            if names.get(name) is real:
                setattr(module, name, switch)
    _put(_stores.files, fcntl=_fcntl, _swept=_swept)
    # A look at a half-written token file costs 1 ms in earnest; here 40, or they are most of a
    # schedule's steps.
    _put(_stores.token_cache, time=_coarse_time, _LEAST_READS=5)
    _put(_stores.clock_file, read_boot_id=lambda: "boot")
    _put(_loop, queue=_queue, socket=_socket, selectors=_selectors, threading=_threading)
    # A loop that wakes each second hides what it was not woken for.
    _put(_loop, peer=_peer, _LONGEST_SLEEP_SECONDS=4.0)
    _put(ssohelper.actions.renewal, delay_signals=_delay_signals)
    _remove_locks_of_cached_properties()


def _remove_locks_of_cached_properties() -> None:
    """Let cached properties of Python 3.11 compute without a lock, as those of later Pythons do.

    A thread that waits for such a lock cannot be seen by the scheduler, which would wait for it.
    """
    if sys.version_info < (3, 12):
        # A cached property reads its lock as `self.lock`. A property of the class, with a setter, is
        # found before the instance's attribute, and gives a lock that locks nothing.
        no_lock = contextlib.nullcontext()
        hidden = property(lambda _self: no_lock, lambda _self, _lock: None)
        setattr(cached_property, "lock", hidden)  # noqa: B010  (mypy does not know it)


def _put(module: Any, **what: Any) -> None:
    for name, value in what.items():
        assert hasattr(module, name), (module, name)
        setattr(module, name, value)
