"""Grants: for how long, why and on which terminal a guarded role may be handed out. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from ssohelper.core.model import ACCOUNT_ID, CHAIN, ROLE_NAME, SESSION_NAME, RoleKey
from ssohelper.core.schema.fields import Damaged

MOST_SECONDS = 3600
DEFAULT_SECONDS = 1800
# How long before a grant's end the shell prompt begins to show a warning.
WARNING_SECONDS = 600
LONGEST_REASON = 200
# How far in the future a grant may begin, since a time service may have set the clock back.
_CLOCK_STEP_SECONDS = 5
_TEXTS = ("reason", "boot", "id")
_NUMBERS = ("granted_at", "ends_at", "uptime", "uid")


class TerminalSession(NamedTuple):
    """A terminal's session: its leader's process id, when that process started, the terminal.

    `started` is in clock ticks since the machine's start, 0 where the system does not tell.
    """

    leader: int
    started: int
    terminal: str


class GrantContext(NamedTuple):
    """The present situation that a grant must fit: user, boot, terminal session, and two clocks.

    `now` is the wall clock (epoch seconds), `uptime` counts seconds since the machine's start.
    """

    uid: int
    boot: str
    session: TerminalSession | None
    now: int
    uptime: int


class Grant(NamedTuple):
    """A grant for a guarded role. With `session` None, it is valid on all of the user's terminals."""

    key: RoleKey
    reason: str
    granted_at: int
    ends_at: int
    uptime: int
    uid: int
    boot: str
    session: TerminalSession | None
    id: str

    def is_in_force(self, here: GrantContext) -> bool:
        """Return whether the grant is valid for this user, boot, terminal and time.

        Both clocks must be within the grant's time: setting the wall clock back does not revive a
        grant.
        """
        life = self.ends_at - self.granted_at
        is_of_here = (self.uid, self.boot) == (here.uid, here.boot)
        is_of_session = self.session is None or self.session == here.session
        return (
            is_of_here
            and is_of_session
            and 0 < life <= MOST_SECONDS
            and -_CLOCK_STEP_SECONDS <= here.now - self.granted_at < life
            and 0 <= here.uptime - self.uptime < life
        )


def grant_document(grant: Grant) -> dict[str, Any]:
    """Return the grant as a JSON object."""
    return {
        **grant._asdict(),
        "key": list(grant.key if grant.key.chain else grant.key[:3]),
        "session": None if grant.session is None else list(grant.session),
    }


def parse_grant(document: dict[str, Any]) -> Grant:
    """Return the grant of this JSON object. Raises: Damaged."""
    if set(document) != set(Grant._fields):
        raise Damaged("fields")
    for name in _TEXTS:
        if not isinstance(document[name], str) or len(document[name]) > LONGEST_REASON:
            raise Damaged(name)
    for name in _NUMBERS:
        if type(document[name]) is not int:
            raise Damaged(name)
    return Grant(
        **{
            **document,
            "key": _parse_role_key(document["key"]),
            "session": _parse_terminal_session(document["session"]),
        }
    )


def _parse_role_key(value: Any) -> RoleKey:
    if not (
        isinstance(value, list)
        and len(value) in (3, 4)
        and all(isinstance(one, str) for one in value)
    ):
        raise Damaged("key")
    key = RoleKey(*value)
    if not (
        SESSION_NAME.fullmatch(key.session_name)
        and ACCOUNT_ID.fullmatch(key.account_id)
        and ROLE_NAME.fullmatch(key.role_name)
        and (not key.chain or CHAIN.fullmatch(key.chain))
    ):
        raise Damaged("key")
    return key


def _parse_terminal_session(value: Any) -> TerminalSession | None:
    if value is None:
        return None
    if not (isinstance(value, list) and [type(one) for one in value] == [int, int, str]):
        raise Damaged("session")
    return TerminalSession(*value)
