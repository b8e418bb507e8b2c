"""Run a program in our place: it keeps our process id, terminal, streams and signals."""

import errno
import os
import signal
import stat
from collections.abc import Mapping, Sequence

from ssohelper.core.text import show
from ssohelper.errors import NotExecutable, ProgramNotFound, SsoHelperError

SHELL = "/bin/sh"
# What a shell searches when there is no PATH.
_DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
# Python ignores these from its start on; a program expects them as they usually are.
IGNORED_BY_PYTHON = ("SIGPIPE", "SIGXFSZ")


def replace_process(argv: Sequence[str], environ: Mapping[str, str]) -> None:
    """Become the program; returns never. Exit code, signals and terminal are then its own.

    Raises: ProgramNotFound (127), NotExecutable (126).
    """
    path = found_program(argv[0], environ)
    for name in IGNORED_BY_PYTHON:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execve(path, list(argv), dict(environ))  # noqa: S606
    except OSError as cause:
        if cause.errno == errno.ENOEXEC:  # a script without #!: a shell reads it, as in every shell
            os.execve(SHELL, [SHELL, path, *argv[1:]], dict(environ))  # noqa: S606
        raise cannot_run(path, cause) from cause


def cannot_run(path: str, cause: OSError) -> SsoHelperError:
    """Return the error for a program that is there and was not started."""
    if cause.errno == errno.ENOENT:
        return ProgramNotFound(
            f'"{show(path, 120)}" names an interpreter that is not there',
            hint="look at its first line",
        )
    return NotExecutable(f'"{show(path, 120)}" cannot be run: {(cause.strerror or "").lower()}')


def found_program(name: str, environ: Mapping[str, str]) -> str:
    """Return the program's path. A name without a slash is looked for in PATH's absolute folders.

    Never in the folder we are in: an empty or relative element of PATH would lead there.
    Raises: ProgramNotFound, NotExecutable.
    """
    if "/" in name:
        candidates = [name]
    else:
        folders = environ.get("PATH", _DEFAULT_PATH).split(":")
        candidates = [os.path.join(folder, name) for folder in folders if os.path.isabs(folder)]
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
    if refused and ("/" in name or not os.path.isdir(refused)):
        raise NotExecutable(f'"{show(refused, 120)}" is not executable')
    raise ProgramNotFound(
        f'no command "{show(name, 120)}"', hint="is it installed, and in your PATH?"
    )
