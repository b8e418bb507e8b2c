"""Told in time: when a job that runs on will need a person, and its last renewals before that.

Only an end that is known counts: one that is merely assumed causes no notice. Decides and returns;
who serves says it and renews.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import clocks, tokens
from ssohelper.core.instants import duration_text, to_iso
from ssohelper.core.text import show
from ssohelper.errors import LoginRequired

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.model import SsoSession

# The contract's: said at the start, then an hour and a quarter of an hour before.
_TELL_BEFORE_SECONDS = (3600, 900)
# Enough for both calls and some tries of each, little enough to lose no time of work.
LAST_RENEWAL_SECONDS = 120
# Ends are told in whole seconds by several files: less apart is the same end.
_SAME_SECONDS = 60


class Outlook(NamedTuple):
    """What lies ahead of a sign-in. Instants are epoch seconds.

    `needed_at` is when a person is needed, None when nobody knows. `token_until` is the last moment
    at which anything can be renewed, None while tokens follow each other. `is_over`: it has passed.
    """

    needed_at: int | None
    token_until: int | None
    is_over: bool


def outlook(app: App, session: SsoSession) -> Outlook:
    """Return what the files of this machine say; asks nobody."""
    try:
        token = app.tokens.load(session)
    except LoginRequired:
        return Outlook(app.now(), None, True)  # half written, and nobody writes it to its end
    if token is None:
        return Outlook(None, None, True)
    facts = tokens.facts_of(app, session, token)
    if facts.ended_at is not None or not tokens.is_refreshable(app, token):
        return Outlook(token.expires_at, token.expires_at, token.expires_at <= app.now())
    ends_at, source = clocks.sign_in_end(app, session, facts)
    if ends_at is None or source == "assumed":
        return Outlook(None, None, False)
    # A token that outlives the sign-in is the last one.
    token_until = token.expires_at if token.expires_at >= ends_at else None
    return Outlook(ends_at, token_until, False)


def last_renewals(ahead: Outlook) -> list[int]:
    """Return the moments before which all must be renewed once more: as late as AWS allows."""
    moments = {at for at in (ahead.needed_at, ahead.token_until) if at is not None}
    return sorted(moments)


class Reminder:
    """Says each thing once: at the start, an hour and a quarter of an hour before, at the end."""

    def __init__(self, session: SsoSession) -> None:
        self._name = show(session.name)
        self._needed_at: int | None = None
        self._said: set[int] = set()
        self._is_over = False

    def next(self, ahead: Outlook, now: int) -> str | None:
        """Return what is to be said now; None when there is nothing new."""
        was_over, self._is_over = self._is_over, ahead.is_over
        if ahead.is_over:
            return None if was_over else self._over(signed_out=ahead.needed_at is None)
        if ahead.needed_at is None:
            self._needed_at = None
            return f'somebody signed in to "{self._name}" again' if was_over else None
        is_news = self._is_news(ahead.needed_at)
        self._needed_at = ahead.needed_at
        left = ahead.needed_at - now
        due = {before for before in _TELL_BEFORE_SECONDS if left <= before}
        if is_news:
            self._said = set()
        elif due <= self._said:
            return None
        self._said |= due
        if left > 0:
            return self._before(ahead.needed_at, left)
        # Begun after that end: what was issued before it works on, and nothing is sure after it.
        until = ahead.token_until
        return self._before(until, until - now) if is_news and until and until > now else None

    def _is_news(self, needed_at: int) -> bool:
        return self._needed_at is None or abs(needed_at - self._needed_at) > _SAME_SECONDS

    def _before(self, needed_at: int, left: int) -> str:
        return (
            f'a person must sign in to "{self._name}" before {to_iso(needed_at)} '
            f"(in {duration_text(left)}): ssohelper login {self._name}"
        )

    def _over(self, *, signed_out: bool) -> str:
        if signed_out:  # which forgets the role credentials too
            return (
                f'nobody is signed in to "{self._name}" any more: requests fail; '
                f"go on with: ssohelper login {self._name}"
            )
        return (
            f'the sign-in to "{self._name}" is over: role credentials last to their end, '
            f"then requests fail; go on with: ssohelper login {self._name}"
        )
