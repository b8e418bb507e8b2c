"""Makes the entries of the local journal: its events, and the fields that each event may have.

An `Entry` takes only the fields that its event has, and checks each value, so that no secret, no
command line and no control character gets into the journal. `core.journal_lines` makes lines from
entries. No I/O, no clock.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from ssohelper.core.instants import to_iso
from ssohelper.core.model import ACCOUNT_ID, ROLE_NAME, SESSION_NAME, RoleKey
from ssohelper.core.redaction import redacted
from ssohelper.core.schema import fields as check
from ssohelper.core.schema.fields import Damaged
from ssohelper.core.text import show

# The most bytes that a pipe takes in one atomic write. The limits of the single fields keep each
# journal line below this length.
LONGEST_LINE_BYTES = 4096
_WORD = re.compile(r"[a-z][a-z0-9-]{0,31}")
_COMMAND = re.compile(r"[a-z][a-z -]{0,63}")
# Matches IAM's access key ids, but no secret access key or token, which have lower case letters.
_ACCESS_KEY_ID = re.compile(r"[A-Z0-9]{16,32}")
_NOT_PRINTABLE = re.compile(r"[^ -~]")
_MOST = 1 << 53
_LONGEST_NAME = 32


class Entry:
    """One event of the journal with its fields. Fields that are None are left out.

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


# -- making the entries of the journal -------------------------------------------------------------


def issued_entry(
    key: RoleKey,
    *,
    until: int,
    access_key_id: str,
    parent: str,
    terminal: str,
    background: bool = False,
    others: int = 0,
    role_arn: str | None = None,
) -> Entry:
    """Return the entry for role credentials that AWS issued, valid until `until` (epoch seconds).

    `role_arn` is the role that STS issued them for, where `key` is a chain's. `others` is the
    number of other callers that waited for the same credentials.
    """
    # An access key id of an unknown form is left out: it comes from AWS and must not make the call
    # fail.
    known_id = access_key_id if _ACCESS_KEY_ID.fullmatch(access_key_id) else None
    return Entry(
        "issue",
        **_fields_of_role(key),
        until=until,
        access_key_id=known_id,
        background=background,
        parent=parent,
        terminal=terminal,
        others=others,
        role_arn=role_arn,
    )


def signed_in_entry(session: str, *, how: str, user: str | None) -> Entry:
    """Return the journal entry for an interactive sign-in; `how` is "browser" or "device-code"."""
    return Entry("sign-in", session=session, user=user, how=how)


def signed_out_entry(session: str, *, how: str, user: str | None) -> Entry:
    """Return the entry for a sign-out; `how` is "revoked", or "local" when AWS was not reached."""
    return Entry("sign-out", session=session, user=user, how=how)


def decision_entry(
    event: str,
    key: RoleKey,
    parent_and_terminal: tuple[str, str] = ("", ""),
    *,
    way: str | None = None,
    reason: str | None = None,
    until: int | None = None,
    grant: str | None = None,
    rule: str | None = None,
) -> Entry:
    """Return the entry for a decision on one role: "grant", "revoke", "release" or "refused".

    `parent_and_terminal` name the caller's parent process and its terminal.
    `way` is how the role was asked for ("exec"), `rule` the guard rule or the allow-list's pattern,
    `grant` the id of the grant, `until` its end (epoch seconds).
    """
    return Entry(
        event,
        **_fields_of_role(key),
        way=way,
        reason=reason,
        until=until,
        grant=grant,
        rule=rule,
        parent=parent_and_terminal[0],
        terminal=parent_and_terminal[1],
    )


def refused_command_entry(refused_command: str, parent_and_terminal: tuple[str, str]) -> Entry:
    """Return the entry for a refused command, such as "sign in" in a program with an allow-list."""
    return Entry(
        "refused",
        what=refused_command,
        parent=parent_and_terminal[0],
        terminal=parent_and_terminal[1],
    )


def loosened_protection_entry(
    setting_or_rule: str, *, before: str | None, after: str | None
) -> Entry:
    """Return the entry for a changed setting or guard rule that protects less than before."""
    return Entry("loosened", what=setting_or_rule, before=before, after=after)


