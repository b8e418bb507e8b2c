"""Finds a program on PATH, never in the current folder, which another user may have filled."""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping

from ssohelper.system.signals import leave_signals_to_child


def find_program(name: str, environ: Mapping[str, str]) -> str | None:
    """Return the program's absolute path, or None. A relative path is refused."""
    if os.path.isabs(name):
        return name if is_executable_file(name) else None
    if os.path.dirname(name):
        return None
    if sys.platform == "win32" and not name.lower().endswith(".exe"):
        name += ".exe"
    try:
        current_folder = os.path.realpath(os.getcwd())
    except OSError:
        current_folder = None  # the current folder was removed, so it holds no program
    for folder in environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(folder, name)
        is_elsewhere = os.path.isabs(folder) and os.path.realpath(folder) != current_folder
        if is_elsewhere and is_executable_file(path):
            return path
    return None


def show_in_pager(text: str, environ: Mapping[str, str]) -> bool:
    """Show the text in the user's pager until the user quits; return False without a pager."""
    try:
        words = shlex.split(environ.get("PAGER", "less -R"))
    except ValueError:
        words = []  # $PAGER has a quote that is not closed
    path = find_program(words[0], environ) if words else None
    if path is None:
        return False
    with leave_signals_to_child():
        try:
            # The pager writes to stderr, as questions do; our stdout may be a file or a pipe.
            child = subprocess.Popen(
                [path, *words[1:]], stdin=subprocess.PIPE, stdout=2, env=dict(environ)
            )
        except OSError:
            return False
        child.communicate(text.encode("utf-8", "backslashreplace"))
    return True


def is_executable_file(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)
