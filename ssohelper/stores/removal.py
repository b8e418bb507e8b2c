"""Removing files and folders of ours, following no link."""

import contextlib
import os
from pathlib import Path

from ssohelper.errors import LocalState
from ssohelper.stores.trust import (
    is_in_another_users_home,
    reason,
    refuse_another_users_home,
)


def remove(path: Path | str) -> bool:
    """Remove the file (of a link, the link itself); False when there was none."""
    if is_in_another_users_home(path) and os.path.lexists(path):
        refuse_another_users_home(path)
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as cause:
        raise LocalState(f'"{os.fspath(path)}" cannot be removed: {reason(cause)}') from cause
    return True


def remove_tree(path: Path | str) -> int:
    """Remove the folder and all in it, following no link; returns how many files went."""
    removed = 0
    try:
        with os.scandir(path) as found:
            entries = list(found)
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except OSError as cause:
        raise LocalState(f'"{os.fspath(path)}" cannot be read: {reason(cause)}') from cause
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            removed += remove_tree(entry.path)
        else:
            removed += remove(entry.path)
    with contextlib.suppress(OSError):  # somebody put something new in: the next one takes it
        os.rmdir(path)
    return removed


def list_names(path: Path | str) -> list[str]:
    """Return the sorted names in a folder, without hidden ones; none when it is not there."""
    try:
        return sorted(name for name in os.listdir(path) if name[0] != ".")
    except OSError:
        return []
