"""~/.aws/config on the disk: read, written whole or not at all, and put back by undo.

A write: lock, re-read, temporary file beside the target, parse it back, fsync, rename. A config
that is a link stays one, its mode is kept. AWS's own tools take no lock, so the file is looked
at once more before the rename.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ssohelper.core.choices import Choices
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
        self,
        changes_for: Callable[[ConfigFile], Sequence[Change]],
        deadline: Deadline,
        choices: Mapping[str, Choices] | None = None,
    ) -> None:
        """Make the changes that `changes_for` returns for the config as it is under the lock.

        No changes write nothing. `choices` are those of before the command, which undo restores.
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
                version = self._versions.begin(_content(found), after, choices or {})
                try:
                    self._file.put(after, found)
                except Changed:
                    self._versions.cancel(version)
                    continue
                except BaseException:
                    self._versions.cancel(version)
                    raise
                self._versions.complete(version)
                return
        raise LocalState(
            f'"{self.path}" is being changed by somebody else', hint="try again in a moment"
        )

    # -- undo ------------------------------------------------------------------------------

    def load_last_version(self, *, is_undone: bool = False) -> Version | None:
        """Return what the last writing command found and left; with `is_undone` the last undo.

        None when nothing is kept. Raises: LocalState when what is kept is missing or damaged.
        """
        return self._versions.last(_content(self._file.read()), is_undone=is_undone)

    def undo(
        self,
        version: Version,
        changes_for: Callable[[ConfigFile], Sequence[Change]],
        deadline: Deadline,
        choices: Mapping[str, Choices] | None = None,
    ) -> None:
        """Put back what was before: to the byte, or by changes when it was edited since.

        What that replaces is kept for a redo, with the `choices` of before; and the reverse.
        """
        self._refuse_copy()
        with files.lock(self._lock, deadline):
            for _ in range(_TRIES):
                found = self._file.read()
                after = self._reversed(version, found, changes_for)
                kept = self._versions.begin(
                    _content(found), after, choices or {}, is_undone=not version.is_undone
                )
                try:
                    self._replace(found, after)
                except Changed:
                    self._versions.cancel(kept)
                    continue
                except BaseException:
                    self._versions.cancel(kept)
                    raise
                self._versions.complete(kept, version)
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

    def _reversed(
        self,
        version: Version,
        found: Found,
        changes_for: Callable[[ConfigFile], Sequence[Change]],
    ) -> bytes | None:
        """Return the config with the write reversed; None for no file."""
        if _content(found) == version.after:
            return version.before
        config = ConfigFile.parse(found.data, str(self.path))
        return config.with_changes(changes_for(config))

    def _replace(self, found: Found, after: bytes | None) -> None:
        if after == _content(found):
            return
        if after is None:
            self._file.remove()
        else:
            self._file.put(after, found)


def _content(found: Found) -> bytes | None:
    """Return what was read; None for no file."""
    return None if found.mark is None else found.data
