"""Start a detached process of ours: it outlives its caller and gets none of its signals.

Light: a caller without credentials loads this before anything heavy, so no subprocess (6 ms).
"""

import os
import signal
import sys

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


def start_detached(argv: "list[str]", environ: "Mapping[str, str]", descriptor: int) -> None:
    """Run `ssohelper ARGV…` with `descriptor` as its number 3 and no other stream of ours.

    Raises: OSError where it cannot be started.
    """
    if sys.platform == "win32":
        raise OSError("no process can be handed a descriptor here")
    import fcntl

    # -P: the caller's folder may hold a `ssohelper.py` of somebody else's.
    command = [_SHELL, "-c", _IN_BACKGROUND, _SHELL, sys.executable, "-P", "-m", "ssohelper"]
    # A number above 3, so that handing it over always makes a copy that stays open.
    source = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, HANDED_OVER + 1)
    try:
        pid = os.posix_spawn(
            _SHELL,
            [*command, *argv],
            dict(environ),
            file_actions=[
                *((os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)),
                (os.POSIX_SPAWN_DUP2, source, HANDED_OVER),
            ],
            setsid=True,
            setsigmask=(),
            setsigdef=(signal.SIGPIPE, signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD),
        )
    finally:
        os.close(source)
    os.waitpid(pid, 0)
