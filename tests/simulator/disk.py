"""The disk: real files behind an `os` that knows faults, virtual times, and killed processes.

Each operation is a point of the scheduler. Times are virtual: fingerprints, published responses and
the sweep of old temporary files depend on them.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import types
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.simulator.scheduler import Process, Scheduler

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_STDOUT = 1
# AWS's token files are below 8 kB.
_TOKEN_BYTES = 8192


class Stat(NamedTuple):
    """What the engine reads of a stat_result."""

    st_mode: int
    st_ino: int
    st_dev: int
    st_nlink: int
    st_uid: int
    st_size: int
    st_mtime_ns: int
    st_ctime_ns: int

    @property
    def st_mtime(self) -> float:
        return self.st_mtime_ns / 1e9

    @property
    def st_ctime(self) -> float:
        return self.st_ctime_ns / 1e9


class Entry:
    """What the engine reads of a DirEntry."""

    def __init__(self, disk: Disk, entry: os.DirEntry[str]) -> None:
        self._disk = disk
        self._entry = entry
        self.name, self.path = entry.name, entry.path

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return self._entry.is_dir(follow_symlinks=follow_symlinks)

    def stat(self, *, follow_symlinks: bool = True) -> Stat:
        return self._disk.stat(self.path, follow_symlinks=follow_symlinks)


class Disk:
    """The files of one schedule. `fault` maps a folder to an errno that writing there gives."""

    def __init__(self, scheduler: Scheduler, root: str, wall: Callable[[], float]) -> None:
        self.scheduler = scheduler
        self.root = root
        self._wall = wall
        self.environ: dict[str, str] = {}
        self.stdout = b""
        self.faults: dict[str, int] = {}
        self.fault_hits = 0
        self.temporary: dict[str, Process] = {}
        self.token_files: set[str] = set()
        # Called before a token file is replaced or removed by the engine, after it is opened, and
        # when a fault prevents a write.
        self.on_replace: Callable[[Process, str, bytes], None] = lambda *_: None
        self.on_unlink: Callable[[Process, str], None] = lambda *_: None
        self.on_read: Callable[[Process, str], None] = lambda *_: None
        self.on_fault: Callable[[Process | None], None] = lambda _: None
        self.on_unlock: Callable[[], None] = lambda: None
        self._times: dict[int, tuple[int, int]] = {}
        self._inodes: dict[int, int] = {}
        self._sizes: dict[int, int] = {}
        self._numbers: dict[int, int] = {}

    # -- what stands for `os` ----------------------------------------------------------------

    def open(self, path: Any, flags: int, mode: int = 0o777) -> int:
        path = os.fspath(path)
        self.scheduler.point()
        if flags & _WRITING:
            self._check(path, takes_room=bool(flags & os.O_EXCL))
        descriptor = os.open(path, flags, mode)
        process = self._process()
        if process is not None:
            process.descriptors[descriptor] = path
            if flags & os.O_EXCL:
                self.temporary[path] = process
            elif path in self.token_files:
                self.on_read(process, path)
        if flags & _WRITING:
            self._note(descriptor, is_new=bool(flags & os.O_EXCL))
        return descriptor

    def close(self, descriptor: int) -> None:
        process = self._process()
        if process is not None:
            self.scheduler.point()
            del process.descriptors[descriptor]
        self._forget(descriptor)

    def _forget(self, descriptor: int) -> None:
        self._inodes.pop(descriptor, None)
        self._sizes.pop(descriptor, None)
        os.close(descriptor)

    def close_all(self, process: Process) -> None:
        """Close what a killed process had open; its locks are free then."""
        for descriptor in list(process.descriptors):
            self._forget(descriptor)
        process.descriptors.clear()
        self.on_unlock()

    def write(self, descriptor: int, data: Any) -> int:
        if descriptor == _STDOUT:
            self.stdout += bytes(data)
            return len(data)
        self.scheduler.point()
        path = self._path_of(descriptor)
        # Room that a file has already is not lost again: that is what a reservation relies on.
        at = os.lseek(descriptor, 0, os.SEEK_CUR)
        self._check(path, takes_room=at + len(data) > self._sizes.get(descriptor, 0))
        written = os.write(descriptor, data)
        self._sizes[descriptor] = max(self._sizes.get(descriptor, 0), at + written)
        self._touch(descriptor)
        return written

    def ftruncate(self, descriptor: int, size: int) -> None:
        self.scheduler.point()
        os.ftruncate(descriptor, size)
        self._touch(descriptor)

    def fsync(self, descriptor: int) -> None:
        self.scheduler.point()
        path = self._path_of(descriptor)
        if self._fault(path) == errno.EIO:
            self._fail(errno.EIO, path)

    def replace(self, source: Any, target: Any) -> None:
        source, target = os.fspath(source), os.fspath(target)
        self.scheduler.point()
        self._check(target, takes_room=False)
        process = self._process()
        if process is not None and target in self.token_files:
            with open(source, "rb") as new:
                self.on_replace(process, target, new.read())
        os.replace(source, target)
        self.temporary.pop(source, None)
        inode = os.stat(target).st_ino
        now = self._now_ns()
        self._times[inode] = (self._times.get(inode, (now, now))[0], now)

    def unlink(self, path: Any) -> None:
        path = os.fspath(path)
        self.scheduler.point()
        process = self._process()
        if os.path.lexists(path):
            if self._fault(path) == errno.EROFS:
                # On a read-only disk, the file cannot be removed any more.
                self.temporary.pop(path, None)
            self._check(path, takes_room=False)
        if process is not None and path in self.token_files and os.path.lexists(path):
            self.on_unlink(process, path)
        os.unlink(path)
        self.temporary.pop(path, None)

    def mkdir(self, path: Any, mode: int = 0o777) -> None:
        path = os.fspath(path)
        if not os.path.lexists(path):
            self.scheduler.point()
            self._check(path, takes_room=True)
        os.mkdir(path, mode)

    def rmdir(self, path: Any) -> None:
        self.scheduler.point()
        os.rmdir(path)

    def scandir(self, path: Any) -> contextlib.AbstractContextManager[Iterator[Entry]]:
        self.scheduler.point()
        with os.scandir(path) as entries:
            found = [Entry(self, entry) for entry in entries]
        return contextlib.nullcontext(iter(sorted(found, key=lambda entry: entry.name)))

    def stat(self, path: Any, *, follow_symlinks: bool = True) -> Stat:
        return self._stat(os.stat(path, follow_symlinks=follow_symlinks))

    def lstat(self, path: Any) -> Stat:
        return self._stat(os.lstat(path))

    def fstat(self, descriptor: int) -> Stat:
        return self._stat(os.fstat(descriptor))

    def utime(self, path: Any, times: Any = None, *, ns: Any = None) -> None:
        self.scheduler.point()
        modified = int(times[1] * 1e9) if times else ns[1]
        inode = (os.fstat(path) if isinstance(path, int) else os.stat(path)).st_ino
        self._times[inode] = (int(modified), self._now_ns())

    def access(self, path: Any, mode: int) -> bool:
        if mode & os.W_OK and self._fault(os.fspath(path) + "/") == errno.EROFS:
            return False
        return os.access(path, mode)

    def getpid(self) -> int:
        process = self._process()
        return process.pid if process else 1

    def kill(self, pid: int, _signal: int) -> None:
        process = self.scheduler.processes.get(pid)
        if process is None or process.is_dead or not self.scheduler.is_running(process):
            raise ProcessLookupError

    def urandom(self, size: int) -> bytes:
        return self.scheduler.rng.randbytes(size)

    # -- locking files as flock does ---------------------------------------------------------

    def flock(self, descriptor: int, how: int) -> None:
        self.scheduler.point()
        fcntl.flock(descriptor, how)
        if how == fcntl.LOCK_UN:
            self.on_unlock()

    # -- for the schedule itself ---------------------------------------------------------------

    def put(self, path: str, data: bytes) -> None:
        """Write in place, as foreign tools do."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.write(descriptor, data)
        self._touch(descriptor)
        self._forget(descriptor)

    def has_room_for_token(self, process: Process) -> bool:
        """Return whether the process has a temporary file beside the token files, with room."""
        folder = os.path.dirname(next(iter(self.token_files)))
        return any(
            owner is process and os.path.dirname(path) == folder and _size(path) >= _TOKEN_BYTES
            for path, owner in self.temporary.items()
        )

    def temporary_files_left_by_living_processes(self) -> list[str]:
        """Return the temporary files that a process left although it was not killed."""
        return [
            path
            for path, process in self.temporary.items()
            if not process.is_dead and os.path.lexists(path)
        ]

    # -- failing, and keeping the times of files ---------------------------------------------

    def _process(self) -> Process | None:
        thread = self.scheduler.current
        return thread.process if thread else None

    def _path_of(self, descriptor: int) -> str:
        process = self._process()
        return process.descriptors.get(descriptor, "") if process else ""

    def _fault(self, path: str) -> int | None:
        found = (number for folder, number in self.faults.items() if path.startswith(folder))
        return next(found, None)

    def _check(self, path: str, *, takes_room: bool) -> None:
        number = self._fault(path)
        is_about_room = number in (errno.ENOSPC, errno.EDQUOT)
        if number not in (None, errno.EIO) and (takes_room or not is_about_room):
            self._fail(number, path)

    def _fail(self, number: int, path: str) -> None:
        self.fault_hits += 1
        self.on_fault(self._process())
        raise OSError(number, os.strerror(number), path)

    def _now_ns(self) -> int:
        return int(self._wall() * 1e9)

    def _note(self, descriptor: int, *, is_new: bool) -> None:
        found = os.fstat(descriptor)
        self._inodes[descriptor] = found.st_ino
        self._sizes[descriptor] = found.st_size
        if is_new or found.st_ino not in self._times:
            self._times[found.st_ino] = (self._now_ns(),) * 2

    def _touch(self, descriptor: int) -> None:
        inode = self._inodes.get(descriptor) or os.fstat(descriptor).st_ino
        self._times[inode] = (self._now_ns(),) * 2

    def _stat(self, found: os.stat_result) -> Stat:
        times = self._times.setdefault(found.st_ino, (self._now_ns(),) * 2)
        # The real number differs from run to run, also in length, and stamps contain it.
        number = self._numbers.setdefault(found.st_ino, 1_000_000 + len(self._numbers))
        same = found.st_dev, found.st_nlink, found.st_uid, found.st_size
        return Stat(found.st_mode, number, *same, *times)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


class Switch(types.ModuleType):
    """Stands for a module of Python's in the engine; what it does is the present schedule's."""

    def __init__(self, real: types.ModuleType) -> None:
        super().__init__(real.__name__)
        self.__dict__.update(real.__dict__)

    def set(self, **what: Any) -> None:
        self.__dict__.update(what)


# What of `os` the engine's stores use, and Disk has.
OS_NAMES = {"environ", *(set(vars(Disk)) & set(os.__all__))}
