"""The lines of the local journal, and the chain of hashes that joins them. No I/O, no clock.

An `Entry` says what happened. It takes only the fields that its event has, and checks each value,
so that no secret, no command line and no control character gets into the journal. A line is one
entry as compact ASCII JSON, with its time, its number and the hash of the line before it.
"""

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from ssohelper.core.instants import from_iso, to_iso
from ssohelper.core.model import ACCOUNT_ID, ROLE_NAME, SESSION_NAME, RoleKey
from ssohelper.core.redaction import redacted
from ssohelper.core.schema import fields as check
from ssohelper.core.schema.fields import Damaged
from ssohelper.core.text import show

VERSION = 1
# One write of a pipe's atomic size. The limits of the single fields keep each line below it.
LONGEST_LINE_BYTES = 4096
# The `prev` of the first line of all.
NO_LINE = "0" * 64

_SHA256 = re.compile(r"[0-9a-f]{64}")
_EVENT = re.compile(r"[a-z][a-z-]{0,31}")
_WORD = re.compile(r"[a-z][a-z0-9-]{0,31}")
_COMMAND = re.compile(r"[a-z][a-z -]{0,63}")
# IAM's key ids. Secret access keys and tokens have lower case letters.
_ACCESS_KEY_ID = re.compile(r"[A-Z0-9]{16,32}")
_NOT_PRINTABLE = re.compile(r"[^ -~]")
_MOST = 1 << 53
_LONGEST_NAME = 32


class Entry:
    """One event with its fields. Fields that are None are left out.

    Raises: Damaged for an unknown event, a field that the event does not have, or a bad value.
    """

    __slots__ = ("event", "fields")

    def __init__(self, event: str, **values: object) -> None:
        if event not in _FIELDS:
            raise Damaged("event")
        allowed = _FIELDS[event]
        for name in values:
            if name not in allowed:
                raise Damaged(name)
        self.event = event
        self.fields: dict[str, Any] = {
            name: _CHECKS[name](values[name], name)
            for name in allowed
            if values.get(name) is not None
        }

    def __repr__(self) -> str:
        return f"Entry({self.event!r}, {self.fields!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entry) and (self.event, self.fields) == (other.event, other.fields)

    __hash__ = None  # type: ignore[assignment]


# -- the events ------------------------------------------------------------------------------------


def issued(
    key: RoleKey,
    *,
    until: int,
    access_key_id: str,
    parent: str,
    terminal: str,
    background: bool = False,
    others: int = 0,
) -> Entry:
    """Return the entry for role credentials that AWS issued, valid until `until` (epoch seconds).

    `others` is the number of other callers that waited for the same credentials.
    """
    # An id of an unknown form is left out: AWS's answer decides it, and it must not fail the call.
    known_id = access_key_id if _ACCESS_KEY_ID.fullmatch(access_key_id) else None
    return Entry(
        "issue",
        **_role_fields(key),
        until=until,
        access_key_id=known_id,
        background=background,
        parent=parent,
        terminal=terminal,
        others=others,
    )


def signed_in(session: str, *, how: str, user: str | None) -> Entry:
    """Return the entry for an interactive sign-in; `how` is "browser" or "device-code"."""
    return Entry("sign-in", session=session, user=user, how=how)


def signed_out(session: str, *, how: str, user: str | None) -> Entry:
    """Return the entry for a sign-out; `how` is "revoked", or "local" when AWS was not reached."""
    return Entry("sign-out", session=session, user=user, how=how)


def decided(
    event: str,
    key: RoleKey,
    *,
    way: str | None = None,
    reason: str | None = None,
    until: int | None = None,
    grant: str | None = None,
    rule: str | None = None,
    parent: str = "",
    terminal: str = "",
) -> Entry:
    """Return the entry for a decision on one role: "grant", "revoke", "release" or "refused".

    `way` is how the role was asked for ("exec"), `rule` the guard rule or the allow-list's pattern,
    `grant` the id of the grant, `until` its end (epoch seconds).
    """
    return Entry(
        event,
        **_role_fields(key),
        way=way,
        reason=reason,
        until=until,
        grant=grant,
        rule=rule,
        parent=parent,
        terminal=terminal,
    )


