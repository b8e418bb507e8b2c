"""Defines the lines of the local journal: one event each, as compact ASCII JSON.

Each value is checked, so that no secret and no control character gets into the journal.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any, NamedTuple

from ssohelper.core.instants import from_iso, to_iso
from ssohelper.core.model import ACCOUNT_ID, ROLE_NAME, SESSION_NAME, RoleKey
from ssohelper.core.redaction import redacted
from ssohelper.core.schema import fields as check
from ssohelper.core.schema.fields import Damaged
from ssohelper.core.text import show

VERSION = 1
# The most bytes that a pipe takes in one atomic write. The limits of the fields keep lines shorter.
LONGEST_LINE_BYTES = 4096
_WORD = re.compile(r"[a-z][a-z0-9-]{0,31}")
_COMMAND = re.compile(r"[a-z][a-z -]{0,63}")
# Matches IAM's access key ids, but no secret access key or token, which have lower case letters.
_ACCESS_KEY_ID = re.compile(r"[A-Z0-9]{16,32}")
_NOT_PRINTABLE = re.compile(r"[^ -~]")
_LONGEST_NAME = 32

_count = check.number(0, 1 << 53)
_LINE = {
    "v": check.number(1, 1 << 53),
    "at": check.text(40),
    "event": check.matching(re.compile(r"[a-z][a-z-]{0,31}")),
    "uid": _count,
}


class Entry(NamedTuple):
    event: str
    fields: dict[str, Any]


class Line(NamedTuple):
    at: str
    event: str
    uid: int
    fields: dict[str, Any]

    @property
    def at_seconds(self) -> int:
        return from_iso(self.at) or 0


def make_entry(
    event: str, key: RoleKey | None = None, caller: tuple[str, str] | None = None, **values: object
) -> Entry:
    """Return an entry with these fields; a field that is None is left out.

    `caller` is the name of the caller's parent process, and its terminal. Raises: Damaged for an
    unknown event, a field that the event does not have, or a bad value.
    """
    if key is not None:
        values |= {"session": key.session_name, "account_id": key.account_id, "role": key.role_name}
        values["chain"] = key.text if key.chain else None
    if caller is not None:
        values["parent"], values["terminal"] = caller
    if event not in FIELDS:
        raise Damaged("event")
    for name in values.keys() - set(FIELDS[event]):
        raise Damaged(name)
    given = [name for name in FIELDS[event] if values.get(name) is not None]
    found = {name: _CHECKS[name](values[name], name) for name in given}
    return Entry(event, {name: value for name, value in found.items() if value is not None})


def make_line(entry: Entry, *, at_ms: int, uid: int) -> bytes:
    at = f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"
    head = {"v": VERSION, "at": at, "event": entry.event, "uid": uid}
    line = json.dumps({**head, **entry.fields}, separators=(",", ":")).encode("ascii") + b"\n"
    if len(line) > LONGEST_LINE_BYTES:
        raise Damaged("line")
    return line


def parse_line(line: bytes) -> Line:
    """Accepts events and fields of later versions; ignores `seq` and `prev`. Raises: Damaged.

    Texts may hold any character: escape them when they are shown.
    """
    if len(line) > LONGEST_LINE_BYTES or not line.isascii():
        raise Damaged("line")
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as cause:
        raise Damaged("line") from cause
    _, at, event, uid = check.read(found, _LINE)
    check.instant_from_text(at, "at")
    others = {name: value for name, value in found.items() if _has_type(name, value)}
    return Line(at, event, uid, others)


def _has_type(name: str, value: object) -> bool:
    if _CHECKS.get(name) is check.checked_boolean:
        return type(value) is bool
    if name in _CHECKS:
        return type(value) is (int if _CHECKS[name] is _count else str)
    return isinstance(value, str | int) and name not in (*_LINE, "seq", "prev")


def _key_id(value: object, _field: str) -> str | None:
    # AWS may send an id in an unknown form, which must not make the call fail.
    return value if isinstance(value, str) and _ACCESS_KEY_ID.fullmatch(value) else None


def _instant(value: object, field: str) -> str:
    return to_iso(check.checked_instant(value, field))


def _process_name(value: object, field: str) -> str:
    found = check.text(LONGEST_LINE_BYTES)(value, field)
    return _NOT_PRINTABLE.sub("?", found)[:_LONGEST_NAME]


def _text(most_bytes: int, *, is_path: bool = False) -> check.Check:
    """Return a function that checks a text and cuts it to `most_bytes` bytes in a journal line.

    It hides what looks like a secret, but not in a path: long folder names look like secrets.
    """

    def cleaned_text(value: object, field: str) -> str:
        if not isinstance(value, str):  # a Secret, for example, must not be written
            raise Damaged(field)
        # A long text is cut first, because searching it for secrets takes time.
        found = value[: 4 * most_bytes]
        found = show(found if is_path else redacted(found))[:most_bytes]
        while (excess := len(json.dumps(found)) - 2 - most_bytes) > 0:
            # As JSON, an ellipsis takes 6 bytes, any other character at most 12.
            found = found[: -max(1, excess // 12)]
        return found

    return cleaned_text


_CHECKS: dict[str, check.Check] = {
    "session": check.matching(SESSION_NAME),
    "account_id": check.matching(ACCOUNT_ID),
    "role": check.matching(ROLE_NAME),
    "chain": _text(400),
    "role_arn": _text(700, is_path=True),
    "access_key_id": _key_id,
    "until": _instant,
    "background": check.checked_boolean,
    "parent": _process_name,
    "terminal": _process_name,
    "user": _text(400),
    "how": check.matching(_WORD),
    "way": check.matching(_WORD),
    "reason": _text(1000),
    "grant": _text(100),
    "rule": _text(400),
    "what": _text(200),
    "before": _text(1000),
    "after": _text(1000),
    "command": check.matching(_COMMAND),
    "file": _text(1000, is_path=True),
    **dict.fromkeys(("others", "added", "changed", "removed"), _count),
}
_ROLE = ("session", "account_id", "role", "chain")
_CALLER = ("parent", "terminal")
_DECISION = (*_ROLE, "way", "reason", "until", "grant", "rule", *_CALLER)
# Each event's fields, in a line's order. `how`: how a sign-in was made ("browser") or ended
# ("revoked"). `way`: how a role was asked for ("exec"). `others`: how many more callers waited.
FIELDS: dict[str, tuple[str, ...]] = {
    "issue": (*_ROLE, "role_arn", "until", "access_key_id", "background", *_CALLER, "others"),
    "sign-in": ("session", "user", "how"),
    "sign-out": ("session", "user", "how"),
    "grant": _DECISION,
    "revoke": _DECISION,
    "release": _DECISION,
    "refused": ("what", *_DECISION),
    "loosened": ("what", "before", "after"),
    "config-write": ("command", "file", "added", "changed", "removed"),
}
EVENTS = tuple(FIELDS)
