"""Saves the content of ~/.aws/config before and after each of the last writes, for undo and redo.

`<state>/config-versions/<hash of the config's path>/<number>` describes one write. Its first line
is JSON: length and SHA-256 of the config before and after the write, or that there was no config.
The two contents follow, and are verified when they are read. The file `index` lists the writes that
can be undone and the undos that can be redone, the latest last. Each config has a folder of its
own, so that undo never mixes two configs. All files have mode 0600.

Builds until 26 November 2026 wrote no index, and two files for each write: `<number>.after`, and
`<number>.before` unless there was no config.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ssohelper.core.choices import Choices
from ssohelper.core.schema import state_records as schema
from ssohelper.core.schema.fields import Damaged
from ssohelper.errors import LocalState
from ssohelper.stores import files
from ssohelper.stores.choices_file import choices_document

_MAX_VERSIONS = 3
# A version's file holds two configs of at most 64 MB each, after a line of JSON.
_LIMIT_BYTES = (2 * 64 << 20) + (1 << 20)
_INDEX = "index"


class Version(NamedTuple):
    """A write of ~/.aws/config: the file's content before and after it; None for a missing file.

    `choices` are the user's choices before the write, by session name.
    With `is_undone`, the write was an undo, so reversing it is a redo.
    """

    number: int
    before: bytes | None
    after: bytes | None
    choices: Mapping[str, Choices]
    is_undone: bool = False


class _Index(NamedTuple):
    undo: tuple[int, ...] = ()
    redo: tuple[int, ...] = ()


class ConfigVersions:
    """Saves and loads the versions of one config file."""

    def __init__(self, folder: Path, config_file: Path) -> None:
        self._base = folder
        self._config_file = config_file

    def save_before_write(
        self,
        before: bytes | None,
        after: bytes | None,
        choices: Mapping[str, Choices],
        *,
        is_undone: bool = False,
    ) -> Version:
        """Save the version that a write is about to make, before the config is written."""
        files.ensure_private_folder(self._folder)
        index = self._load_index_or_empty()
        number = max((*self._list_version_numbers(), *index.undo, *index.redo, 0)) + 1
        version = Version(number, before, after, choices, is_undone)
        files.write_atomically(self._file(number), _version_file_content(version))
        if is_undone:
            self._save(index._replace(redo=(*index.redo, number)))
        else:
            self._save(index._replace(undo=(*index.undo, number)))
        return version

    def record_that_write_was_made(
        self, version: Version, reversed_version: Version | None = None
    ) -> None:
        """Record that a write was made, and which write it reversed; remove the oldest versions."""
        index = self._load_index_or_empty()
        if reversed_version is None:
            index = index._replace(redo=())  # after a new write, earlier undos cannot be redone
        elif version.is_undone:
            index = index._replace(
                undo=_version_numbers_before(index.undo, reversed_version.number)
            )
        else:
            index = index._replace(
                redo=_version_numbers_before(index.redo, reversed_version.number)
            )
        self._save(_Index(index.undo[-_MAX_VERSIONS:], index.redo[-_MAX_VERSIONS:]))
        self._remove_unlisted_versions()

    def remove_version_of_failed_write(self, version: Version) -> None:
        """Remove the saved version of a write that failed."""
        index = self._load_index_or_empty()
        undo = tuple(number for number in index.undo if number != version.number)
        redo = tuple(number for number in index.redo if number != version.number)
        # The index is changed before the version's file is removed: a process that is killed in
        # between leaves a file that the index does not list. In the other order, the index would
        # list an undo whose file is missing.
        if undo or redo:
            self._save(_Index(undo, redo))
        else:
            files.remove_file(self._folder / _INDEX)
        files.remove_file(self._file(version.number))

    def load_last(self, present: bytes | None, *, is_undone: bool = False) -> Version | None:
        """Return the last write that can be reversed, or with `is_undone` the last undo; or None.

        `present` is the config's content now. A write is skipped if its version was saved, but its
        process was killed before the write. Raises: LocalState when a version is missing or
        damaged, since the user's config would be removed if a missing version counted as an empty
        config.
        """
        index = self._load_index()
        for number in reversed(index.redo if is_undone else index.undo):
            version = self._load(number, is_undone)
            if version.before == version.after or present != version.before:
                return version
        return None

    def load_all(self) -> Iterator[Version]:
        """Yield the saved writes and undos, the latest first. Raises: LocalState, as `load_last`."""
        index = self._load_index()
        for number in sorted((*index.undo, *index.redo), reverse=True):
            yield self._load(number, number in index.redo)

    # -- reading and writing version files -----------------------------------------------------

    @property
    def _folder(self) -> Path:
        path = os.path.realpath(self._config_file)
        return self._base / hashlib.sha256(os.fsencode(path)).hexdigest()[:16]

    def _file(self, number: int) -> Path:
        return self._folder / str(number)

    def _list_version_numbers(self, suffix: str = "") -> list[int]:
        names = [name for name in files.list_names_in_folder(self._folder) if name.endswith(suffix)]
        numbers = [name.removesuffix(suffix) for name in names]
        return sorted(int(n) for n in numbers if n.isascii() and n.isdigit() and len(n) < 16)

    def _load_index(self) -> _Index:
        path = self._folder / _INDEX
        content = files.read_own_file(path)
        if content is None:
            if self._list_version_numbers():
                raise self._unusable_version_error(path, "is missing")
            return _Index(tuple(self._list_version_numbers(".after")))
        try:
            found = schema.parse_undo_and_redo_numbers(files.parse_json_object(content))
        except Damaged as damage:
            raise self._unusable_version_error(path, "is damaged") from damage
        return _Index(*found)

    def _load_index_or_empty(self) -> _Index:
        """Return the index of versions; an empty one if damaged: the next write replaces it."""
        try:
            return self._load_index()
        except LocalState:
            return _Index()

    def _save(self, index: _Index) -> None:
        document = {"version": 1, "undo": list(index.undo), "redo": list(index.redo)}
        files.write_json(self._folder / _INDEX, document)

    def _remove_unlisted_versions(self) -> None:
        """Remove version files that the index does not list. Earlier releases left such files."""
        index = self._load_index()
        keep = {_INDEX, *map(str, (*index.undo, *index.redo))}
        for name in files.list_names_in_folder(self._folder):
            if name.partition(".")[0] not in keep:
                files.remove_file(self._folder / name)

    def _load(self, number: int, is_undone: bool) -> Version:
        path = self._file(number)
        content = files.read_own_file(path, _LIMIT_BYTES)
        if content is None:
            before, after = (
                files.read_own_file(f"{path}.{side}", _LIMIT_BYTES) for side in ("before", "after")
            )
            if after is not None:
                return Version(number, before, after, {}, is_undone)
            raise self._unusable_version_error(path, "is missing")
        head, newline, rest = content.partition(b"\n")
        try:
            found = schema.parse_version_head(files.parse_json_object(head) if newline else None)
            before, rest = _split_off_content(rest, found.before)
            after, rest = _split_off_content(rest, found.after)
        except Damaged as damage:
            raise self._unusable_version_error(path, "is damaged") from damage
        if rest:
            raise self._unusable_version_error(path, "is damaged")
        return Version(number, before, after, found.choices, is_undone)

    def _unusable_version_error(self, path: Path, what: str) -> LocalState:
        return LocalState(
            f'"{path}", saved for the undo of a write to "{self._config_file}", {what}: '
            "nothing was changed",
            hint="undo works again after the next command that writes profiles",
        )


def _version_numbers_before(numbers: tuple[int, ...], number: int) -> tuple[int, ...]:
    return numbers[: numbers.index(number)] if number in numbers else numbers


def _version_file_content(version: Version) -> bytes:
    head = {
        "version": 1,
        "before": _describe_content(version.before),
        "after": _describe_content(version.after),
        "choices": {name: choices_document(choices) for name, choices in version.choices.items()},
    }
    return b"%s\n%s%s" % (json.dumps(head).encode(), version.before or b"", version.after or b"")


def _describe_content(data: bytes | None) -> dict[str, Any]:
    if data is None:
        return {"absent": True}
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _split_off_content(
    rest: bytes, described: schema.ConfigDigest | None
) -> tuple[bytes | None, bytes]:
    """Split `rest` into the config's content, with which it starts, and the bytes that follow.

    Raises: Damaged when the content does not have the length and SHA-256 in `described`.
    """
    if described is None:
        return None, rest
    data = rest[: described.length]
    if len(data) != described.length or hashlib.sha256(data).hexdigest() != described.sha256:
        raise Damaged("sha256")
    return data, rest[described.length :]
