"""Finds the names of this process's parent and terminal, which the journal shows.

No decision depends on them, since a process can choose its own name. When an SDK started this
process through a shell, the parent's name is the shell's.
"""

import os
import sys

_LONGEST = 32
_READ_BYTES = 4096
# Linux's Documentation/admin-guide/devices.txt: eight majors of 256 pseudo-terminals each.
_PTS_MAJORS = range(136, 144)
_TTY_MAJOR = 4
_FIRST_SERIAL_MINOR = 64


def find_caller() -> tuple[str, str]:
    """Return the names of parent and terminal ("pts/3"), in at most 32 ASCII characters or ""."""
    return (
        _short_printable_text(_read_parent_name()),
        _short_printable_text(_find_controlling_terminal()),
    )


def _read_parent_name() -> bytes:
    if sys.platform != "linux":
        return b""
    # The parent's id is 0 when the parent is outside of this container.
    parent = os.getppid()
    return _read_proc_file(f"/proc/{parent}/comm").removesuffix(b"\n") if parent else b""


def _find_controlling_terminal() -> bytes:
    if sys.platform == "win32":
        return b""
    if sys.platform == "linux":
        # The fields after the command's name, which may contain any character, are state, parent,
        # group, session, terminal.
        words = _read_proc_file("/proc/self/stat").rpartition(b")")[2].split()
        try:
            device = int(words[4]) & 0xFFFFFFFF
        except (ValueError, IndexError):
            return b""
        return _terminal_name_of_device(device).encode()
    for stream in (0, 1, 2):
        try:
            return os.ttyname(stream).removeprefix("/dev/").encode()
        except OSError:
            continue
    return b""


def _read_proc_file(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(_READ_BYTES) or b""
    except OSError:
        return b""


def _short_printable_text(name: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in name[:_LONGEST])


if sys.platform != "win32":

    def _terminal_name_of_device(device: int) -> str:
        major, minor = os.major(device), os.minor(device)
        if major in _PTS_MAJORS:
            return f"pts/{(major - _PTS_MAJORS[0]) * 256 + minor}"
        if major == _TTY_MAJOR:
            serial = minor - _FIRST_SERIAL_MINOR
            return f"tty{minor}" if serial < 0 else f"ttyS{serial}"
        return f"tty {major}:{minor}" if device else ""
