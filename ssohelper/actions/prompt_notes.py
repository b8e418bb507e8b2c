"""Rewrites the files that shell prompts read, after sign-ins, sign-outs and renewals. Never fails."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ssohelper.actions import clocks
from ssohelper.core import prompt_text
from ssohelper.core.model import RoleKey, SsoSession
from ssohelper.core.sign_in_outlook import PromptClock, prompt_clock
from ssohelper.errors import SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App

_log = logging.getLogger(__name__)
# Another process may sign in or out while we write.
_MOST_ATTEMPTS = 3


def refresh_prompts(app: App, session: SsoSession, *, forget_failures: bool = False) -> None:
    """Rewrite the files that prompts of the session's roles read, to show its present sign-in.

    `forget_failures`, after a sign-in or sign-out, drops the ends of roles whose renewal failed.
    """
    with _log_failure(session.name):
        state, written = app.prompt_state, None
        state.remove_grant_files()
        keys = state.list_roles(session.name)
        for _ in range(_MOST_ATTEMPTS if keys else 0):
            clock = read_clock(app, session)
            if clock == written:
                return
            for key in keys:
                ends_at = None if forget_failures else state.load_role_end(key)
                _write(app, key, clock, ends_at)
            written = clock


def show_failed_renewal(app: App, session: SsoSession, key: RoleKey) -> None:
    """Let prompts count down to the expiry of the cached credentials."""
    with _log_failure(session.name):
        cached = app.credentials.load(key, session)
        if cached is not None and cached.credentials.expires_at > app.clock.aws_now():
            ends_at = app.clock.to_local_time(cached.credentials.expires_at)
            app.prompt_state.remove_grant_files()
            _write(app, key, read_clock(app, session), ends_at)


def show_renewal(app: App, session: SsoSession, key: RoleKey) -> None:
    """Let prompts show when the sign-in ends, after a role was renewed or is no longer assigned."""
    with _log_failure(session.name):
        if app.prompt_state.has_prompt_file(key):
            _write(app, key, read_clock(app, session))


def forget_prompts(app: App, key: RoleKey | None = None) -> None:
    """Make prompts of the role, or all, run ssohelper again: after a grant, or changed settings."""
    with _log_failure(key.session_name if key else "every session"):
        app.prompt_state.remove(key)


def read_clock(app: App, session: SsoSession) -> PromptClock:
    token = app.tokens.load_token_for_display(session)
    return prompt_clock(clocks.outlook_of_token(app, session, token))


def _write(app: App, key: RoleKey, clock: PromptClock, role_ends_at: int | None = None) -> None:
    rows = prompt_text.prompt_rows(clock, role_ends_at)
    app.prompt_state.write(key, prompt_text.prompt_rows_to_line(rows), role_ends_at)


@contextmanager
def _log_failure(session_name: str) -> Iterator[None]:
    try:
        yield
    except (SsoHelperError, OSError) as error:
        _log.info('the prompt files of session "%s" could not be updated: %s', session_name, error)
