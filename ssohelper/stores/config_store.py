"""~/.aws/config on disk: reads it, replaces it in one step, and undoes earlier writes.

A write takes the lock, reads the file again, writes a temporary file beside the target, parses
that, calls fsync and renames it. A symlink stays a symlink and the mode stays. AWS's own tools
take no lock, so the file is compared once more before the rename.
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
from ssohelper.stores.user_file import Changed, Found, UserFile

_MAX_ATTEMPTS = 3
# A function that returns the changes to make in the given config.
_ChangesFor = Callable[[ConfigFile], Sequence[Change]]


class ConfigStore:
    """The config file, the names in the credentials file, and the versions saved for undo."""

    def __init__(
        self,
        config_file: Path,
        credentials_file: Path,
        *,
        state: Path,
        runtime: Path,
        is_copy: bool = False,
    ) -> None:
        """`is_copy`: the config is the copy that `exec --server` makes for its command."""
        self.path = config_file
        self.is_copy = is_copy
        self._file = UserFile(config_file)
        self._credentials_path = credentials_file
        self._lock = runtime / "locks" / "config.lock"
        self._versions = ConfigVersions(state / "config-versions", config_file)
        self._parsed: tuple[Found, ConfigFile] | None = None

    def read(self) -> ConfigFile:
        """Return the config as it is now. A missing file is an empty config.

        Raises: ConfigInvalid with the line, LocalState when it cannot be read.
        """
        found = self._file.read()
        # One command asks for the config in several places, so an unchanged file is parsed once.
        if self._parsed is None or self._parsed[0] != found:
            self._parsed = (found, ConfigFile.parse(found.data, str(self.path)))
        return self._parsed[1]

    def read_credentials_names(self) -> set[str]:
        """Return the section names of the credentials file: for SDKs they win over profiles."""
        data = UserFile(self._credentials_path).read().data
        return set(ConfigText(data, str(self._credentials_path)).sections)

    def write(
        self,
        changes_for: _ChangesFor,
        deadline: Deadline,
        choices: Mapping[str, Choices] | None = None,
    ) -> None:
        """Make the changes that `changes_for` returns for the config as it is under the lock.

        No changes write nothing. `choices` are the choices before the command, by session name;
        undo restores them. Raises: ConfigInvalid, LocalState; then the file is unchanged.
        """

        def new_content(found: Found) -> bytes | None:
            config = ConfigFile.parse(found.data, str(self.path))
            after = config.with_changes(changes_for(config))
            return _content(found) if after == found.data else after

        self._replace_file(new_content, deadline, choices or {}, to_reverse=None)

    # -- undo ------------------------------------------------------------------------------

    def load_last_version(self, *, is_undone: bool = False) -> Version | None:
        """Return the last write; with `is_undone` the last undo. None when none is saved.

        Raises: LocalState when what is saved is missing or damaged.
        """
        return self._versions.load_last(_content(self._file.read()), is_undone=is_undone)

    def undo(
        self,
        version: Version,
        changes_for: _ChangesFor,
        deadline: Deadline,
        choices: Mapping[str, Choices] | None = None,
    ) -> None:
        """Reverse a write (or an undo), so that the file is again as it was before it.

        Restores the exact bytes when the file is as that write left it; when it was edited since,
        makes the changes that `changes_for` returns. The undo is saved like a write, with the
        present `choices`, so that it can be reversed too.
        """

        def new_content(found: Found) -> bytes | None:
            if _content(found) == version.after:
                return version.before
            config = ConfigFile.parse(found.data, str(self.path))
            return config.with_changes(changes_for(config))

        self._replace_file(new_content, deadline, choices or {}, to_reverse=version)

    # -- writing ---------------------------------------------------------------------------

    def _replace_file(
        self,
        new_content: Callable[[Found], bytes | None],
        deadline: Deadline,
        choices: Mapping[str, Choices],
        to_reverse: Version | None,
    ) -> None:
        """Replace the file's content under the lock (None: remove the file) and save the version.

        Reads the file again and starts over when another program changes it before the rename.
        """
        self._refuse_copy()
        is_undo = to_reverse is not None and not to_reverse.is_undone
        with files.hold_lock(self._lock, deadline):
            for _ in range(_MAX_ATTEMPTS):
                found = self._file.read()
                before, after = _content(found), new_content(found)
                if after == before and to_reverse is None:
                    return
                version = self._versions.begin(before, after, choices, is_undone=is_undo)
                try:
                    self._put(found, after)
                except Changed:
                    self._versions.cancel(version)
                    continue
                except BaseException:
                    self._versions.cancel(version)
                    raise
                self._versions.complete(version, to_reverse)
                return
        raise LocalState(
            f'"{self.path}" is being changed by another program', hint="try again in a moment"
        )

    def _refuse_copy(self) -> None:
        """Raise LocalState when the config is a copy: a write to it would be lost with it."""
        if self.is_copy:
            raise LocalState(
                f'"{self.path}" is a copy of your config; exec --server removes it at its end',
                hint="to change your own: unset AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE",
            )

    def _put(self, found: Found, after: bytes | None) -> None:
        if after == _content(found):
            return
        if after is None:
            self._file.remove()
        else:
            self._file.replace(after, found)


def _content(found: Found) -> bytes | None:
    """Return the bytes that were read, or None when there was no file."""
    return None if found.mark is None else found.data
