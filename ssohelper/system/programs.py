"""Finds a program on PATH, never in the current folder, which another user may have filled."""

import os
import sys
from collections.abc import Mapping


def find_program(name: str, environ: Mapping[str, str]) -> str | None:
    """Return the program's absolute path, or None. A relative path is refused."""
    if os.path.isabs(name):
        return name if _is_executable_file(name) else None
    if os.path.dirname(name):
        return None
    if sys.platform == "win32" and not name.lower().endswith(".exe"):
        name += ".exe"
    current_folder = _current_folder()
    for folder in environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(folder, name)
        is_elsewhere = os.path.isabs(folder) and os.path.realpath(folder) != current_folder
        if is_elsewhere and _is_executable_file(path):
            return path
    return None


def _is_executable_file(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _current_folder() -> str | None:
    try:
        return os.path.realpath(os.getcwd())
    except OSError:
        return None
