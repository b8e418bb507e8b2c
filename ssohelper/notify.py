"""A notice beyond the terminal: the user's own command and notify-send, detached and bounded.

Nobody waits for either: one that hangs is ended after a while, one that fails is not heard of.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence

if sys.platform == "win32":
    raise ImportError("notices are of serve, which is not there on Windows")

_TITLE = "ssohelper"
_SECONDS = 20.0
# Without one of these notify-send finds no desktop to show anything on.
_DESKTOP_MARKS = ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY")


def start(message: str, command: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Start the user's command, the message as its last argument, and notify-send where it is.

    Returns what could not be started, for a warning.
    """
    failed = []
    if command and not _started([*command, message], environ):
        failed.append(command[0])
    notify_send = _notify_send(environ)
    if notify_send:
        _started([notify_send, "--app-name", _TITLE, "--", _TITLE, message], environ)
    return failed


def _started(words: Sequence[str], environ: Mapping[str, str]) -> bool:
    program = words[0] if os.path.isabs(words[0]) else _on_path(words[0], environ)
    if program is None:
        return False
    try:
        # Not subprocess: who serves has signals blocked, which the command must not inherit.
        pid = os.posix_spawn(
            program,
            [program, *words[1:]],
            dict(environ),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)
            ],
            setsid=True,
            setsigmask=(),
            setsigdef=(signal.SIGPIPE, signal.SIGINT),
        )
    except (OSError, ValueError):
        return False
    threading.Thread(target=_collected, args=(pid,), daemon=True, name="ssohelper-notify").start()
    return True


def _collected(pid: int) -> None:
    """Wait for the command; end it, and all that it started, when it takes too long."""
    ends_at = time.monotonic() + _SECONDS
    with contextlib.suppress(OSError):
        while os.waitpid(pid, os.WNOHANG)[0] == 0:
            if time.monotonic() >= ends_at:
                os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                return
            time.sleep(0.2)


def _notify_send(environ: Mapping[str, str]) -> str | None:
    if not any(environ.get(mark) for mark in _DESKTOP_MARKS):
        return None
    return _on_path("notify-send", environ)


def _on_path(name: str, environ: Mapping[str, str]) -> str | None:
    """Return the program's path; never one in the folder that we happen to be in."""
    if os.sep in name:
        return None
    for folder in environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(folder, name)
        if os.path.isabs(folder) and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None
