"""Writes files in `<runtime>/prompt/`, which a shell's prompt reads without starting a program.

`roles/SESSION/ACCOUNT/ROLE` has the text of core.prompt_text for that role; `grants/TERMINAL/` has
files for roles with a grant, `no-role` is for other profiles. Each file gets the modification time
of ~/.aws/config: once the config is newer, the shell asks ssohelper again.
"""

import os
from pathlib import Path

from ssohelper.core.grants import TerminalSession
from ssohelper.core.model import RoleKey
from ssohelper.stores import files
from ssohelper.stores.cache_folder import CacheFolder


class PromptState:
    """A damaged file counts as missing."""

    def __init__(self, runtime: Path) -> None:
        self._cache, self._folder = CacheFolder(runtime), runtime / "prompt"
        self._grants_folder = self._folder / "grants"

    def prompt_file(self, key: RoleKey | None, terminal: TerminalSession | None = None) -> Path:
        if key is None:
            return self._folder / "no-role"
        names = files.role_folder_names(key)
        if terminal is not None:
            return self._grants_folder / f"{terminal.leader}-{terminal.started}" / "-".join(names)
        return self._folder.joinpath("roles", *names)

    def list_roles(self, session_name: str) -> list[RoleKey]:
        folder = self._folder / "roles" / files.session_file_name(session_name)
        return files.list_role_keys(folder, session_name)

    def write(
        self,
        key: RoleKey | None,
        rows: str,
        *,
        config_mtime_ns: int = 0,
        terminal: TerminalSession | None = None,
    ) -> bool:
        """Write the role's file, with the config's modification time, unless nothing changed.

        Returns False if the file system does not store this time exactly: shells would always ask
        again.
        """
        path = self.prompt_file(key, terminal)
        present = self.read_mtime_ns(path)
        mtime_ns = max(present, config_mtime_ns)
        content = f"{rows}\n".encode()
        if present != mtime_ns or self._cache.read(path) != content:
            self._cache.write(path, content, mtime_ns=mtime_ns)
        return self.read_mtime_ns(path) >= config_mtime_ns

    def read_mtime_ns(self, path: Path) -> int:
        try:
            return os.stat(path).st_mtime_ns
        except OSError:
            return 0

    def remove_grant_files(self) -> None:
        self._cache.remove(self._grants_folder)

    def remove(self, key: RoleKey | None = None) -> None:
        """Remove the role's file, or all files, so that each shell asks ssohelper again."""
        self._cache.remove(self.prompt_file(key) if key else self._folder)
        self.remove_grant_files()
