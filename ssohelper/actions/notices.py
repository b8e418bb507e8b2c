"""Advance notice that a sign-in ends: each is given once, whichever process renews.

Called by whoever renews: the renewal's process, the broker after a role call, an endpoint.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ssohelper.actions import clocks, tokens
from ssohelper.core import sign_in_notices
from ssohelper.core.freshness import token_margin_seconds
from ssohelper.core.sign_in_notices import Outlook, Told, is_same_end
from ssohelper.errors import LoginRequired, SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.model import SsoSession

_log = logging.getLogger(__name__)
# Enough for both calls and some tries of each, little enough to lose no time of work.
LAST_RENEWAL_SECONDS = 120
# The broker's loop tells: it must not stand still while a stopped login holds the lock.
_LOCK_SECONDS = 0.05


def outlook(app: App, session: SsoSession) -> Outlook:
    """Return what the files of this machine say of the sign-in's end."""
    try:
        token = app.tokens.load(session)
    except LoginRequired:
        return Outlook(None, is_over=True)  # half written, and nothing writes it to its end
    if token is None:
        return Outlook(None, is_over=True, is_signed_out=True)
    facts = tokens.facts_of(app, session, token)
    if facts.ended_at is not None or not tokens.is_refreshable(app, token):
        return Outlook(token.expires_at, token.expires_at, token.expires_at <= app.now())
    ends_at, source = clocks.sign_in_end(app, session, facts)
    if ends_at is None or source == "assumed":
        return Outlook(None)
    # A token that outlives the sign-in is the last one.
    token_until = token.expires_at if token.expires_at >= ends_at else None
    return Outlook(ends_at, token_until)


def last_renewals(ahead: Outlook) -> list[int]:
    """Return the moments before which all must be renewed once more: as late as AWS allows."""
    moments = {at for at in (ahead.needed_at, ahead.token_until) if at is not None}
    return sorted(moments)


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
    ahead = outlook(app, session)
    if ahead.is_signed_out and not even_signed_out:
        return
    due = sign_in_notices.due_marks(ahead, app.now(), next_at, is_refused=is_refused)
    told = app.notice_record.load(session.name)
    if _is_current(told, ahead) and due <= told.of(ahead.needed_at):
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
        token = tokens.seen(app, session)
        if token is not None:
            margin = token_margin_seconds(tokens.life_seconds(app, session, token))
            try_to_tell(app, session, token.expires_at - int(margin))


def _record(app: App, session: SsoSession, ahead: Outlook, due: frozenset[str]) -> bool:
    """Note notices as given; return whether this process is the one to give them.

    Raises: LocalState where they cannot be noted. Then none is given: each role call would repeat it.
    """
    with app.tokens.state_lock(session.name, app.deadline(_LOCK_SECONDS)):
        told = app.notice_record.load(session.name)
        given = told.of(ahead.needed_at) if _is_current(told, ahead) else frozenset()
        app.notice_record.save(session.name, Told(ahead.needed_at, given | due))
    return not due <= given


def _is_current(told: Told, ahead: Outlook) -> bool:
    """Return whether the record still applies: one without a time is void after the next sign-in."""
    return told.end is not None or not told.marks or ahead.is_over


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
        was_over, self._is_over = self._is_over, ahead.is_over
        found = sign_in_notices.notice(self._name, ahead, now)
        if ahead.is_over:
            return found.message if found and not was_over else None
        if ahead.needed_at is None:
            self._has_end = False
            return sign_in_notices.signed_in_again(self._name) if was_over else None
        is_news = not (self._has_end and is_same_end(self._said.end, ahead.needed_at))
        due = sign_in_notices.due_marks(ahead, now, next_at)
        said = frozenset() if is_news else self._said.marks
        if not is_news and due <= said:
            return None
        self._said, self._has_end = Told(ahead.needed_at, said | due), True
        return found.message if found else None