def config_written_entry(
    command: str, file: str, *, added: int, changed: int, removed: int
) -> Entry:
    """Return the entry for a written configuration file: the counts of sections or keys."""
    return Entry(
        "config-write", command=command, file=file, added=added, changed=changed, removed=removed
    )


def _fields_of_role(key: RoleKey) -> dict[str, str | None]:
    return {
        "session": key.session_name,
        "account_id": key.account_id,
        "role": key.role_name,
        "chain": key.text if key.chain else None,
    }


# -- checks of the values in journal entries -------------------------------------------------------


def _make_pattern_check(pattern: re.Pattern[str]) -> Callable[[object, str], str]:
    return lambda value, field: check.checked_match(value, field, pattern)


def _checked_instant(value: object, field: str) -> str:
    return to_iso(check.checked_instant(value, field))


def _checked_count(value: object, field: str) -> int:
    return check.checked_whole_number(value, field, 0, _MOST)


def _checked_process_name(value: object, field: str) -> str:
    """Return the name of a process or terminal as printable ASCII of at most 32 characters."""
    found = check.checked_text(value, field, LONGEST_LINE_BYTES)
    return _NOT_PRINTABLE.sub("?", found)[:_LONGEST_NAME]


def _make_text_check(most_bytes: int, *, is_path: bool = False) -> Callable[[object, str], str]:
    """Return a function that checks a text and cuts it to `most_bytes` bytes in a journal line.

    The function replaces control characters by visible text and hides what looks like a secret.
    With `is_path` it hides nothing, because long folder names would look like secrets.
    """

    def cleaned_text(value: object, field: str) -> str:
        if not isinstance(value, str):  # a Secret, for example, must not be written
            raise Damaged(field)
        # The text is also cut before secrets are searched in it, since a longer text takes more
        # time.
        found = value[: 4 * most_bytes]
        found = show(found if is_path else redacted(found))
        return _cut_to_bytes(found, most_bytes)

    return cleaned_text


def _cut_to_bytes(text: str, most_bytes: int) -> str:
    """Return the text, cut so that it takes at most `most_bytes` bytes as JSON."""
    text = text[:most_bytes]
    while len(json.dumps(text)) - 2 > most_bytes:
        # In the journal's JSON, an ellipsis takes 6 bytes, any other character at most 12.
        excess = len(json.dumps(text)) - 2 - most_bytes
        text = text[: -max(1, excess // 12)]
    return text


_CHECKS: dict[str, Callable[[object, str], Any]] = {
    "session": _make_pattern_check(SESSION_NAME),
    "account_id": _make_pattern_check(ACCOUNT_ID),
    "role": _make_pattern_check(ROLE_NAME),
    "chain": _make_text_check(400),
    "role_arn": _make_text_check(700, is_path=True),
    "access_key_id": _make_pattern_check(_ACCESS_KEY_ID),
    "until": _checked_instant,
    "background": check.checked_boolean,
    "others": _checked_count,
    "parent": _checked_process_name,
    "terminal": _checked_process_name,
    "user": _make_text_check(400),
    "how": _make_pattern_check(_WORD),
    "way": _make_pattern_check(_WORD),
    "reason": _make_text_check(1000),
    "grant": _make_text_check(100),
    "rule": _make_text_check(400),
    "what": _make_text_check(200),
    "before": _make_text_check(1000),
    "after": _make_text_check(1000),
    "command": _make_pattern_check(_COMMAND),
    "file": _make_text_check(1000, is_path=True),
    "added": _checked_count,
    "changed": _checked_count,
    "removed": _checked_count,
}
_ROLE = ("session", "account_id", "role", "chain")
_CALLER = ("parent", "terminal")
_DECISION = (*_ROLE, "way", "reason", "until", "grant", "rule", *_CALLER)
# The fields of each event, in the order in which a journal line has them.
_FIELDS: dict[str, tuple[str, ...]] = {
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
EVENTS = tuple(_FIELDS)
# The types of those fields of a journal line that are not texts.
_TYPES = {"background": bool, "others": int, "added": int, "changed": int, "removed": int}


def has_type_of_journal_field(name: str, value: object) -> bool:
    """Return whether the value has the type that this field of a journal line must have.

    A field that this version does not know may have a text or a number.
    """
    if name not in _CHECKS:
        return isinstance(value, str | int)
    return type(value) is _TYPES.get(name, str)
