"""Telling the shells' prompts what has changed: one call wherever a sign-in or a role's answer does.

A prompt is worth no failure: what cannot be noted is logged, and the prompt shows what it knew.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ssohelper.core.model import RoleKey, SsoSession
from ssohelper.core.sign_in_clock import PromptClock
from ssohelper.core.sign_in_outlook import outlook, prompt_clock
from ssohelper.errors import SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App

_log = logging.getLogger(__name__)
# Somebody may sign in or out between our look and our write; the next look tells.
_MOST_LOOKS = 3


def sign_in_changed(app: App, session: SsoSession) -> None:
    """Note the session's clock as its token and facts say it now."""
    with _worth_no_failure(session.name):
        noted = None
        for _ in range(_MOST_LOOKS):
            clock = clock_of(app, session)
            if clock == noted:
                return
            app.prompt_state.put_session(session.name, clock, app.tokens.token_file(session))
            noted = clock


def signed_in_anew(app: App, session: SsoSession) -> None:
    """Note a sign-in, or its end: no role of it has failed."""
    sign_in_changed(app, session)
    with _worth_no_failure(session.name):
        app.prompt_state.drop_roles(session.name)


def lengths_changed(app: App) -> None:
    """Note the clocks of all sessions anew: the settings say otherwise how long sign-ins last."""
    with _worth_no_failure("every session"):
        for session in app.config.read().sso_sessions():
            if app.prompt_state.session(session.name) is not None:
                sign_in_changed(app, session)


def renewal_failed(app: App, session: SsoSession, key: RoleKey) -> None:
    """Note that what is kept of this role is not renewed by itself: from now on its end counts."""
    with _worth_no_failure(session.name):
        kept = app.credentials.load(key, session)
        if kept is not None and kept.credentials.expires_at > app.aws_now():
            ends_at = app.local(kept.credentials.expires_at)
            app.prompt_state.put_role(key, PromptClock(ends_at, "known"))


def renewal_works(app: App, key: RoleKey) -> None:
    """Note that the role renews by itself again, or is gone."""
    with _worth_no_failure(key.session_name):
        app.prompt_state.drop_role(key)


def clock_of(app: App, session: SsoSession) -> PromptClock:
    """Return the session's clock from what this machine knows. Asks nobody."""
    token = app.tokens.peek(session)
    hours = app.settings.get("session_hours", session=session.name)
    return prompt_clock(outlook(token, app.tokens.load_facts(session.name), hours, app.now()))


@contextmanager
def _worth_no_failure(session_name: str) -> Iterator[None]:
    try:
        yield
    except (SsoHelperError, OSError) as trouble:
        _log.info('the prompt was not told of "%s": %s', session_name, trouble)
