"""Saves the content of ~/.aws/config before and after each of the last writes, for undo.

`<state>/config-versions/<hash of the config's path>/<number>` is one write: a line of JSON with
length and SHA-256 of the config before and after it, then both contents. The file `index` lists the
writes that can be undone, the latest last. All files have mode 0600.

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
from ssohelper.core.schema import state_records as schema
from ssohelper.core.schema.fields import Damaged
from ssohelper.errors import LocalState
from ssohelper.stores import files
from ssohelper.stores.choices_file import choices_document

_MAX_VERSIONS = 3
# Two configs of at most 64 MB each, after a line of JSON.
_LIMIT_BYTES = (2 * 64 << 20) + (1 << 20)
_INDEX = "index"


class Version(NamedTuple):
    """The config before and after a write (None: no file), and the choices before it by session."""

    number: int
    before: bytes | None
    after: bytes | None
    choices: Mapping[str, Choices]


class ConfigVersions:
    """Saves and loads the versions of one config file."""

    def __init__(self, folder: Path, config_file: Path) -> None:
        self._base = folder
        self._config_file = config_file

    def save_before_write(
        self, before: bytes | None, after: bytes | None, choices: Mapping[str, Choices]
    ) -> Version:
        files.ensure_private_folder(self._folder)
        numbers = self._load_index_or_empty()
        number = max((*self._list_version_numbers(), *numbers, 0)) + 1
        version = Version(number, before, after, choices)
        files.write_atomically(self._folder / str(number), _version_file_content(version))
        self._save_index((*numbers, number))
        return version

    def remove_old(self) -> None:
        self._keep_only(self._load_index_or_empty()[-_MAX_VERSIONS:])

    def remove_last(self, version: Version) -> None:
        """Remove this version, whose write failed or was undone, and later ones."""
        self._keep_only(tuple(n for n in self._load_index_or_empty() if n < version.number))

    def load_last(self, present: bytes | None) -> Version | None:
        """Return the last write that can be undone. `present` is the config's content now.

        A write whose process was killed before it is skipped. Raises: LocalState for a missing or
        damaged version: as an empty config, it would remove the user's.
        """
        for version in self.load_all():
            if version.before == version.after or present != version.before:
                return version
        return None

    def load_all(self) -> Iterator[Version]:
        """Yield the saved writes, the latest first. Raises: LocalState."""
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

        The index comes first: else a killed process leaves an index with a missing file.
        """
        if numbers and numbers != self._load_index_or_empty():
            self._save_index(numbers)
        keep = {_INDEX, *map(str, numbers)} if numbers else ()
        for name in files.list_names_in_folder(self._folder):
            if name.partition(".")[0] not in keep:
                # The config is written: what cannot be removed is no failure of the write.
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
        except Damaged as damage:
            raise self._unusable_version_error(path, "is damaged") from damage
        if rest:
            raise self._unusable_version_error(path, "is damaged")
        return Version(number, before, after, found.choices)

    def _unusable_version_error(self, path: Path, what: str) -> LocalState:
        return LocalState(
            f'"{path}", saved for the undo of a write to "{self._config_file}", {what}: '
            "nothing was changed",
            hint="undo works again after the next command that writes profiles",
        )


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
    """Split `rest` behind the described content. Raises: Damaged."""
    if described is None:
        return None, rest
    data = rest[: described.length]
    if len(data) != described.length or hashlib.sha256(data).hexdigest() != described.sha256:
        raise Damaged("sha256")
    return data, rest[described.length :]
