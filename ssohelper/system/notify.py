"""Shows a notice outside the terminal, with the user's `notify` command or on the desktop.

A detached process of ours runs the command, and kills it after 20 s: the caller need not wait.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping

from ssohelper.core.clock_text import DESKTOP, Notice
from ssohelper.core.instants import to_iso
from ssohelper.fastpath import NOTICE_PROCESS, spawn
from ssohelper.system.programs import find_program

_TITLE = "ssohelper"
_LIFE_SECONDS = 20.0
# Without one of these variables, notify-send finds no desktop.
_DESKTOP_VARIABLES = ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY")
# The message is an argument, never part of the script. Not tested on macOS.
_APPLE_SCRIPT = (
    "on run argv",
    f'display notification (item 1 of argv) with title "{_TITLE}"',
    "end run",
)


def start_notify_command(
    notice: Notice, command: tuple[str, ...] | str, environ: Mapping[str, str]
) -> str | None:
    """Start the user's `notify` command with the notice's message; return a warning if it fails."""
    words = _command_for_desktop_notification(environ) if command == DESKTOP else list(command)
    if words is None:
        return 'there is no desktop to show a notice on (setting "notify")'
    program = find_program(words[0], environ)
    if program is None:
        return f'"{words[0]}" could not be started to show a notice (setting "notify")'
    try:
        argv = [NOTICE_PROCESS, program, *words[1:], notice.message]
        of_notice = {
            "SSOHELPER_NOTICE_SESSION": notice.session_name,
            "SSOHELPER_NOTICE_AT": "" if notice.end is None else to_iso(notice.end),
            "SSOHELPER_NOTICE_COMMAND": notice.command,
        }
        spawn.start_detached(argv, {**environ, **of_notice})
    except (OSError, ValueError):
        return f'"{words[0]}" could not be started to show a notice (setting "notify")'
    return None


def _command_for_desktop_notification(environ: Mapping[str, str]) -> list[str] | None:
    if sys.platform == "darwin":
        return ["osascript", *(word for line in _APPLE_SCRIPT for word in ("-e", line))]
    if sys.platform == "win32" or not any(environ.get(name) for name in _DESKTOP_VARIABLES):
        return None
    return ["notify-send", "--app-name", _TITLE, "--", _TITLE]


def run_notice_process(argv: list[str]) -> int:
    """Run `notice-process PROGRAM ARGUMENTS`, in the process that `start_notify_command` started."""
    if not argv:
        return 2
    if sys.platform != "win32":
        # A background shell that started us has these signals ignored, so restore their default.
        for number in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)
    null = subprocess.DEVNULL
    with contextlib.suppress(OSError, ValueError):
        child = subprocess.Popen(argv, stdin=null, stdout=null, stderr=null, start_new_session=True)
        try:
            child.wait(_LIFE_SECONDS)
        except subprocess.TimeoutExpired:
            if sys.platform == "win32":
                child.kill()
            else:
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    return 0
