"""Processes that a test's commands left behind: brokers live for 8 s after their last caller."""

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import NamedTuple

_DETACHED = (b"broker-process", b"renewal-process", b"--detached")
_GONE_WITHIN_SECONDS = 10.0


class Detached(NamedTuple):
    """One of our detached processes."""

    pid: int
    argv: list[str]


def detached_processes(folder: Path, word: str | None = None, since: int = 0) -> list[Detached]:
    """Return our detached processes whose home is in `folder`; `word` names one kind of them.

    `since` is what `newest_process` returned: older processes are left out, which takes much less
    time.
    """
    wanted = (word.encode(),) if word else _DETACHED
    found = []
    for entry in _process_folders(since):
        try:
            argv = (entry / "cmdline").read_bytes().split(b"\0")
            if b"ssohelper" not in argv or not any(one in argv for one in wanted):
                continue
            environ = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended, or is another user's
        homes = [value[5:] for value in environ if value.startswith(b"HOME=")]
        homes += [value[15:] for value in environ if value.startswith(b"SSOHELPER_HOME=")]
        if any(Path(os.fsdecode(home)).is_relative_to(folder) for home in homes):
            argv_text = [os.fsdecode(part) for part in argv[:-1]]
            found.append(Detached(int(entry.name), argv_text))
    return found


def broker_ids(folder: Path) -> list[int]:
    """Return the ids of the brokers of homes in `folder`; of none that is still being started."""
    # "-c": the shell that starts the program.
    found = detached_processes(folder, "broker-process")
    return [process.pid for process in found if "-c" not in process.argv]


def end_detached_processes(folder: Path, since: int = 0) -> None:
    """Kill our detached processes of the homes in `folder`, by their ids, until none is left.

    `since` is what `newest_process` returned before the first of them was started.
    """
    ends_at = time.monotonic() + _GONE_WITHIN_SECONDS
    while (left := detached_processes(folder, since=since)) and time.monotonic() < ends_at:
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        time.sleep(0.005)


def wait_until_asleep(pid: int) -> None:
    """Wait until the process sleeps: one that has asked its question then reads the answer."""
    ends_at = time.monotonic() + _GONE_WITHIN_SECONDS
    while time.monotonic() < ends_at:
        if state_of(pid) == "S":
            return
        time.sleep(0.001)
    raise AssertionError(f"process {pid} did not sleep within {_GONE_WITHIN_SECONDS:g} s")


def newest_process() -> int:
    """Return the id of the process that was started last, of any user; 0 if that is not known."""
    try:
        with open("/proc/loadavg", "rb") as file:
            return int(file.read().split()[-1])
    except (OSError, ValueError, IndexError):
        return 0  # not Linux


def _process_folders(since: int = 0) -> list[Path]:
    if newest_process() < since:  # the process ids have begun again at a low number
        since = 0
    try:
        names = os.listdir("/proc")
    except OSError:
        return []  # not Linux
    return [Path("/proc", name) for name in names if name.isdigit() and int(name) > since]


def is_running(pid: int) -> bool:
    """Return whether the process still runs a moment later; a zombie does not."""
    ends_at = time.monotonic() + _GONE_WITHIN_SECONDS / 10
    while True:
        try:
            if state_of(pid) in "ZX":
                return False
        except OSError:
            return False
        if time.monotonic() > ends_at:
            return True
        time.sleep(0.005)


def state_of(pid: int) -> str:
    """Return the kernel's letter for the process's state: "S" asleep, "T" stopped, "Z" a zombie."""
    return _fields_of(pid)[0]


def parent_of(pid: int) -> int:
    """Return the process id of the process's parent."""
    return int(_fields_of(pid)[1])


def resident_kb(pid: int) -> int:
    """Return VmRSS in kB; 0 when the process has ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
    return 0


def count_descriptors(pid: int) -> int:
    """Return how many descriptors are open; 0 when the process has ended."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def _fields_of(pid: int) -> list[str]:
    # "pid (name) state parent …", and the name may hold anything
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
