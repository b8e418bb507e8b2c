"""What a person is told before a sign-in ends, and when. Pure: no clock, no disk.

A notice comes from whoever renews: at the last renewal before a threshold, when the next one would
come after it. Only an end that is known counts, never one that is assumed.
"""

from typing import NamedTuple

from ssohelper.core.instants import duration_text, to_iso
from ssohelper.core.text import show

# The value of the setting `notify` that stands for the desktop's own notices.
DESKTOP = "desktop"
# The contract: an hour and a quarter of an hour before the end, and at the end.
_TELL_BEFORE_SECONDS = (3600, 900, 0)
# Several files tell an end, in whole seconds: less apart is the same end.
_SAME_SECONDS = 60
_OVER = "over"
_REFUSED = "refused"


class Outlook(NamedTuple):
    """What lies ahead of a sign-in. Instants are epoch seconds.

    `needed_at` is when a person is needed, None when that is not known. `token_until` is the last
    moment at which anything can be renewed, None while tokens follow each other. `is_over`: a
    person is needed now; `is_signed_out`: because the session has no token.
    """

    needed_at: int | None
    token_until: int | None = None
    is_over: bool = False
    is_signed_out: bool = False


class Told(NamedTuple):
    """Which notices were given of one end (epoch seconds, None where no instant is known)."""

    end: int | None = None
    marks: frozenset[str] = frozenset()

    def of(self, end: int | None) -> frozenset[str]:
        """Return the notices that were given of this end."""
        return self.marks if is_same_end(self.end, end) else frozenset()


class Notice(NamedTuple):
    """A notice; `end` is when a person is (or was) needed, `command` the line to type."""

    session_name: str
    end: int | None
    message: str
    command: str


def due_marks(
    ahead: Outlook, now: int, next_at: int, *, is_refused: bool = False
) -> frozenset[str]:
    """Return the notices that are due, given when the next renewal will come.

    `is_refused`: AWS has just refused to renew the sign-in, which is news in itself.
    """
    if ahead.is_over:
        return frozenset({_OVER})
    if ahead.needed_at is None or ahead.needed_at <= now:
        return frozenset()
    marks = {str(before) for before in _TELL_BEFORE_SECONDS if next_at > ahead.needed_at - before}
    return frozenset(marks | {_REFUSED} if is_refused else marks)


def is_same_end(one: int | None, other: int | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= _SAME_SECONDS


def notice(session_name: str, ahead: Outlook, now: int) -> Notice | None:
    """Return the notice of this outlook; None when there is nothing to tell."""
    command = f"ssohelper login {show(session_name)}"
    if ahead.is_over:
        return Notice(session_name, ahead.needed_at, _over(session_name, ahead, command), command)
    end = ahead.needed_at
    if end is not None and end <= now:
        # After a known end: what was issued before it still works until its own end.
        end = ahead.token_until
    if end is None or end <= now:
        return None
    message = (
        f'a person must sign in to "{show(session_name)}" before {to_iso(end)} '
        f"(in {duration_text(end - now)}): {command}"
    )
    return Notice(session_name, end, message, command)


def signed_in_again(session_name: str) -> str:
    """Return what is said when a session works again."""
    return f'"{show(session_name)}" is signed in again'


def _over(session_name: str, ahead: Outlook, command: str) -> str:
    if ahead.is_signed_out:  # which forgets the role credentials too
        return f'"{show(session_name)}" is signed out: requests fail; go on with: {command}'
    return (
        f'the sign-in to "{show(session_name)}" is over: role credentials last to their end, '
        f"then requests fail; go on with: {command}"
    )
