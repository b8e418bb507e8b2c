"""Replaces this process with a program that the user named; on Windows, runs it as a child."""

import errno
import os
import signal
import sys
from collections.abc import Mapping, Sequence

from ssohelper.core.text import show
from ssohelper.errors import NotExecutable, ProgramNotFound, SsoHelperError
from ssohelper.fastpath import own_process
from ssohelper.system import programs
from ssohelper.system.signals import leave_signals_to_child

SHELL = "/bin/sh"
_DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
# Python ignores these signals; before a program starts, they get their default action again.
IGNORED_BY_PYTHON = ("SIGPIPE", "SIGXFSZ")


def find_own_shell(environ: Mapping[str, str]) -> str:
    if own := environ.get("SHELL"):
        return own
    if sys.platform == "win32":
        return environ.get("COMSPEC", "cmd.exe")
    return programs.find_program("bash", environ) or SHELL


def replace_process(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Replace this process with the program and do not return; on Windows, return its exit code.

    Raises: ProgramNotFound (127), NotExecutable (126).
    """
    path = find_program(argv[0], environ)
    if sys.platform == "win32":
        return _run_and_wait(path, argv, environ)
    for name in IGNORED_BY_PYTHON:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    own_process.restore_core_limit()
    try:
        os.execve(path, list(argv), dict(environ))  # noqa: S606
    except OSError as cause:
        if cause.errno == errno.ENOEXEC:  # a script without #!: /bin/sh runs it, as shells do
            os.execve(SHELL, [SHELL, path, *argv[1:]], dict(environ))  # noqa: S606
        raise program_start_error(path, cause) from cause


def program_start_error(path: str, cause: OSError) -> SsoHelperError:
    if cause.errno == errno.ENOENT:
        return ProgramNotFound(
            f'"{show(path, 120)}" names an interpreter that does not exist',
            hint="check the first line of the program",
        )
    return NotExecutable(f'"{show(path, 120)}" cannot be run: {(cause.strerror or "").lower()}')


def find_program(name: str, environ: Mapping[str, str]) -> str:
    """Return the program's path. Raises: ProgramNotFound, NotExecutable.

    Empty and relative folders in PATH are skipped, so that no file in the current folder is run.
    """
    names, has_folder = _possible_file_names(name, environ), bool(os.path.dirname(name))
    folders = environ.get("PATH", _DEFAULT_PATH).split(os.pathsep)
    folders = [""] if has_folder else [one for one in folders if os.path.isabs(one)]
    paths = [os.path.join(folder, each) for folder in folders for each in names if name]
    for path in paths:
        if programs.is_executable_file(path):
            return path
    for path in paths:
        if os.path.exists(path) and (has_folder or not os.path.isdir(path)):
            raise NotExecutable(f'"{show(path, 120)}" is not executable')
    raise ProgramNotFound(
        f'no command "{show(name, 120)}"', hint="is it installed, and in your PATH?"
    )


def _possible_file_names(name: str, environ: Mapping[str, str]) -> list[str]:
    if sys.platform != "win32":
        return [name]
    extensions = environ.get("PATHEXT", ".COM;.EXE;.BAT;.CMD").lower().split(";")
    if os.path.splitext(name)[1].lower() in extensions:
        return [name]
    return [name + extension for extension in extensions if extension]


if sys.platform == "win32":
    import subprocess

    def _run_and_wait(path: str, argv: Sequence[str], environ: Mapping[str, str]) -> int:
        try:
            with leave_signals_to_child():
                code = subprocess.run([path, *argv[1:]], env=dict(environ), check=False).returncode
        except OSError as cause:
            raise program_start_error(path, cause) from cause
        # Signed: sys.exit would turn codes above 2**31, such as 0xC000013A (Ctrl-C), into -1.
        return (code & 0xFFFFFFFF ^ 0x80000000) - 0x80000000
