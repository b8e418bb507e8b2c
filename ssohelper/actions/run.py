"""Run a program in our place: it keeps our process id, terminal, streams and signals.

On Windows no process can become another: there we wait for it and end with its exit code.
"""

import errno
import os
import signal
import stat
import sys
from collections.abc import Mapping, Sequence

from ssohelper.core.text import show
from ssohelper.errors import NotExecutable, ProgramNotFound, SsoHelperError
from ssohelper.fastpath import own_process

SHELL = "/bin/sh"
# What a shell searches when there is no PATH.
_DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
# Python ignores these from its start on; a program expects them as they usually are.
IGNORED_BY_PYTHON = ("SIGPIPE", "SIGXFSZ")


def replace_process(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Become the program: exit code, signals and terminal are then its own, and nothing returns.

    On Windows return its exit code.

    Raises: ProgramNotFound (127), NotExecutable (126).
    """
    path = find_program(argv[0], environ)
    if sys.platform == "win32":
        return _waited_for(path, argv, environ)
    for name in IGNORED_BY_PYTHON:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    own_process.restore_core_limit()
    try:
        os.execve(path, list(argv), dict(environ))  # noqa: S606
    except OSError as cause:
        if cause.errno == errno.ENOEXEC:  # a script without #!: a shell reads it, as in every shell
            os.execve(SHELL, [SHELL, path, *argv[1:]], dict(environ))  # noqa: S606
        raise start_error(path, cause) from cause


def start_error(path: str, cause: OSError) -> SsoHelperError:
    """Return the error for a program that is there and was not started."""
    if cause.errno == errno.ENOENT:
        return ProgramNotFound(
            f'"{show(path, 120)}" names an interpreter that is not there',
            hint="look at its first line",
        )
    return NotExecutable(f'"{show(path, 120)}" cannot be run: {(cause.strerror or "").lower()}')


def find_program(name: str, environ: Mapping[str, str]) -> str:
    """Return the program's path. A name without a slash is looked for in PATH's absolute folders.

    Never in the folder we are in: an empty or relative element of PATH would lead there.
    Raises: ProgramNotFound, NotExecutable.
    """
    names = _file_names(name, environ)
    has_folder = bool(os.path.dirname(name))
    if has_folder:
        candidates = names
    else:
        folders = environ.get("PATH", _DEFAULT_PATH).split(os.pathsep)
        folders = [folder for folder in folders if os.path.isabs(folder)]
        candidates = [os.path.join(folder, each) for folder in folders for each in names]
    refused = None
    for candidate in candidates if name else []:
        try:
            mode = os.stat(candidate).st_mode
        except PermissionError:
            refused = refused or candidate
            continue
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(mode) and os.access(candidate, os.X_OK):
            return candidate
        refused = refused or candidate
    if refused and (has_folder or not os.path.isdir(refused)):
        raise NotExecutable(f'"{show(refused, 120)}" is not executable')
    raise ProgramNotFound(
        f'no command "{show(name, 120)}"', hint="is it installed, and in your PATH?"
    )


def _file_names(name: str, environ: Mapping[str, str]) -> list[str]:
    """Return what the program's file may be called: on Windows the ending is left out as a rule."""
    if sys.platform != "win32":
        return [name]
    endings = environ.get("PATHEXT", ".COM;.EXE;.BAT;.CMD").lower().split(";")
    if os.path.splitext(name)[1].lower() in endings:
        return [name]
    return [name + ending for ending in endings if ending]


if sys.platform == "win32":
    import subprocess

    def _waited_for(path: str, argv: Sequence[str], environ: Mapping[str, str]) -> int:
        # A handler, since what is ignored may stay so in the program: Ctrl-C is for it alone.
        kept = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            code = subprocess.run([path, *argv[1:]], env=dict(environ), check=False).returncode
        except OSError as cause:
            raise start_error(path, cause) from cause
        finally:
            signal.signal(signal.SIGINT, kept or signal.SIG_DFL)
        # 0xC000013A (Ctrl-C) and its like: Python ends with -1 for what no signed 32 bits hold.
        return (code & 0xFFFFFFFF ^ 0x80000000) - 0x80000000
