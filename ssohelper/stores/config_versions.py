"""Saves for undo what each of the last commands wrote: ~/.aws/config, settings, rc files.

`<state>/config-versions/<hash of the config's path>/<number>` belongs to one command: a line of
JSON (changed settings; length and SHA-256 of each file before and after it), then these contents.
The file `index` lists the commands that can be undone, the latest last. All files have mode 0600.

Builds until 26 November 2026 wrote no index, and `<number>.after` and perhaps `<number>.before`.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from ssohelper.core.choices import Choices
from ssohelper.core.other_writes import NO_OTHER_WRITES, OtherWrites
from ssohelper.core.rc_text import FileEdit
from ssohelper.core.schema import state_records as schema
from ssohelper.core.schema.fields import Damaged
from ssohelper.errors import LocalState
from ssohelper.stores import files
from ssohelper.stores.choices_file import choices_document

_MAX_VERSIONS = 3
# Two configs of at most 64 MB each, and rc files, after a line of JSON.
_LIMIT_BYTES = (2 * 64 << 20) + (8 << 20)
_INDEX = "index"


class Version(NamedTuple):
    """The config before and after a command (None: no file), and each session's choices before.

    `others` is what else the command wrote.
    """

    number: int
    before: bytes | None
    after: bytes | None
    choices: Mapping[str, Choices]
    others: OtherWrites = NO_OTHER_WRITES


class ConfigVersions:
    def __init__(self, folder: Path, config_file: Path) -> None:
        self._base = folder
        self._config_file = config_file

    def save_before_write(
        self,
        before: bytes | None,
        after: bytes | None,
        choices: Mapping[str, Choices],
        others: OtherWrites = NO_OTHER_WRITES,
    ) -> Version:
        files.ensure_private_folder(self._folder)
        numbers = self._load_index_or_empty()
        number = max((*self._list_version_numbers(), *numbers, 0)) + 1
        version = Version(number, before, after, choices, others)
        files.write_atomically(self._folder / str(number), _version_file_content(version))
        self._save_index((*numbers, number))
        return version

    def add_to_last(self, others: OtherWrites) -> None:
        """Raises: LocalState if the last version is damaged."""
        last = next(self.load_all())
        settings, edits = last.others
        both = OtherWrites({**settings, **others.settings}, (*edits, *others.files))
        content = _version_file_content(last._replace(others=both))
        files.write_atomically(self._folder / str(last.number), content)

    def remove_old(self) -> None:
        self._keep_only(self._load_index_or_empty()[-_MAX_VERSIONS:])

    def remove_last(self, version: Version) -> None:
        """Remove this version, whose write failed or was undone, and later versions."""
        self._keep_only(tuple(n for n in self._load_index_or_empty() if n < version.number))

    def load_all(self) -> Iterator[Version]:
        """Yield what the last commands wrote, the latest first.

        Raises: LocalState for a missing or damaged version: read as an empty config, it would
        remove the user's.
        """
        return map(self._load, reversed(self._load_index()))

    # -- reading and writing version files -----------------------------------------------------

    @property
    def _folder(self) -> Path:
        path = os.path.realpath(self._config_file)
        return self._base / hashlib.sha256(os.fsencode(path)).hexdigest()[:16]

    def _list_version_numbers(self, suffix: str = "") -> list[int]:
        names = [name for name in files.list_names_in_folder(self._folder) if name.endswith(suffix)]
        numbers = [name.removesuffix(suffix) for name in names]
        return sorted(int(n) for n in numbers if n.isascii() and n.isdigit() and len(n) < 16)

    def _load_index(self) -> tuple[int, ...]:
        path = self._folder / _INDEX
        content = files.read_own_file(path)
        if content is None:
            if self._list_version_numbers():
                raise self._unusable_version_error(path, "is missing")
            return tuple(self._list_version_numbers(".after"))
        try:
            return schema.parse_undo_numbers(files.parse_json_object(content))
        except Damaged as damage:
            raise self._unusable_version_error(path, "is damaged") from damage

    def _load_index_or_empty(self) -> tuple[int, ...]:
        try:
            return self._load_index()
        except LocalState:
            return ()

    def _save_index(self, numbers: tuple[int, ...]) -> None:
        files.write_json(self._folder / _INDEX, {"version": 1, "undo": list(numbers)})

    def _keep_only(self, numbers: tuple[int, ...]) -> None:
        """Remove all other versions, and files of earlier releases.

        The index is written first: otherwise a killed process could leave an index with a missing
        file.
        """
        if numbers and numbers != self._load_index_or_empty():
            self._save_index(numbers)
        keep = {_INDEX, *map(str, numbers)} if numbers else ()
        for name in files.list_names_in_folder(self._folder):
            if name.partition(".")[0] not in keep:
                # The config is written, so a file that cannot be removed is no error.
                with suppress(LocalState):
                    files.remove_file(self._folder / name)

    def _load(self, number: int) -> Version:
        path = self._folder / str(number)
        content = files.read_own_file(path, _LIMIT_BYTES)
        if content is None:
            before, after = (
                files.read_own_file(f"{path}.{side}", _LIMIT_BYTES) for side in ("before", "after")
            )
            if after is not None:
                return Version(number, before, after, {})
            raise self._unusable_version_error(path, "is missing")
        head, newline, rest = content.partition(b"\n")
        try:
            found = schema.parse_version_head(files.parse_json_object(head) if newline else None)
            before, rest = _split_off_content(rest, found.before)
            after, rest = _split_off_content(rest, found.after)
            edits = list[FileEdit]()
            for one in found.files:
                old, rest = _split_off_content(rest, one.before)
                new, rest = _split_off_content(rest, one.after)
                edits.append(FileEdit(Path(one.path), old, new, one.shell))
        except Damaged as damage:
            raise self._unusable_version_error(path, "is damaged") from damage
        if rest:
            raise self._unusable_version_error(path, "is damaged")
        return Version(
            number, before, after, found.choices, OtherWrites(found.settings, tuple(edits))
        )

    def _unusable_version_error(self, path: Path, what: str) -> LocalState:
        return LocalState(
            f'"{path}", saved for the undo of a write to "{self._config_file}", {what}: '
            "nothing was changed",
            hint="undo works again after the next command that writes profiles",
        )


def _version_file_content(version: Version) -> bytes:
    head: dict[str, Any] = {
        "version": 1,
        "before": _describe_content(version.before),
        "after": _describe_content(version.after),
        "choices": {name: choices_document(choices) for name, choices in version.choices.items()},
    }
    settings, edits = version.others
    if settings:
        head["settings"] = settings
    if edits:
        head["files"] = [
            {
                "path": str(edit.path),
                "shell": edit.shell,
                "before": _describe_content(edit.before),
                "after": _describe_content(edit.after),
            }
            for edit in edits
        ]
    contents = [version.before, version.after]
    contents += [data for edit in edits for data in (edit.before, edit.after)]
    return b"\n".join([json.dumps(head).encode(), b"".join(data or b"" for data in contents)])


def _describe_content(data: bytes | None) -> dict[str, Any]:
    if data is None:
        return {"absent": True}
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _split_off_content(
    rest: bytes, described: schema.ContentDigest | None
) -> tuple[bytes | None, bytes]:
    """Split `rest` behind the described content. Raises: Damaged."""
    if described is None:
        return None, rest
    data = rest[: described.length]
    if len(data) != described.length or hashlib.sha256(data).hexdigest() != described.sha256:
        raise Damaged("sha256")
    return data, rest[described.length :]
