"""Start a detached process of ours: it outlives its caller and gets none of its signals.

Light: a caller without credentials loads this before anything heavy, so no subprocess (6 ms).
"""

import contextlib
import os
import signal
import sys

from ssohelper.fastpath import core_dumps
from ssohelper.fastpath.python_environment import sanitised

# Not typing's: importing typing would cost the path of an SDK's call 4 ms.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# What the descriptor that is handed over is called in the process.
HANDED_OVER = 3
# The shell ends at once, so the process is no child of ours: a program that `exec` becomes, or an
# endpoint that runs for days, has nothing to wait for. `&` makes it ignore SIGINT and SIGQUIT too.
_IN_BACKGROUND = 'cd / && "$@" &'
_SHELL = "/bin/sh"
# Keys that `exec` gave to our caller: a process that outlives it has no use for them.
_KEYS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


def without_keys(environ: "Mapping[str, str]") -> "dict[str, str]":
    """Return the environment without role credentials and without what makes Python load code."""
    return {name: value for name, value in sanitised(environ).items() if name not in _KEYS}


def start_detached(
    argv: "list[str]", environ: "Mapping[str, str]", descriptor: "int | None" = None
) -> None:
    """Run `ssohelper ARGV…` with `descriptor` as its number 3 and no other stream of ours.

    Its environment lacks role credentials and the variables that make Python load other code.
    Raises: OSError when it cannot be started.
    """
    environ = without_keys(environ)
    if sys.platform == "win32":
        _start_on_windows(argv, environ)
        return
    command = [_SHELL, "-c", _IN_BACKGROUND, _SHELL, sys.executable, "-m", "ssohelper"]
    streams: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
        (os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)
    ]
    source = None
    if descriptor is not None:
        import fcntl

        # A number above 3, so that handing it over always makes a copy that stays open.
        source = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, HANDED_OVER + 1)
        streams.append((os.POSIX_SPAWN_DUP2, source, HANDED_OVER))
    try:
        # Ours lower the limit by themselves; a notice runs a program of the user's.
        with core_dumps.switched_on():
            pid = os.posix_spawn(
                _SHELL,
                [*command, *argv],
                environ,
                file_actions=streams,
                setsid=True,
                setsigmask=(),
                setsigdef=(signal.SIGPIPE, signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD),
            )
    finally:
        if source is not None:
            os.close(source)
    with contextlib.suppress(ChildProcessError):  # our caller ignores SIGCHLD: the shell is gone
        os.waitpid(pid, 0)


def _start_on_windows(argv: "list[str]", environ: "dict[str, str]") -> None:
    import subprocess

    if sys.platform == "win32":
        child = subprocess.Popen(
            [sys.executable, "-m", "ssohelper", *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            creationflags=subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP,
            env=environ,
            cwd=os.sep,
        )
        child.returncode = 0  # it goes on when we end: no warning of a child that still runs
