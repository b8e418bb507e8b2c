"""Finds the brokers of a home by what any other process can see in /proc."""

import os
from pathlib import Path
from typing import NamedTuple

_LISTENS = 0x10000  # __SO_ACCEPTCON in the flags column of /proc/net/unix


class Broker(NamedTuple):
    """One process, told from a later one with the same id by its start time."""

    pid: int
    started: str

    def is_alive(self) -> bool:
        return _started(self.pid) == self.started

    def resident_kb(self) -> int:
        """Return VmRSS in kB; 0 when the process has ended."""
        try:
            lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        except OSError:
            return 0
        return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)

    def descriptors(self) -> int:
        """Return how many descriptors are open; 0 when the process has ended."""
        try:
            return len(os.listdir(f"/proc/{self.pid}/fd"))
        except OSError:
            return 0


def brokers_below(folder: Path | str) -> list[Broker]:
    """Return the processes named ssohelper that listen on a unix socket below this folder."""
    whole, bare = _listening_below(str(folder))
    if not whole and not bare:
        return []
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if not _is_ours(pid):
            continue
        sockets = _sockets_of(pid)
        if sockets & whole or (sockets & bare and _lives_in(pid, str(folder))):
            started = _started(int(pid))
            if started is not None:
                found.append(Broker(int(pid), started))
    return found


def _listening_below(folder: str) -> tuple[set[str], set[str]]:
    """Return the inodes of listening sockets: bound by a path in here, and by a bare name of here.

    A path of more than 104 bytes cannot be bound; a process may change folder and bind a name.
    """
    names = {path.name for path in Path(folder).rglob("*") if path.is_socket()}
    whole, bare = set(), set()
    for line in Path("/proc/net/unix").read_text(errors="replace").splitlines()[1:]:
        fields = line.split(maxsplit=7)
        if len(fields) < 8 or not int(fields[3], 16) & _LISTENS:
            continue
        if fields[7].startswith(folder.rstrip("/")):
            whole.add(fields[6])
        elif fields[7] in names:
            bare.add(fields[6])
    return whole, bare


def _lives_in(pid: str, folder: str) -> bool:
    """Return whether the broker belongs to the home `folder`: two homes' brokers may share a name."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        return os.readlink(f"/proc/{pid}/cwd").startswith(folder) or (
            os.path.dirname(folder).encode() in environment
        )
    except OSError:
        return False


def _is_ours(pid: str) -> bool:
    try:
        return b"ssohelper" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _sockets_of(pid: str) -> set[str]:
    found = set()
    try:
        with os.scandir(f"/proc/{pid}/fd") as descriptors:
            for descriptor in descriptors:
                target = os.readlink(descriptor.path)
                if target.startswith("socket:["):
                    found.add(target[8:-1])
    except OSError:
        pass  # it ended while it was looked at, or belongs to another user
    return found


def _started(pid: int) -> str | None:
    """Return the start time in clock ticks since boot; None when there is no such process."""
    try:
        # The name in parentheses may hold anything; field 22 counts from behind it.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]
