"""~/.aws/config on the disk: read, written whole or not at all, and put back by undo.

A write: lock, re-read, temporary file beside the target, parse it back, fsync, rename. A config
that is a link stays one, its mode is kept. AWS's own tools take no lock, so the file is looked
at once more before the rename.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from ssohelper.core.config_edit import Change
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.config_text import ConfigText
from ssohelper.core.deadline import Deadline
from ssohelper.errors import LocalState
from ssohelper.stores import files
from ssohelper.stores.config_versions import ConfigVersions, Version
from ssohelper.stores.person_file import Changed, Found, PersonFile

_TRIES = 3


class ConfigStore:
    """The config file, the names in the credentials file, and the versions kept for undo."""

    def __init__(
        self,
        config_file: Path,
        credentials_file: Path,
        *,
        state: Path,
        runtime: Path,
        is_copy: bool = False,
    ) -> None:
        """`is_copy`: the config is an endpoint's, which its command alone sees."""
        self.path = config_file
        self.is_copy = is_copy
        self._file = PersonFile(config_file)
        self._credentials_path = credentials_file
        self._lock = runtime / "locks" / "config.lock"
        self._versions = ConfigVersions(state / "config-versions", config_file)
        self._parsed: tuple[Found, ConfigFile] | None = None

    def read(self) -> ConfigFile:
        """Return the config as it is now; a missing file is an empty one.

        Raises: ConfigInvalid with the line, LocalState when it cannot be read.
        """
        found = self._file.read()
        # Read once, parsed once: a command asks for the config in several places.
        if self._parsed is None or self._parsed[0] != found:
            self._parsed = (found, ConfigFile.parse(found.data, str(self.path)))
        return self._parsed[1]

    def read_credentials_names(self) -> set[str]:
        """Return the names of the credentials file's sections: they win over profiles."""
        data = PersonFile(self._credentials_path).read().data
        return set(ConfigText(data, str(self._credentials_path)).sections)

    def write(
        self, changes_for: Callable[[ConfigFile], Sequence[Change]], deadline: Deadline
    ) -> None:
        """Make the changes that `changes_for` returns for the config as it is under the lock.

        No changes write nothing.
        Raises: ConfigInvalid, LocalState; then the file is as it was.
        """
        self._refuse_copy()
        with files.lock(self._lock, deadline):
            for _ in range(_TRIES):
                found = self._file.read()
                config = ConfigFile.parse(found.data, str(self.path))
                after = config.with_changes(changes_for(config))
                if after == found.data:
                    return
                try:
                    version = self._versions.keep(found.data if found.mark else None, after)
                    try:
                        self._file.put(after, found)
                    except BaseException:
                        self._versions.drop(version)
                        raise
                except Changed:
                    continue
                return
        raise LocalState(
            f'"{self.path}" is being changed by somebody else', hint="try again in a moment"
        )

    # -- undo ------------------------------------------------------------------------------

    def last_version(self) -> Version | None:
        """Return what the last writing command found and left; None when nothing is kept."""
        return self._versions.last()

    def undo(
        self,
        version: Version,
        changes_for: Callable[[ConfigFile], Sequence[Change]],
        deadline: Deadline,
    ) -> None:
        """Put back what was before: to the byte, or by changes when it was edited since."""
        self._refuse_copy()
        with files.lock(self._lock, deadline):
            for _ in range(_TRIES):
                found = self._file.read()
                try:
                    self._put_back(version, found, changes_for)
                except Changed:
                    continue
                self._versions.drop(version)
                return
        raise LocalState(
            f'"{self.path}" is being changed by somebody else', hint="try again in a moment"
        )

    def _refuse_copy(self) -> None:
        """Refuse to write what would be lost at the end of the command that the copy is for."""
        if self.is_copy:
            raise LocalState(
                f'"{self.path}" is a copy of your config, which ends with the command of exec --server',
                hint="to change your own: unset AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE",
            )

    def _put_back(
        self,
        version: Version,
        found: Found,
        changes_for: Callable[[ConfigFile], Sequence[Change]],
    ) -> None:
        if found.data != version.after:
            config = ConfigFile.parse(found.data, str(self.path))
            after = config.with_changes(changes_for(config))
            if after != found.data:
                self._file.put(after, found)
        elif version.before is None:
            self._file.remove()
        else:
            self._file.put(version.before, found)
