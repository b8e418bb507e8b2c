"""Runs ssohelper as on another system: its modules alone see one there, Python and the rest do not.

`python tests/other_system.py win32|darwin ARGUMENTS…` is `ssohelper ARGUMENTS…`; with `modules`
for ARGUMENTS it imports each module of ours and prints those that there are not there. What a
system has is typeshed's word, the same that mypy goes by: names that are under
`if sys.platform …` for another system are hidden, modules that are empty there cannot be
imported. This shows that the code paths hold together, not what that system would say to them.
"""

import ast
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
from types import ModuleType, SimpleNamespace
from typing import Any

import mypy
import platformdirs.macos
import platformdirs.windows

_STUBS = Path(mypy.__file__).parent / "typeshed" / "stdlib"
ROOT = Path(__file__).resolve().parent.parent
_PACKAGE = ROOT / "ssohelper"
# The command; the system and ssohelper's arguments go behind it, and ROOT into PYTHONPATH.
ELSEWHERE = [sys.executable, "-P", str(Path(__file__).resolve())]
_LOOKED_AT = (
    "asyncio", "errno", "fcntl", "grp", "mmap", "msvcrt", "os", "posix", "pty", "pwd", "resource",
    "select", "selectors", "shutil", "signal", "socket", "stat", "subprocess", "sys", "sysconfig",
    "syslog", "termios", "time", "tty", "winreg",
)  # fmt: skip
# Where a test puts what pip would call the scripts folder.
SCRIPTS = "OTHER_SYSTEM_SCRIPTS"


def absent_names(name: str, platform: str) -> set[str]:
    """Return what the module has on other systems only."""
    stub = _STUBS / name / "__init__.pyi"
    if not stub.exists():
        stub = _STUBS / f"{name}.pyi"
    there: set[str] = set()
    elsewhere: set[str] = set()
    known = {
        "sys": SimpleNamespace(platform=platform, version_info=sys.version_info),
        "TYPE_CHECKING": True,
    }

    def look(body: list[ast.stmt], names: set[str]) -> None:
        for each in body:
            if isinstance(each, ast.If):
                holds = eval(compile(ast.Expression(each.test), name, "eval"), dict(known))
                look(each.body, names if holds else elsewhere)
                look(each.orelse, elsewhere if holds else names)
            elif isinstance(each, ast.FunctionDef | ast.ClassDef):
                names.add(each.name)
            elif isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
                names.add(each.target.id)
            elif isinstance(each, ast.Assign):
                names.update(target.id for target in each.targets if isinstance(target, ast.Name))
            elif isinstance(each, ast.Import | ast.ImportFrom):
                names.update(alias.asname or alias.name for alias in each.names)

    look(ast.parse(stub.read_text()).body, there)
    return elsewhere - there


class Seen:
    """A module of the standard library, with the names that it has on the other system."""

    def __init__(self, real: ModuleType | None, hidden: set[str], own: dict[str, Any]) -> None:
        vars(self).update(_real=real, _hidden=hidden, _own=own)

    def __getattr__(self, name: str) -> Any:
        if name in self._own:
            return self._own[name]
        if name in self._hidden:
            raise AttributeError(f"{name} is not there on this system")
        return getattr(self._real, name)

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
        fcntl.fcntl(
            descriptor,
            fcntl.F_OFD_SETLK,
            struct.pack("hhqqi4x", kind, os.SEEK_SET, start, count, 0),
        )
    except OSError as cause:
        raise PermissionError(13, "Permission denied") from cause


def _popen(
    argv: list[str], *, creationflags: int = 0, env: dict[str, str], **more: Any
) -> "subprocess.Popen[bytes]":
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
    return {
        "sys": {"platform": "win32"},
        "os": {"name": "nt", "O_BINARY": _O_BINARY, "open": _open, "read": _read, "write": _write},
        "subprocess": {"Popen": _popen, **flags},
        "sysconfig": {"get_path": _sysconfig_path},
        "msvcrt": {"locking": _locking, "LK_UNLCK": 0, "LK_NBLCK": 2},
    }


def move_to_platform(platform: str) -> None:
    """From now on our modules, none of which has been imported, see that system."""
    own = _own_names_of(platform)
    seen: dict[str, Seen | None] = {}
    for name in _LOOKED_AT:
        hidden = absent_names(name, platform)
        try:
            real = importlib.import_module(name)
        except ImportError:
            real = None
        if real is not None or name in own:
            public = {each for each in vars(real or SimpleNamespace()) if each[0] != "_"}
            is_there = name in own or bool(public - hidden - {"sys", "annotations"})
            seen[name] = Seen(real, hidden, own.get(name, {})) if is_there else None
    ordinary = builtins.__import__

    def import_as_there(name: str, globals: Any = None, *more: Any, **named: Any) -> Any:
        importer = str((globals or {}).get("__name__"))
        if importer.partition(".")[0] != "ssohelper" or name not in seen:
            return ordinary(name, globals, *more, **named)
        if seen[name] is None:
            raise ModuleNotFoundError(f"no module named {name!r} on {platform}", name=name)
        return seen[name]

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