def loosened(what: str, *, before: str | None, after: str | None) -> Entry:
    """Return the entry for a setting or rule that now protects less than before."""
    return Entry("loosened", what=what, before=before, after=after)


def config_written(command: str, file: str, *, added: int, changed: int, removed: int) -> Entry:
    """Return the entry for a written configuration file: the counts of sections or keys."""
    return Entry(
        "config-write", command=command, file=file, added=added, changed=changed, removed=removed
    )


def _role_fields(key: RoleKey) -> dict[str, str]:
    return {"session": key.session_name, "account_id": key.account_id, "role": key.role_name}


# -- checks of single values -----------------------------------------------------------------------


def _pattern(pattern: re.Pattern[str]) -> Callable[[object, str], str]:
    return lambda value, field: check.matching(value, field, pattern)


def _instant(value: object, field: str) -> str:
    return to_iso(check.instant(value, field))


def _count(value: object, field: str) -> int:
    return check.whole(value, field, 0, _MOST)


def _name(value: object, field: str) -> str:
    """Return the name of a process or terminal as printable ASCII of at most 32 characters."""
    found = check.text(value, field, LONGEST_LINE_BYTES)
    return _NOT_PRINTABLE.sub("?", found)[:_LONGEST_NAME]


def _text(most_bytes: int, *, is_path: bool = False) -> Callable[[object, str], str]:
    """Return a check for a text that takes at most so many bytes in a line.

    Control characters are replaced by visible text, and what looks like a secret is hidden; not in
    a path, in which long folder names would look like secrets.
    """

    def cleaned(value: object, field: str) -> str:
        if not isinstance(value, str):  # a Secret, for one
            raise Damaged(field)
        # Cut before the search too: its time grows with the text.
        found = value[: 4 * most_bytes]
        found = show(found if is_path else redacted(found))
        return _cut(found, most_bytes)

    return cleaned


