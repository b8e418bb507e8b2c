"""A notice beyond the terminal: the user's own command, or the desktop's, detached and bounded.

A process of its own runs the command and ends it after a while (`notice_process`), so that whoever
starts one waits for nothing and may end at once.
"""

import os
import sys
from collections.abc import Mapping

from ssohelper.core.instants import to_iso
from ssohelper.core.sign_in_notices import DESKTOP, Notice
from ssohelper.fastpath import NOTICE_PROCESS, spawn

_TITLE = "ssohelper"
# Without one of these notify-send finds no desktop to show anything on.
_DESKTOP_MARKS = ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY")
# The text is an argument, never part of the script. Not tried on a Mac.
_APPLE_SCRIPT = (
    "on run argv",
    f'display notification (item 1 of argv) with title "{_TITLE}"',
    "end run",
)


def start(notice: Notice, command: tuple[str, ...] | str, environ: Mapping[str, str]) -> str | None:
    """Start the command with the message as its last argument; return what went wrong, if anything.

    `command` is a program with its arguments, or DESKTOP.
    """
    words = _desktop_command(environ) if command == DESKTOP else list(command)
    if words is None:
        return "there is no desktop to show a notice on (notify in the settings)"
    program = _program(words[0], environ)
    if program is None:
        return f'"{words[0]}" could not be started (notify in the settings)'
    try:
        argv = [NOTICE_PROCESS, program, *words[1:], notice.message]
        spawn.start_detached(argv, {**environ, **_variables(notice)})
    except (OSError, ValueError):
        return f'"{words[0]}" could not be started (notify in the settings)'
    return None


def _variables(notice: Notice) -> dict[str, str]:
    return {
        "SSOHELPER_NOTICE_SESSION": notice.session_name,
        "SSOHELPER_NOTICE_AT": "" if notice.end is None else to_iso(notice.end),
        "SSOHELPER_NOTICE_COMMAND": notice.command,
    }


def _desktop_command(environ: Mapping[str, str]) -> list[str] | None:
    if sys.platform == "darwin":
        return ["osascript", *(word for line in _APPLE_SCRIPT for word in ("-e", line))]
    if sys.platform == "win32" or not any(environ.get(mark) for mark in _DESKTOP_MARKS):
        return None
    return ["notify-send", "--app-name", _TITLE, "--", _TITLE]


def _program(name: str, environ: Mapping[str, str]) -> str | None:
    """Return the program's path; never one in the folder that we happen to be in."""
    if os.path.isabs(name):
        return name if _is_program(name) else None
    if os.path.dirname(name):
        return None
    for folder in environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(folder, name)
        if os.path.isabs(folder) and _is_program(path):
            return path
    return None


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)
