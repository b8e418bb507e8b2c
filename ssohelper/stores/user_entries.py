"""Reads and writes files with entries of the user: favourites, sync options.

A file that this version cannot read completely is renamed to `NAME.damaged` before it is replaced.
"""

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ssohelper.stores import files
from ssohelper.stores.disk_errors import file_error

Warn = Callable[[str], object]


def write_entries(path: Path, document: dict[str, Any], *, is_whole: bool, warn: Warn) -> None:
    """Write the file, under its lock. Without `is_whole`, the earlier file is renamed first."""
    files.ensure_private_folder(path.parent)
    if not is_whole:
        rename_unreadable_file(path, warn)
    files.write_json(path, document)


def rename_unreadable_file(path: Path, warn: Warn) -> None:
    """Rename the file to a free name beside it, and warn. Raises: LocalState."""
    if not os.path.lexists(path) or os.path.islink(path):
        return  # the write refuses a link
    names = (path.name + ".damaged" + (f"-{n}" if n > 1 else "") for n in itertools.count(1))
    aside = next(name for name in names if not os.path.lexists(path.with_name(name)))
    try:
        files.replace_file(os.fspath(path), os.fspath(path.with_name(aside)))
    except OSError as cause:
        raise file_error(os.fspath(path), cause, "written") from cause
    warn(f'this version cannot read all of "{path}": that file is kept as "{aside}"')
