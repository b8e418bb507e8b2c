"""Stores the files (config, account names, output) of the commands that `exec` runs.

`exec` becomes the command, so no process of ours can remove the files at its end.
"""

import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from ssohelper.fastpath import open_file
from ssohelper.stores import files
from ssohelper.stores.disk_errors import file_error

# Read-only, since `aws configure` would write to the copy; but Windows cannot replace or remove a
# read-only file.
_MODE = 0o600 if sys.platform == "win32" else 0o400
_KEPT_SECONDS = 30 * 24 * 3600


class ChildFiles:
    def __init__(self, runtime: Path) -> None:
        self._base = runtime / "allowed"

    def save(self, contents: Mapping[str, bytes]) -> Path:
        """Write these files; return their folder, named by a hash of their content.

        Removes the folders that no `exec` has used for 30 days.
        """
        digest = sha256(repr(sorted(contents.items())).encode()).hexdigest()[:24]
        folder = files.ensure_private_folder(self._base / digest)
        for name, content in contents.items():
            files.write_atomically(folder / name, content, mode=_MODE, durable=False)
        for old in self._base.iterdir():
            with suppress(FileNotFoundError):
                if time.time() - old.lstat().st_mtime > _KEPT_SECONDS:
                    files.remove_tree(old)
        return folder

    def create_output_file(self, folder: Path, name: str) -> int:
        """Return the descriptor of a new file with mode 0600, which replaces an earlier one.

        A new folder gets mode 0700. Raises: LocalState, also if others may write in the folder.
        """
        files.ensure_folder(folder)
        files.refuse_open_folder(folder)
        files.remove_file(folder / name)
        try:
            return os.open(
                folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | open_file.FLAGS, 0o600
            )
        except OSError as cause:
            raise file_error(str(folder / name), cause, "written") from cause

    def load_account_names(self, path: str) -> dict[str, str]:
        return files.read_json(Path(path)) or {}
