"""Runs ssohelper as on another system: its modules alone see one there, Python and the rest do not.

`python tests/other_system.py win32|darwin ARGUMENTS…` is `ssohelper ARGUMENTS…`; with `modules`
for ARGUMENTS it imports each module of ours and prints those that there are not there. This shows
that the code paths hold together, not what that system would say to them.
"""

import builtins
import contextlib
import fcntl
import glob
import importlib
import os
import stat
import struct
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import platformdirs.macos
import platformdirs.windows

ROOT = Path(__file__).resolve().parent.parent
_PACKAGE = ROOT / "ssohelper"
# The command; the system and ssohelper's arguments go behind it, and ROOT into PYTHONPATH.
ELSEWHERE = [sys.executable, "-P", str(Path(__file__).resolve())]
# What Windows lacks; mypy says of each name whether that system has it (`make check`).
_NOT_ON_WINDOWS = ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty")
# Where a test puts what pip would call the scripts folder.
SCRIPTS = "OTHER_SYSTEM_SCRIPTS"


class Seen:
    """A module of the standard library, with what it has on the other system only."""

    def __init__(self, real: ModuleType | None, own: dict[str, Any]) -> None:
        vars(self).update(_real=real, _own=own)

    def __getattr__(self, name: str) -> Any:
        return self._own[name] if name in self._own else getattr(self._real, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._real, name, value)


# What was opened there without O_BINARY: its line ends are changed on the way.
_O_BINARY = 1 << 30
_text: set[int] = set()


def _open(path: Any, flags: int, *more: Any, **named: Any) -> int:
    descriptor = os.open(path, flags & ~_O_BINARY, *more, **named)
    (_text.discard if flags & _O_BINARY else _text.add)(descriptor)
    return descriptor


def _read(descriptor: int, size: int) -> bytes:
    data = os.read(descriptor, size)
    return data.replace(b"\r\n", b"\n") if descriptor in _text else data


def _write(descriptor: int, data: Any) -> int:
    if descriptor not in _text:
        return os.write(descriptor, data)
    os.write(descriptor, bytes(data).replace(b"\n", b"\r\n"))
    return len(data)


def _locking(descriptor: int, mode: int, count: int) -> None:
    """msvcrt.locking: of one open file, not of a process; who is late gets EACCES."""
    kind = fcntl.F_UNLCK if mode == 0 else fcntl.F_WRLCK
    start = os.lseek(descriptor, 0, os.SEEK_CUR)
    try:
        lock = struct.pack("hhqqi4x", kind, os.SEEK_SET, start, count, 0)
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, lock)
    except OSError as cause:
        raise PermissionError(13, "Permission denied") from cause


def _popen(argv, *, creationflags=0, env, **more: Any) -> "subprocess.Popen[bytes]":
    """Start a program; if that is ssohelper, it is on the other system too."""
    if argv[:3] == [sys.executable, "-m", "ssohelper"]:
        argv, env = [*ELSEWHERE, "win32", *argv[3:]], {**env, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(argv, env=env, **more)


def _while_not_open(change: Callable[..., None]) -> Callable[..., None]:
    """Let `change` rename or remove a file only while no process has the file open.

    Python opens files on Windows without FILE_SHARE_DELETE:
    https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-createfilew
    """

    def change_if_not_open(*paths: Any, **more: Any) -> None:
        for path in paths:
            with contextlib.suppress(FileNotFoundError):
                found = os.stat(path, dir_fd=more.get("dir_fd"), follow_symlinks=False)
                if stat.S_ISREG(found.st_mode) and _is_open_in_any_process(found):
                    raise PermissionError(13, "The process cannot access the file", path)
        change(*paths, **more)

    return change_if_not_open


def _is_open_in_any_process(found: os.stat_result) -> bool:
    for descriptor in glob.iglob("/proc/[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.path.samestat(os.stat(descriptor), found):
                return True
    return False


def _sysconfig_path(name: str, *scheme: str) -> str:
    return os.environ.get(SCRIPTS) or sysconfig.get_path(name, *scheme)


def _own_names_of(platform: str) -> dict[str, dict[str, Any]]:
    """Return what only that system has, as far as we use it, in terms of this one."""
    if platform == "darwin":
        return {"sys": {"platform": "darwin"}, "socket": {"LOCAL_PEERCRED": 1}}
    flags = {"DETACHED_PROCESS": 8, "CREATE_NEW_PROCESS_GROUP": 512}
    no_flags = dict.fromkeys(("O_NONBLOCK", "O_CLOEXEC", "O_NOFOLLOW"), 0)
    files = {"O_BINARY": _O_BINARY, "open": _open, "read": _read, "write": _write}
    return {
        "sys": {"platform": "win32"},
        "os": {"name": "nt", **files, **no_flags},
        "subprocess": {"Popen": _popen, **flags},
        "sysconfig": {"get_path": _sysconfig_path},
        "msvcrt": {"locking": _locking, "LK_UNLCK": 0, "LK_NBLCK": 2},
    }


def _import_module(name: str) -> ModuleType | None:
    with contextlib.suppress(ImportError):
        return importlib.import_module(name)
    return None


def move_to_platform(platform: str) -> None:
    """From now on our modules, none of which has been imported, see that system."""
    own = _own_names_of(platform)
    seen = {name: Seen(_import_module(name), own[name]) for name in own}
    absent = _NOT_ON_WINDOWS if platform == "win32" else ()
    ordinary = builtins.__import__

    def import_as_there(name: str, globals: Any = None, *more: Any, **named: Any) -> Any:
        importer = str((globals or {}).get("__name__"))
        if importer.partition(".")[0] != "ssohelper":
            return ordinary(name, globals, *more, **named)
        if name in absent:
            raise ModuleNotFoundError(f"no module named {name!r} on {platform}", name=name)
        return seen[name] if name in seen else ordinary(name, globals, *more, **named)

    builtins.__import__ = import_as_there
    if platform == "win32":
        for name in ("rename", "replace", "remove", "unlink"):  # pathlib and shutil call them too
            setattr(os, name, _while_not_open(getattr(os, name)))
    # platformdirs has chosen by this system, and Windows itself cannot be asked.
    local = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~/AppData/Local")
    platformdirs.windows.get_win_folder = lambda _name: local
    classes = {"win32": platformdirs.windows.Windows, "darwin": platformdirs.macos.MacOS}
    platformdirs.PlatformDirs = classes[platform]  # type: ignore[misc]


def _modules_that_are_absent() -> list[str]:
    found = []
    for path in sorted(_PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(_PACKAGE.parent).with_suffix("").parts)
        name = name.removesuffix(".__init__")
        try:
            importlib.import_module(name)
        except ImportError as cause:
            found.append(f"{name}: {cause}")
    return found


if __name__ == "__main__":
    move_to_platform(sys.argv.pop(1))
    if sys.argv[1:] == ["modules"]:
        print(*_modules_that_are_absent(), sep="\n")
    else:
        sys.argv[0] = "ssohelper"
        sys.exit(importlib.import_module("ssohelper.__main__").main())
