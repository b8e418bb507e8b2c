"""Makes the notices that a sign-in will end soon, and decides when they are due.

A notice is due a fixed time before the end. A process that renews tokens or role credentials gives
the notice at its last renewal before that time. Only known ends have notices, assumed ends have
none. This module reads no clock and no disk.
"""

from typing import NamedTuple

from ssohelper.core.clock_text import has_ended_text
from ssohelper.core.instants import duration_text, to_iso
from ssohelper.core.sign_in_outlook import Outlook
from ssohelper.core.text import show

# The value of the setting `notify` that chooses the desktop's own notifications.
DESKTOP = "desktop"
# Notices are given an hour and a quarter of an hour before the end of a sign-in, and at the end.
_NOTICE_SECONDS_BEFORE = (3600, 900, 0)
# The names of notices: the seconds before the end as text, "over" and "refused".
_AT_END = "0"
# Two calculated ends of a sign-in that differ by at most a minute count as the same end, because
# they are calculated from times that several files hold in whole seconds.
_SAME_END_SECONDS = 60
_OVER = "over"
_REFUSED = "refused"


class GivenNotices(NamedTuple):
    """Which notices of a sign-in's end were given. `end` is epoch seconds, or None if unknown."""

    end: int | None = None
    marks: frozenset[str] = frozenset()

    def given_notices_of_end(self, end: int | None) -> frozenset[str]:
        """Return the names of the notices that have been given for this end of the sign-in."""
        return self.marks if is_same_end(self.end, end) else frozenset()


class Notice(NamedTuple):
    """A notice: from `end` on a new sign-in is needed, for which the user types `command`."""

    session_name: str
    end: int | None
    message: str
    command: str


def sign_in_end_to_announce(outlook: Outlook, now: int) -> int | None:
    """Return the time that notices announce as the end of the sign-in, or None if it is unknown.

    After AWS has refused to renew the token, that time is the expiry of the present token, which
    still works.
    """
    if outlook.reason == "refused" or outlook.is_over(now):
        return outlook.token_expires_at
    return outlook.sign_in_needed_at


def find_due_notices(
    outlook: Outlook, now: int, next_at: int, *, is_refused: bool = False
) -> frozenset[str]:
    """Return which notices are due now, by name, if the next renewal comes at `next_at`.

    `is_refused` means that AWS has just refused to renew the token: then a notice is due as well.
    """
    if outlook.is_over(now):
        return frozenset({_OVER})
    end = sign_in_end_to_announce(outlook, now)
    if end is None:
        return frozenset()
    if end <= now:
        return frozenset({_AT_END})
    marks = {str(before) for before in _NOTICE_SECONDS_BEFORE if next_at > end - before}
    return frozenset(marks | {_REFUSED} if is_refused else marks)


def is_same_end(one: int | None, other: int | None) -> bool:
    """Return whether two ends of a sign-in differ by at most 60 s, or are both None."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= _SAME_END_SECONDS


def make_notice(session_name: str, outlook: Outlook, now: int) -> Notice | None:
    """Return the notice that says when a new sign-in is needed, or None if that is unknown."""
    command = f"ssohelper login {show(session_name)}"
    end, name = sign_in_end_to_announce(outlook, now), show(session_name)
    if outlook.is_over(now):
        return Notice(
            session_name, end, _notice_text_after_end(session_name, outlook, command), command
        )
    if end is None:
        return None
    if outlook.is_sign_in_needed(now):
        # The present token still works until it expires.
        end = outlook.token_expires_at or now
        what = f'the sign-in to "{name}" {has_ended_text(outlook)}: you must sign in again'
    else:
        what = f'you must sign in to "{name}"'
    left = duration_text(end - now)
    return Notice(session_name, end, f"{what} before {to_iso(end)} (in {left}): {command}", command)


def signed_in_again_text(session_name: str) -> str:
    """Return the text of the notice that a session is signed in again."""
    return f'the session "{show(session_name)}" is signed in again'


def _notice_text_after_end(session_name: str, outlook: Outlook, command: str) -> str:
    if outlook.reason == "signed out":  # a sign-out also removes the role credentials
        return (
            f'the session "{show(session_name)}" is signed out: requests fail; '
            f"sign in with: {command}"
        )
    return (
        f'the sign-in to "{show(session_name)}" is over: role credentials work until they expire, '
        f"then requests fail; sign in with: {command}"
    )
