"""What the last writes of ~/.aws/config replaced, for undo and redo. Verified before it is used.

`<state>/config-versions/<which config>/<number>` is one write: a line of JSON with length and
SHA-256 of what was before and of what was left (or that there was no file), then the bytes of
both. `index` names the writes that can be undone and redone, the last one last. A config is known
by its path: two of them never undo each other. All of it 0600.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ssohelper.core.choices import Choices
from ssohelper.core.schema import state as schema
from ssohelper.core.schema.fields import Damaged
from ssohelper.errors import LocalState
from ssohelper.stores import files
from ssohelper.stores.choices_file import document_of

_MOST_KEPT = 3
# Two configs, of which each may have 64 MB, and the line above them.
_LIMIT_BYTES = (2 * 64 << 20) + (1 << 20)
_INDEX = "index"


class Version(NamedTuple):
    """One write: None is "there was no file". `choices` are those of before, by session.

    `is_undone`: an undo made it, so that reversing it is a redo.
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
    """The kept versions of one config file."""

    def __init__(self, folder: Path, config_file: Path) -> None:
        self._base = folder
        self._config_file = config_file

    def begin(
        self,
        before: bytes | None,
        after: bytes | None,
        choices: Mapping[str, Choices],
        *,
        is_undone: bool = False,
    ) -> Version:
        """Keep a write that is about to be made. Nothing is forgotten before `complete`."""
        files.private_folder(self._folder)
        index = self._index_or_empty()
        number = max((*self._numbers(), *index.undo, *index.redo, 0)) + 1
        version = Version(number, before, after, choices, is_undone)
        files.write_atomically(self._file(number), _content(version))
        if is_undone:
            self._save(index._replace(redo=(*index.redo, number)))
        else:
            self._save(index._replace(undo=(*index.undo, number)))
        return version

    def complete(self, version: Version, reversed_one: Version | None = None) -> None:
        """Note that the write was made, which reversed `reversed_one` if that is given."""
        index = self._index_or_empty()
        if reversed_one is None:
            index = index._replace(redo=())  # a new write ends what could be redone
        elif version.is_undone:
            index = index._replace(undo=_before(index.undo, reversed_one.number))
        else:
            index = index._replace(redo=_before(index.redo, reversed_one.number))
        self._save(_Index(index.undo[-_MOST_KEPT:], index.redo[-_MOST_KEPT:]))
        self._sweep()

    def cancel(self, version: Version) -> None:
        """Forget a write that failed."""
        index = self._index_or_empty()
        undo = tuple(number for number in index.undo if number != version.number)
        redo = tuple(number for number in index.redo if number != version.number)
        # The index first: a kill in between leaves a file that nothing names, and no broken undo.
        if undo or redo:
            self._save(_Index(undo, redo))
        else:
            files.remove(self._folder / _INDEX)
        files.remove(self._file(version.number))

    def last(self, present: bytes | None, *, is_undone: bool = False) -> Version | None:
        """Return the write to reverse, now that the config is `present`; None without one.

        Passes over one that a killed process kept and never made.
        Raises: LocalState for one that is missing or damaged: it is never taken for an empty file.
        """
        index = self._index()
        for number in reversed(index.redo if is_undone else index.undo):
            version = self._read(number, is_undone)
            if version.before == version.after or present != version.before:
                return version
        return None

    # -- pieces --------------------------------------------------------------------------------

    @property
    def _folder(self) -> Path:
        path = os.path.realpath(self._config_file)
        return self._base / hashlib.sha256(os.fsencode(path)).hexdigest()[:16]

    def _file(self, number: int) -> Path:
        return self._folder / str(number)

    def _numbers(self) -> list[int]:
        names = files.names_in(self._folder)
        return [int(name) for name in names if name.isascii() and name.isdigit() and len(name) < 16]

    def _index(self) -> _Index:
        path = self._folder / _INDEX
        content = files.read_checked(path)
        if content is None:
            if self._numbers():
                raise self._damaged(path, "is missing")
            return _Index()
        try:
            found = schema.version_index(files.parsed_object(content))
        except Damaged as damage:
            raise self._damaged(path, "is damaged") from damage
        return _Index(*found)

    def _index_or_empty(self) -> _Index:
        """Return the index; an empty one in place of a damaged one, which a write replaces."""
        try:
            return self._index()
        except LocalState:
            return _Index()

    def _save(self, index: _Index) -> None:
        document = {"version": 1, "undo": list(index.undo), "redo": list(index.redo)}
        files.write_json(self._folder / _INDEX, document)

    def _sweep(self) -> None:
        """Remove what the index does not name, files of earlier versions of ours included."""
        index = self._index()
        keep = {_INDEX, *map(str, (*index.undo, *index.redo))}
        for name in files.names_in(self._folder):
            if name not in keep:
                files.remove(self._folder / name)

    def _read(self, number: int, is_undone: bool) -> Version:
        path = self._file(number)
        content = files.read_checked(path, _LIMIT_BYTES)
        if content is None:
            raise self._damaged(path, "is missing")
        head, newline, rest = content.partition(b"\n")
        try:
            found = schema.version_head(files.parsed_object(head) if newline else None)
            before, rest = _part(rest, found.before)
            after, rest = _part(rest, found.after)
        except Damaged as damage:
            raise self._damaged(path, "is damaged") from damage
        if rest:
            raise self._damaged(path, "is damaged")
        return Version(number, before, after, found.choices, is_undone)

    def _damaged(self, path: Path, what: str) -> LocalState:
        return LocalState(
            f'"{path}", which was kept of a write of "{self._config_file}", {what}: '
            "nothing was changed",
            hint="the next command that writes profiles begins a new history",
        )


def _before(numbers: tuple[int, ...], number: int) -> tuple[int, ...]:
    return numbers[: numbers.index(number)] if number in numbers else numbers


def _content(version: Version) -> bytes:
    head = {
        "version": 1,
        "before": _described(version.before),
        "after": _described(version.after),
        "choices": {name: document_of(choices) for name, choices in version.choices.items()},
    }
    return b"%s\n%s%s" % (json.dumps(head).encode(), version.before or b"", version.after or b"")


def _described(data: bytes | None) -> dict[str, Any]:
    if data is None:
        return {"absent": True}
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _part(rest: bytes, described: schema.Described | None) -> tuple[bytes | None, bytes]:
    """Return the part that the head describes, and what follows it."""
    if described is None:
        return None, rest
    data = rest[: described.length]
    if len(data) != described.length or hashlib.sha256(data).hexdigest() != described.sha256:
        raise Damaged("sha256")
    return data, rest[described.length :]
