"""Python's search path without what PYTHONPATH and the current folder put on it.

For commands that a person types: whatever they load after their first line comes from this
installation. What is started without a person gets there through `ssohelper-credentials`, which
acts before Python starts. Light: every command loads it.
"""

import os
import sys

# The folder that holds the package: this file is fastpath/search_path.py.
_PACKAGE_FOLDER = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def drop_foreign() -> bool:
    """Take foreign entries off sys.path; return whether there was one.

    An entry stays that this package or the standard library is in, or that is one of this Python's
    own folders for installed packages.
    """
    said = os.environ.get("PYTHONPATH")
    foreign = [_absolute(entry) for entry in said.split(os.pathsep)] if said else []
    if not sys.flags.safe_path:
        foreign.append(_absolute(""))
    dropped = set(foreign) - _own_folders()
    left = [entry for entry in sys.path if _absolute(entry) not in dropped]
    is_changed = len(left) < len(sys.path)
    sys.path[:] = left
    return is_changed


def _own_folders() -> "set[str]":
    """Return where this installation's modules may come from."""
    folders = [_PACKAGE_FOLDER, os.path.dirname(os.__file__)]
    site = sys.modules.get("site")
    if site is not None:
        folders += site.getsitepackages()
        if site.ENABLE_USER_SITE:
            folders.append(site.getusersitepackages())
    return {_absolute(folder) for folder in folders}


def _absolute(entry: str) -> str:
    try:
        return os.path.abspath(entry)
    except OSError:
        return entry  # the current folder was removed