def _cut(text: str, most_bytes: int) -> str:
    """Return the text, cut so that its JSON takes at most so many bytes."""
    text = text[:most_bytes]
    while len(json.dumps(text)) - 2 > most_bytes:
        # An ellipsis takes 6 bytes, any other character at most 12.
        excess = len(json.dumps(text)) - 2 - most_bytes
        text = text[: -max(1, excess // 12)]
    return text


_CHECKS: dict[str, Callable[[object, str], Any]] = {
    "session": _pattern(SESSION_NAME),
    "account_id": _pattern(ACCOUNT_ID),
    "role": _pattern(ROLE_NAME),
    "access_key_id": _pattern(_ACCESS_KEY_ID),
    "until": _instant,
    "background": check.boolean,
    "others": _count,
    "parent": _name,
    "terminal": _name,
    "user": _text(400),
    "how": _pattern(_WORD),
    "way": _pattern(_WORD),
    "reason": _text(1000),
    "grant": _text(100),
    "rule": _text(400),
    "what": _text(200),
    "before": _text(1000),
    "after": _text(1000),
    "command": _pattern(_COMMAND),
    "file": _text(1000, is_path=True),
    "added": _count,
    "changed": _count,
    "removed": _count,
}
_ROLE = ("session", "account_id", "role")
_CALLER = ("parent", "terminal")
_DECISION = (*_ROLE, "way", "reason", "until", "grant", "rule", *_CALLER)
# The fields of each event, in the order in which a line has them.
_FIELDS: dict[str, tuple[str, ...]] = {
    "issue": (*_ROLE, "until", "access_key_id", "background", *_CALLER, "others"),
    "sign-in": ("session", "user", "how"),
    "sign-out": ("session", "user", "how"),
    "grant": _DECISION,
    "revoke": _DECISION,
    "release": _DECISION,
    "refused": _DECISION,
    "loosened": ("what", "before", "after"),
    "config-write": ("command", "file", "added", "changed", "removed"),
}
EVENTS = tuple(_FIELDS)
# -- lines -----------------------------------------------------------------------------------------


class Line(NamedTuple):
    """One line that was read. `at` is its time as text, `prev` the hash of the line before it."""

    at: str
    seq: int
    prev: str
    event: str
    uid: int
    fields: dict[str, Any]

    @property
    def at_seconds(self) -> int:
        """Return the line's time as epoch seconds."""
        return from_iso(self.at) or 0


def make_line(entry: Entry, *, at_ms: int, seq: int, prev: str, uid: int) -> bytes:
    """Return the entry as one line with its newline; `at_ms` is in milliseconds since 1970."""
    whole = datetime.fromtimestamp(at_ms // 1000, UTC)
    head = {
        "v": VERSION,
        "at": f"{whole:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z",
        "seq": seq,
        "prev": prev,
        "event": entry.event,
        "uid": uid,
    }
    line = json.dumps({**head, **entry.fields}, separators=(",", ":")).encode("ascii") + b"\n"
    if len(line) > LONGEST_LINE_BYTES:
        raise Damaged("line")
    return line


def hash_of(line: bytes) -> str:
    """Return what the next line has as `prev`: the SHA-256 of these bytes, without the newline."""
    return sha256(line.removesuffix(b"\n")).hexdigest()


def parse_line(line: bytes) -> Line:
    """Return a line that was read from the journal. Raises: Damaged.

    A later version may have more events and more fields: simple values of any name are taken.
    Texts may hold any character: escape them when they are shown.
    """
    if len(line) > LONGEST_LINE_BYTES or not line.isascii():
        raise Damaged("line")
    try:
        found = check.obj(json.loads(line), "line")
    except (ValueError, RecursionError) as cause:
        raise Damaged("line") from cause
    check.whole(found.pop("v", None), "v", 1, _MOST)
    at = check.text(found.pop("at", None), "at", 40)
    check.instant(from_iso(at), "at")
    return Line(
        at,
        check.whole(found.pop("seq", None), "seq", 1, _MOST),
        check.matching(found.pop("prev", None), "prev", _SHA256),
        check.matching(found.pop("event", None), "event", _EVENT),
        check.whole(found.pop("uid", None), "uid", 0, _MOST),
        {name: value for name, value in found.items() if isinstance(value, str | int)},
    )


# -- the chain -------------------------------------------------------------------------------------


class Fault(NamedTuple):
    """A line that does not fit: the name of its file, its number there from 1 on, and why."""

    file: str
    line: int
    why: str


class Verdict(NamedTuple):
    """What a check of the whole journal found.

    `fault` is the first line that does not fit, `faults` the number of such lines. Without
    `is_whole`, the lines before the oldest one were removed by rotation.
    """

    lines: int
    is_whole: bool
    fault: Fault | None
    faults: int


def verify(files: Iterable[tuple[str, list[bytes]]], *, may_be_rotated: bool) -> Verdict:
    """Check the chain of the files' lines, the oldest file first.

    Each line must have the number and the hash that the line before it calls for. After a line that
    does not fit, the check goes on from the bytes that are there. `may_be_rotated` says whether the
    journal is so long that rotation may have removed lines: otherwise the first one must be there.
    """
    count, faults, is_whole = 0, list[Fault](), True
    # The number and hash that the next line must have; number 0 after a damaged line.
    next_seq, prev = 1, ""
    for name, lines in files:
        for number, raw in enumerate(lines, start=1):
            count += 1
            try:
                line = parse_line(raw)
            except Damaged:
                faults.append(Fault(name, number, "is damaged"))
                next_seq, prev = 0, hash_of(raw)
                continue
            why = ""
            if not prev:
                is_whole = line.prev == NO_LINE and line.seq == 1
                if not is_whole and not may_be_rotated:
                    why = "is the first line, but not number 1: lines before it were removed"
            elif line.prev != prev or next_seq not in (0, line.seq):
                why = (
                    "does not follow the line before it: one of the two was changed, or lines "
                    "between them were removed"
                )
            if why:
                faults.append(Fault(name, number, why))
            next_seq, prev = line.seq + 1, hash_of(raw)
    return Verdict(count, is_whole, faults[0] if faults else None, len(faults))
