"""Waits for a sign-in instead of failing with exit code 4: `wait_for_sign_in`, `exec --hold`.

fastpath.miss waits in the same way, without settings or JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ssohelper.actions import notices
from ssohelper.broker.requests import Wait
from ssohelper.core.instants import duration_text, parse_duration
from ssohelper.core.text import show
from ssohelper.errors import LoginRequired

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.model import SsoSession

# `exec --hold` sets this variable, so that every ssohelper below waits too.
VARIABLE = "SSOHELPER_WAIT_FOR_SIGN_IN"
HOLD = "12h"
_CHECK_SECONDS = 1.0
_T = TypeVar("_T")


def configured_wait_seconds(app: App, session: SsoSession) -> int:
    return parse_wait_seconds(app.settings.get("wait_for_sign_in", session=session.name) or "")


def parse_wait_seconds(text: str) -> int:
    return parse_duration(text) or 0


def exec_hold_duration_text(app: App, session: SsoSession) -> str:
    text = app.settings.get("wait_for_sign_in", session=session.name)
    return str(text) if text and parse_wait_seconds(text) else HOLD


def build_wait_variables(hold_text: str) -> dict[str, str]:
    return {VARIABLE: hold_text} if hold_text else {}


def prepare_wait(app: App, session: SsoSession) -> Wait | None:
    """Notify the user that a sign-in is needed; return how the caller waits, None if it does not."""
    seconds = configured_wait_seconds(app, session)
    notices.give_due_notice(app, session, app.clock.now(), even_signed_out=seconds > 0)
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
        # Read before the action, to notice a sign-in during it.
        before = app.tokens.read_token_file_fingerprint(session)
        try:
            return action()
        except LoginRequired:
            if not seconds:
                raise
            if not has_notified:
                has_notified = True
                notices.give_due_notice(app, session, app.clock.now(), even_signed_out=True)
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
