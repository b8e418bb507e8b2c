"""Wait for a person's sign-in in place of exit code 4: `wait_for_sign_in` and `exec --hold`.

Any tool's sign-in counts: it writes the session's token file. `fastpath.miss` waits in the same way
for callers of the broker, without our settings and JSON.
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

# By this every ssohelper below `exec --hold` waits too: it is the setting's own variable.
VARIABLE = "SSOHELPER_WAIT_FOR_SIGN_IN"
# How long `exec --hold` waits where the settings say nothing.
HOLD = "12h"
_LOOK_SECONDS = 1.0
_T = TypeVar("_T")


def configured_wait_seconds(app: App, session: SsoSession) -> int:
    """Return how long a call waits for a sign-in; 0: it does not."""
    return parse_wait_seconds(app.settings.get("wait_for_sign_in", session=session.name) or "")


def parse_wait_seconds(text: str) -> int:
    """Return the seconds of a duration of the settings; 0 for none."""
    return parse_duration(text) or 0


def hold_text(app: App, session: SsoSession) -> str:
    """Return for how long `exec --hold` waits, as the settings write a duration."""
    text = app.settings.get("wait_for_sign_in", session=session.name)
    return str(text) if text and parse_wait_seconds(text) else HOLD


def child_variables(hold_text: str) -> dict[str, str]:
    """Return what makes every ssohelper below this process wait; nothing for ""."""
    return {VARIABLE: hold_text} if hold_text else {}


def prepare_wait(app: App, session: SsoSession) -> Wait | None:
    """Start the notice that a sign-in is needed; return how the caller waits, None: it fails at once."""
    seconds = configured_wait_seconds(app, session)
    notices.try_to_give_due_notice(app, session, app.now(), even_signed_out=seconds > 0)
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
    """Return what the action returns; while it needs a sign-in, wait for one for so many seconds.

    Raises: LoginRequired when none came; what else the action raises, at once.
    """
    ends_at = app.monotonic() + seconds
    has_told = False
    while True:
        # Before the action: a sign-in that comes during it is not missed.
        seen = app.tokens.read_fingerprint(session)
        try:
            return action()
        except LoginRequired:
            if not seconds:
                raise
            if not has_told:
                has_told = True
                notices.try_to_give_due_notice(app, session, app.now(), even_signed_out=True)
                say(_waiting_message(session, seconds))
            if not _wait_for_change(app, session, seen, ends_at):
                raise


def _wait_for_change(app: App, session: SsoSession, seen: str, ends_at: float) -> bool:
    """Wait until the token file is another than `seen`; return False when the time is over."""
    while app.tokens.read_fingerprint(session) == seen:
        left = ends_at - app.monotonic()
        if left <= 0:
            return False
        app.sleep(min(left, _LOOK_SECONDS))
    return True


def _waiting_message(session: SsoSession, seconds: int) -> str:
    return (
        f'waiting up to {duration_text(seconds)} for a sign-in to "{session.name}": '
        f"ssohelper login {session.name}"
    )
