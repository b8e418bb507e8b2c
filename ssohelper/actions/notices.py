"""Notifies users before a sign-in ends, and waits for a sign-in instead of failing with exit code 4.

Each notice is given once, by one process. fastpath.miss waits in the same way, without settings or
JSON.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ssohelper.actions import clocks, tokens
from ssohelper.broker.requests import Wait
from ssohelper.core import clock_text, freshness
from ssohelper.core.instants import duration_text, parse_duration
from ssohelper.core.model import SignInFacts
from ssohelper.core.sign_in_outlook import OVER, Outlook, is_same_end
from ssohelper.core.text import show
from ssohelper.errors import LoginRequired, SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.model import CachedCredentials, SsoSession

_log = logging.getLogger(__name__)
# How long before the end to renew: enough time to try twice. An earlier renewal would give
# credentials that also expire earlier.
LAST_RENEWAL_SECONDS = 120
# The broker's event loop gives notices: it must not wait long for a stopped login.
_LOCK_SECONDS = 0.05
# `exec --hold` sets this variable, so that every ssohelper below waits too.
WAIT_VARIABLE = "SSOHELPER_WAIT_FOR_SIGN_IN"
HOLD = "12h"
_CHECK_SECONDS = 1.0
_T = TypeVar("_T")


def list_expiries(outlook: Outlook) -> list[int]:
    """Return when (epoch seconds) the sign-in and its last token end, for renewals before these
    times.
    """
    ends = {outlook.sign_in_needed_at, outlook.token_expires_at if outlook.is_last_token else None}
    return sorted(at for at in ends if at is not None)


def give_due_notice(
    app: App, session: SsoSession, next_at: int, *, even_signed_out: bool = False
) -> None:
    """Run the command in the setting `notify` if a notice is due that a sign-in will be needed.

    `next_at` is when the caller will renew next. After a sign-out, which is usually intended, the
    notice is given only with `even_signed_out`. After an error no notice is given: without a record
    of it, every later role call would repeat it.
    """
    try:
        outlook = clocks.load_outlook(app, session) if app.settings.get("notify") else None
        if outlook is None or (outlook.reason == "signed out" and not even_signed_out):
            return
        now = app.clock.now()
        stage, end = outlook.notice_stage(now, next_at), outlook.announced_end(now)
        if not _is_news(app.tokens.load_facts(session.name), stage, end):
            return
        with app.tokens.lock_state(session.name, app.clock.deadline(_LOCK_SECONDS)):
            facts = app.tokens.load_facts(session.name)
            if not _is_news(facts, stage, end):
                return
            given = facts._replace(notice_stage=stage or None, notice_end=end)
            app.tokens.save_facts(session.name, given)
        found = clock_text.make_notice(session.name, outlook, now)
        if stage and found is not None:
            app.start_notice(found)
    except (SsoHelperError, OSError) as error:
        _log.info('no notice was given for session "%s": %s', session.name, error)


def give_notice_before_renewal(app: App, session: SsoSession, cached: CachedCredentials) -> None:
    ends_at = cached.credentials.expires_at
    renewed_at = app.clock.to_local_time(freshness.renewal_required_at(cached.received_at, ends_at))
    give_due_notice(app, session, renewed_at)


def give_notice_after_renewal(app: App, session: SsoSession, error: SsoHelperError | None) -> None:
    token = tokens.load_token_or_none(app, session)
    if isinstance(error, LoginRequired):
        give_due_notice(app, session, app.clock.now())
    elif error is None and token is not None:
        margin = freshness.token_margin_seconds(tokens.load_token_life_seconds(app, session, token))
        give_due_notice(app, session, token.expires_at - int(margin))


def _is_news(facts: SignInFacts, stage: int, end: int | None) -> bool:
    """Return whether this notice was not given yet.

    If no end is known, another stage means that a user has signed in or out since.
    """
    given = facts.notice_stage or 0
    if not is_same_end(facts.notice_end, end):
        return stage > 0
    return stage > given if end is not None else stage != given


class Reminder:
    """Chooses the notices that one endpoint prints, even if another process gave the same notice.

    The first notice says when a sign-in will be needed, the next, after a new sign-in, that it
    works again.
    """

    def __init__(self, session: SsoSession) -> None:
        self._name = session.name
        self._given: tuple[int, int | None] | None = None

    def take_due_notice(self, outlook: Outlook, now: int, next_at: int) -> str | None:
        """Return the notice to print now, or None. The next call is at `next_at`."""
        stage, end = outlook.notice_stage(now, next_at), outlook.announced_end(now)
        before, self._given = self._given, (stage, end)
        was_over = before is not None and before[0] == OVER
        if stage != OVER and end is None:
            self._given = None
            return f'the session "{show(self._name)}" is signed in again' if was_over else None
        if before is not None and was_over == (stage == OVER):
            if stage == OVER:
                return None
            if is_same_end(before[1], end) and stage <= before[0]:
                self._given = before
                return None
        found = clock_text.make_notice(self._name, outlook, now)
        return found.message if found else None


# -- waiting for a sign-in -----------------------------------------------------------------------


def configured_wait_seconds(app: App, session: SsoSession) -> int:
    return parse_wait_seconds(app.settings.get("wait_for_sign_in", session=session.name) or "")


def parse_wait_seconds(text: str) -> int:
    return parse_duration(text) or 0


def exec_hold_duration_text(app: App, session: SsoSession) -> str:
    text = app.settings.get("wait_for_sign_in", session=session.name)
    return str(text) if text and parse_wait_seconds(text) else HOLD


def build_wait_variables(hold_text: str) -> dict[str, str]:
    return {WAIT_VARIABLE: hold_text} if hold_text else {}


def prepare_wait(app: App, session: SsoSession) -> Wait | None:
    """Notify the user that a sign-in is needed; return how the caller waits, None if it must not
    wait.
    """
    seconds = configured_wait_seconds(app, session)
    give_due_notice(app, session, app.clock.now(), even_signed_out=seconds > 0)
    if not seconds:
        return None
    line = show(f"ssohelper: notice: {_waiting_message(session, seconds)}")
    return Wait(seconds, app.tokens.token_file(session), line)


def retry_after_sign_in(
    app: App,
    session: SsoSession,
    seconds: int,
    action: Callable[[], _T],
    *,
    say: Callable[[str], None],
) -> _T:
    """Return the action's result. If it raises LoginRequired, repeat it after a sign-in by any
    tool.
    """
    ends_at = app.clock.monotonic() + seconds
    has_notified = False
    while True:
        # The token's state is read before the action, to notice a sign-in during the action.
        before = app.tokens.read_token_file_fingerprint(session)
        try:
            return action()
        except LoginRequired:
            if not seconds:
                raise
            if not has_notified:
                has_notified = True
                give_due_notice(app, session, app.clock.now(), even_signed_out=True)
                say(_waiting_message(session, seconds))
            if not _wait_for_token_change(app, session, before, ends_at):
                raise


def _wait_for_token_change(app: App, session: SsoSession, before: str, ends_at: float) -> bool:
    while app.tokens.read_token_file_fingerprint(session) == before:
        left = ends_at - app.clock.monotonic()
        if left <= 0:
            return False
        app.clock.sleep(min(left, _CHECK_SECONDS))
    return True


def _waiting_message(session: SsoSession, seconds: int) -> str:
    return (
        f'waiting up to {duration_text(seconds)} for a sign-in to "{session.name}": '
        f"ssohelper login {session.name}"
    )
