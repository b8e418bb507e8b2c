"""Advance notice that a sign-in ends: each is given once, whichever process renews.

Called by whoever renews: the renewal's process, the broker after a role call, an endpoint.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ssohelper.actions import clocks, tokens
from ssohelper.core import sign_in_notices
from ssohelper.core.freshness import token_margin_seconds
from ssohelper.core.sign_in_notices import Told, counted_end, is_same_end
from ssohelper.core.sign_in_outlook import Outlook
from ssohelper.errors import LoginRequired, SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.model import SsoSession

_log = logging.getLogger(__name__)
# Enough for both calls and some tries of each, little enough to lose no time of work.
LAST_RENEWAL_SECONDS = 120
# The broker's loop tells: it must not stand still while a stopped login holds the lock.
_LOCK_SECONDS = 0.05


def last_renewals(ahead: Outlook) -> list[int]:
    """Return the ends before which token and role credentials are renewed once more."""
    ends = {ahead.needed_at, ahead.token_expires_at if ahead.is_last_token else None}
    return sorted(at for at in ends if at is not None)


def tell_due(
    app: App,
    session: SsoSession,
    next_at: int,
    *,
    is_refused: bool = False,
    even_signed_out: bool = False,
) -> None:
    """Hand the notice that is due, if any, to the user's `notify` command.

    `next_at` is when the next renewal will come. A sign-out is told with `even_signed_out` only: a
    person did that.
    """
    ahead = clocks.outlook(app, session)
    if ahead.reason == "signed out" and not even_signed_out:
        return
    now = app.now()
    due = sign_in_notices.due_marks(ahead, now, next_at, is_refused=is_refused)
    told = app.notice_record.load(session.name)
    if _is_current(told, ahead, now) and due <= told.of(counted_end(ahead, now)):
        return
    is_ours = _record(app, session, ahead, due)
    found = sign_in_notices.notice(session.name, ahead, app.now())
    if is_ours and found is not None:
        app.start_notice(found)


def try_to_tell(
    app: App,
    session: SsoSession,
    next_at: int,
    *,
    is_refused: bool = False,
    even_signed_out: bool = False,
) -> None:
    """Do what `tell_due` does; what goes wrong costs the notice, and never an answer."""
    try:
        tell_due(app, session, next_at, is_refused=is_refused, even_signed_out=even_signed_out)
    except (SsoHelperError, OSError) as trouble:
        _log.info('no notice for "%s": %s', session.name, trouble)


def tell_after_renewal(app: App, session: SsoSession, error: SsoHelperError | None) -> None:
    """Tell what is due after a renewal of the token; `error` is how it ended, None for success."""
    if isinstance(error, LoginRequired):
        try_to_tell(app, session, app.now(), is_refused=True)
    elif error is None:
        token = tokens.peek_token(app, session)
        if token is not None:
            margin = token_margin_seconds(tokens.life_seconds(app, session, token))
            try_to_tell(app, session, token.expires_at - int(margin))


def _record(app: App, session: SsoSession, ahead: Outlook, due: frozenset[str]) -> bool:
    """Note notices as given; return whether this process is the one to give them.

    Raises: LocalState where they cannot be noted. Then none is given: each role call would repeat it.
    """
    with app.tokens.lock_state(session.name, app.deadline(_LOCK_SECONDS)):
        told = app.notice_record.load(session.name)
        now = app.now()
        end = counted_end(ahead, now)
        given = told.of(end) if _is_current(told, ahead, now) else frozenset()
        app.notice_record.save(session.name, Told(end, given | due))
    return not due <= given


def _is_current(told: Told, ahead: Outlook, now: int) -> bool:
    """Return whether the record still applies: one without a time is void after the next sign-in."""
    return told.end is not None or not told.marks or ahead.is_over(now)


class Reminder:
    """The notices that one endpoint prints; it checks every 15 s.

    At its start it prints when a sign-in will be needed, then each notice that is due, and after a
    sign-in that the session works again. Notices that other processes gave do not count here.
    """

    def __init__(self, session: SsoSession) -> None:
        self._name = session.name
        self._said = Told()
        self._has_end = False
        self._is_over = False

    def next(self, ahead: Outlook, now: int, next_at: int) -> str | None:
        """Return what is to be said now, the next look being at `next_at`; None: nothing new."""
        was_over, self._is_over = self._is_over, ahead.is_over(now)
        found = sign_in_notices.notice(self._name, ahead, now)
        if self._is_over:
            return found.message if found and not was_over else None
        if not ahead.is_known:
            self._has_end = False
            return sign_in_notices.signed_in_again(self._name) if was_over else None
        end = counted_end(ahead, now)
        is_news = not (self._has_end and is_same_end(self._said.end, end))
        due = sign_in_notices.due_marks(ahead, now, next_at)
        said = frozenset() if is_news else self._said.marks
        if not is_news and due <= said:
            return None
        self._said, self._has_end = Told(end, said | due), True
        return found.message if found else None
