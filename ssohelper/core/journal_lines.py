"""Makes and parses the journal's lines: one entry each, as compact ASCII JSON. No I/O, no clock."""

import json
import re
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ssohelper.core import journal
from ssohelper.core.instants import from_iso
from ssohelper.core.journal import LONGEST_LINE_BYTES, Entry
from ssohelper.core.schema import fields as check
from ssohelper.core.schema.fields import Damaged

VERSION = 1

_EVENT = re.compile(r"[a-z][a-z-]{0,31}")
_MOST = 1 << 53


class JournalLine(NamedTuple):
    """A line of the journal. `at` is its time as text."""

    at: str
    event: str
    uid: int
    fields: dict[str, Any]

    @property
    def at_seconds(self) -> int:
        """Return the journal line's time as epoch seconds."""
        return from_iso(self.at) or 0


def make_journal_line(entry: Entry, *, at_ms: int, uid: int) -> bytes:
    """Return the journal entry as a line with newline; `at_ms` is in milliseconds since 1970."""
    head = {"v": VERSION, "at": _iso_time_of(at_ms), "event": entry.event, "uid": uid}
    line = json.dumps({**head, **entry.fields}, separators=(",", ":")).encode("ascii") + b"\n"
    if len(line) > LONGEST_LINE_BYTES:
        raise Damaged("line")
    return line


def _iso_time_of(at_ms: int) -> str:
    whole = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def parse_journal_line(line: bytes) -> JournalLine:
    """Return a line that was read from the journal. Raises: Damaged.

    Lines of earlier builds have a number, `seq`, and a hash, `prev`, which are ignored.

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
        check.checked_match(found.pop("event", None), "event", _EVENT),
        check.checked_whole_number(found.pop("uid", None), "uid", 0, _MOST),
        {
            name: value
            for name, value in found.items()
            if name not in ("seq", "prev") and journal.has_type_of_journal_field(name, value)
        },
    )
