"""Defines grants: permissions to hand out a guarded role for some time, usually on one terminal."""

from __future__ import annotations

from typing import Any, NamedTuple

from ssohelper.core.model import ACCOUNT_ID, CHAIN, ROLE_NAME, SESSION_NAME, RoleKey
from ssohelper.core.schema.fields import Damaged

MOST_SECONDS = 3600
DEFAULT_SECONDS = 1800
# How long before a grant's end the shell prompt begins to show a warning.
WARNING_SECONDS = 600
LONGEST_REASON = 200
# A grant may begin this far in the future: a time service may set the clock back.
_CLOCK_STEP_SECONDS = 5
_NAMES = (SESSION_NAME, ACCOUNT_ID, ROLE_NAME, CHAIN)


class TerminalSession(NamedTuple):
    """`started`: clock ticks between the machine's start and the session's; 0 if unknown."""

    leader: int
    started: int
    terminal: str


class GrantContext(NamedTuple):
    """The caller that a grant must fit. `now`: epoch seconds. `uptime`: seconds since the boot."""

    uid: int
    boot: str
    session: TerminalSession | None
    now: int
    uptime: int


class Grant(NamedTuple):
    """A permission for a guarded role; on all of the user's terminals if `session` is None."""

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
        """Wall clock and uptime must both fit the grant: a clock set back revives no grant."""
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
    return {
        **grant._asdict(),
        "key": list(grant.key if grant.key.chain else grant.key[:3]),
        "session": None if grant.session is None else list(grant.session),
    }


def parse_grant(document: dict[str, Any]) -> Grant:
    """Raises: Damaged."""
    try:
        key, session = RoleKey(*document["key"]), document["session"]
        session = None if session is None else TerminalSession(*session)
        grant = Grant(**{**document, "key": key, "session": session})
        names = zip(_NAMES, key if key.chain else key[:3], strict=False)
        if not (
            all(pattern.fullmatch(text) for pattern, text in names)
            and all(len(text) <= LONGEST_REASON for text in (grant.reason, grant.boot, grant.id))
            and [type(one) for one in session or (0, 0, "")] == [int, int, str]
            and [type(one) for one in grant] == [RoleKey, str, *[int] * 4, str, type(session), str]
        ):
            raise Damaged("values")
    except (TypeError, KeyError) as cause:
        raise Damaged("fields") from cause
    return grant
