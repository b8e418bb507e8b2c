"""Notifies users before a sign-in ends. Each notice is given once, by one process.

A renewal process, the broker and endpoints call this module after they renewed something.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ssohelper.actions import clocks, tokens
from ssohelper.core import freshness, sign_in_notices
from ssohelper.core.freshness import token_margin_seconds
from ssohelper.core.sign_in_notices import GivenNotices, is_same_end, sign_in_end_to_announce
from ssohelper.core.sign_in_outlook import Outlook
from ssohelper.errors import LoginRequired, SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.model import CachedCredentials, SsoSession

_log = logging.getLogger(__name__)
# Token and role credentials are renewed a last time this long before the sign-in or its last token
# ends. This is enough time to try twice; credentials that are renewed earlier also expire earlier.
LAST_RENEWAL_SECONDS = 120
# How long to wait for the session's state lock. The broker's event loop gives notices, so it must
# not wait long for a stopped login that holds the lock.
_LOCK_SECONDS = 0.05


def list_expiries_of_sign_in_and_token(outlook: Outlook) -> list[int]:
    """Return when (epoch seconds) sign-in and last token end. Callers renew credentials before."""
    ends = {outlook.sign_in_needed_at, outlook.token_expires_at if outlook.is_last_token else None}
    return sorted(at for at in ends if at is not None)


def give_due_notice(
    app: App,
    session: SsoSession,
    next_at: int,
    *,
    is_refused: bool = False,
    even_signed_out: bool = False,
) -> None:
    """Run the command in the setting `notify` if a notice is due that a sign-in will be needed.

    `next_at` is when the caller will renew next. `is_refused` says that AWS has just refused a
    renewal. With `even_signed_out`, the notice is given also if the session is signed out;
    otherwise not, because users usually sign out on purpose. While `notify` is not set, nothing is
    recorded as given. Raises: LocalState if the notice cannot be recorded.
    """
    if not app.settings.get("notify"):
        return
    outlook = clocks.load_sign_in_outlook(app, session)
    if outlook.reason == "signed out" and not even_signed_out:
        return
    now = app.clock.now()
    due = sign_in_notices.find_due_notices(outlook, now, next_at, is_refused=is_refused)
    record = app.notice_record.load(session.name)
    if _are_given_notices_current(record, outlook, now) and due <= record.given_notices_of_end(
        sign_in_end_to_announce(outlook, now)
    ):
        return
    is_first = _record_given_notices(app, session, outlook, due)
    found = sign_in_notices.make_notice(session.name, outlook, app.clock.now())
    if is_first and found is not None:
        app.start_notice(found)


def give_notice_before_renewal(app: App, session: SsoSession, cached: CachedCredentials) -> None:
    """Notify the user now if the sign-in ends before SDKs renew these credentials."""
    ends_at = cached.credentials.expires_at
    renewed_at = app.clock.to_local_time(freshness.renewal_required_at(cached.received_at, ends_at))
    try_to_give_due_notice(app, session, renewed_at)


def try_to_give_due_notice(
    app: App,
    session: SsoSession,
    next_at: int,
    *,
    is_refused: bool = False,
    even_signed_out: bool = False,
) -> None:
    """Do what `give_due_notice` does, but log an error instead of raising it."""
    try:
        give_due_notice(
            app, session, next_at, is_refused=is_refused, even_signed_out=even_signed_out
        )
    except (SsoHelperError, OSError) as error:
        _log.info('no notice was given for session "%s": %s', session.name, error)


def give_notice_after_renewal(app: App, session: SsoSession, error: SsoHelperError | None) -> None:
    """Notify the user after a token renewal if that is due. `error` is None after a success."""
    if isinstance(error, LoginRequired):
        try_to_give_due_notice(app, session, app.clock.now(), is_refused=True)
    elif error is None:
        token = tokens.load_token_or_none(app, session)
        if token is not None:
            margin = token_margin_seconds(tokens.load_token_life_seconds(app, session, token))
            try_to_give_due_notice(app, session, token.expires_at - int(margin))


def _record_given_notices(
    app: App, session: SsoSession, outlook: Outlook, due: frozenset[str]
) -> bool:
    """Record these notices as given; return whether this process must give them.

    Raises: LocalState if the notices cannot be recorded. Then no notice is given, because every
    later role call would repeat it.
    """
    with app.tokens.lock_state(session.name, app.clock.deadline(_LOCK_SECONDS)):
        record = app.notice_record.load(session.name)
        now = app.clock.now()
        end = sign_in_end_to_announce(outlook, now)
        given = (
            record.given_notices_of_end(end)
            if _are_given_notices_current(record, outlook, now)
            else frozenset()
        )
        app.notice_record.save(session.name, GivenNotices(end, given | due))
    return not due <= given


def _are_given_notices_current(record: GivenNotices, outlook: Outlook, now: int) -> bool:
    """Return whether the recorded notices belong to the present sign-in.

    A notice that the session is signed out is recorded with `end` None. Such a record is outdated
    once a user signs in.
    """
    return record.end is not None or not record.marks or outlook.is_over(now)


class Reminder:
    """Chooses the notices that one endpoint prints. The endpoint asks for a notice every 15 s.

    The first notice says when a sign-in will be needed. Then each due notice follows. After a new
    sign-in, a notice says that the session works again. A notice is printed even if another process
    has given the same one.
    """

    def __init__(self, session: SsoSession) -> None:
        self._name = session.name
        self._given = GivenNotices()
        self._has_end = False
        self._is_over = False

    def take_due_notice(self, outlook: Outlook, now: int, next_at: int) -> str | None:
        """Return the notice that an endpoint prints now, or None. The next call is at `next_at`."""
        was_over, self._is_over = self._is_over, outlook.is_over(now)
        found = sign_in_notices.make_notice(self._name, outlook, now)
        if self._is_over:
            return found.message if found and not was_over else None
        if not outlook.is_end_known:
            self._has_end = False
            return sign_in_notices.signed_in_again_text(self._name) if was_over else None
        end = sign_in_end_to_announce(outlook, now)
        is_news = not (self._has_end and is_same_end(self._given.end, end))
        due = sign_in_notices.find_due_notices(outlook, now, next_at)
        given = frozenset() if is_news else self._given.marks
        if not is_news and due <= given:
            return None
        self._given, self._has_end = GivenNotices(end, given | due), True
        return found.message if found else None
