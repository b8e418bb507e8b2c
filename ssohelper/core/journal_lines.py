"""Makes, parses and verifies the journal's lines, which a chain of hashes joins. No I/O, no clock.

A line is one entry as compact ASCII JSON, with its time, its number and the hash of the line
before it. So a line that is changed or removed later no longer fits to its neighbours.
"""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from ssohelper.core import journal
from ssohelper.core.instants import from_iso
from ssohelper.core.journal import LONGEST_LINE_BYTES, Entry
from ssohelper.core.schema import fields as check
from ssohelper.core.schema.fields import Damaged

VERSION = 1
# The `prev` of the journal's very first line, which has no line before it.
NO_LINE = "0" * 64

_SHA256 = re.compile(r"[0-9a-f]{64}")
_EVENT = re.compile(r"[a-z][a-z-]{0,31}")
_MOST = 1 << 53


class JournalLine(NamedTuple):
    """A line of the journal. `at` is its time as text, `prev` the hash of the line before it."""

    at: str
    seq: int
    prev: str
    event: str
    uid: int
    fields: dict[str, Any]

    @property
    def at_seconds(self) -> int:
        """Return the journal line's time as epoch seconds."""
        return from_iso(self.at) or 0


def make_journal_line(entry: Entry, *, at_ms: int, seq: int, prev: str, uid: int) -> bytes:
    """Return the journal entry as a line with newline; `at_ms` is in milliseconds since 1970."""
    head = {"v": VERSION, "at": _iso_time_of(at_ms), "seq": seq, "prev": prev}
    line = _dict_to_json_line({**head, "event": entry.event, "uid": uid, **entry.fields}) + b"\n"
    if len(line) > LONGEST_LINE_BYTES:
        raise Damaged("line")
    return line


def make_system_log_text(entry: Entry, *, at_ms: int, uid: int) -> bytes:
    """Return the journal entry as text for the system log, without number and hash."""
    head = {"v": VERSION, "at": _iso_time_of(at_ms), "event": entry.event, "uid": uid}
    return _dict_to_json_line({**head, **entry.fields})


def _iso_time_of(at_ms: int) -> str:
    whole = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def _dict_to_json_line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def hash_of_line(line: bytes) -> str:
    """Return the SHA-256 of this line without its newline: the `prev` of the next line."""
    return sha256(line.removesuffix(b"\n")).hexdigest()


def parse_journal_line(line: bytes) -> JournalLine:
    """Return a line that was read from the journal. Raises: Damaged.

    Accepts unknown events, and unknown fields with a text or a number: a later version may have
    them. Texts may hold any character: escape them when they are shown.
    """
    if len(line) > LONGEST_LINE_BYTES or not line.isascii():
        raise Damaged("line")
    try:
        found = check.checked_object(json.loads(line), "line")
    except (ValueError, RecursionError) as cause:
        raise Damaged("line") from cause
    check.checked_whole_number(found.pop("v", None), "v", 1, _MOST)
    at = check.checked_text(found.pop("at", None), "at", 40)
    check.checked_instant(from_iso(at), "at")
    return JournalLine(
        at,
        check.checked_whole_number(found.pop("seq", None), "seq", 1, _MOST),
        check.checked_match(found.pop("prev", None), "prev", _SHA256),
        check.checked_match(found.pop("event", None), "event", _EVENT),
        check.checked_whole_number(found.pop("uid", None), "uid", 0, _MOST),
        {
            name: value
            for name, value in found.items()
            if journal.has_type_of_journal_field(name, value)
        },
    )


# -- checking the chain of the journal's lines -----------------------------------------------------


class LastLine(NamedTuple):
    """The number and the hash of the last line that was appended, as the runtime folder records them.

    With this record, a change of the last line and the removal of lines at the end can be found.
    """

    seq: int
    hash: str


class Fault(NamedTuple):
    """A journal line that does not fit the one before: file, number in the file from 1, reason."""

    file: str
    line: int
    why: str


class Verdict(NamedTuple):
    """What a check of the whole journal found.

    `fault` is the first line that does not fit, `faults` the number of such lines. If `is_whole` is
    False, rotation has removed the journal's first lines.
    """

    lines: int
    is_whole: bool
    fault: Fault | None
    faults: int


def verify_hash_chain(
    files: Iterable[tuple[str, list[bytes]]],
    *,
    may_be_rotated: bool,
    last: LastLine | None = None,
) -> Verdict:
    """Check the chain of hashes in the lines of the journal's files, the oldest file first.

    Each line must have the number after that of the line before it, and that line's hash. After a
    line that does not fit, the check continues with that line as it is. `may_be_rotated` says that
    the journal is so long that rotation may have removed lines; otherwise line number 1 must exist.
    """
    chain = _HashChain(may_be_rotated, last)
    count, faults, place = 0, list[Fault](), ("", 0)
    for name, lines in files:
        place = (name, 0)
        for number, raw in enumerate(lines, start=1):
            count, place = count + 1, (name, number)
            why = chain.check_next_line(raw)
            if why:
                faults.append(Fault(name, number, why))
    if last is not None and last.seq > chain.seq:
        why = f"is the last one: {last.seq - chain.seq} lines after it were removed, or lost in a crash"
        faults.append(Fault(*place, why))
    return Verdict(count, chain.is_whole, faults[0] if faults else None, len(faults))


class _HashChain:
    """Checks the journal's lines in order. `seq` is the number of the last checked line, else 0."""

    def __init__(self, may_be_rotated: bool, last: LastLine | None) -> None:
        self.seq = 0
        self.is_whole = True
        self._may_be_rotated = may_be_rotated
        self._last = last
        self._prev = ""
        self._is_after_damage = False

    def check_next_line(self, raw: bytes) -> str:
        """Check the next line. Return why it does not fit the lines before it; "" if it fits."""
        before, is_after_damage = self._prev, self._is_after_damage
        self._prev = hash_of_line(raw)
        try:
            line = parse_journal_line(raw)
        except Damaged:
            # This line's number cannot be read, so the next line's number cannot be checked.
            self._is_after_damage = True
            self.seq += 1
            return "is damaged"
        number, self.seq, self._is_after_damage = self.seq + 1, line.seq, False
        last = self._last
        if last is not None and last.seq == line.seq and last.hash != self._prev:
            return "was changed after it was written"
        if not before:
            self.is_whole = line.prev == NO_LINE and line.seq == 1
            if self.is_whole or self._may_be_rotated:
                return ""
            return "is the first one, but not number 1: lines before it were removed"
        if line.prev == before and (is_after_damage or line.seq == number):
            return ""
        return (
            "does not follow the line before it: one of the two was changed, or lines between them "
            "were removed"
        )
