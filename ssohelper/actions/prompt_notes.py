"""Rewrites the files that shell prompts read, after sign-ins, sign-outs and renewals.

These functions never fail. If a file cannot be written, that is logged, and prompts still show the
old times.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ssohelper.core import prompt_text
from ssohelper.core.model import RoleKey, SsoSession
from ssohelper.core.sign_in_clock import PromptClock
from ssohelper.core.sign_in_outlook import prompt_clock, sign_in_outlook
from ssohelper.errors import SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App

_log = logging.getLogger(__name__)
# Another process may sign in or out while we write, so we check and write again.
_MOST_ATTEMPTS = 3


def rewrite_prompt_files_of_session(app: App, session: SsoSession) -> None:
    """Rewrite the files that prompts of the session's roles read, to show its present sign-in."""
    _rewrite_prompt_files(app, session, app.prompt_state.load_expiry_after_failed_renewal)


def rewrite_prompt_files_after_sign_in(app: App, session: SsoSession) -> None:
    """Rewrite the session's prompt files after a sign-in or sign-out, without failed renewals."""
    _rewrite_prompt_files(app, session, lambda _key: None)


def show_failed_renewal_in_prompts(app: App, session: SsoSession, key: RoleKey) -> None:
    """After a failed renewal, let prompts count down to the expiry of the cached credentials."""
    with _log_failed_prompt_update(session.name):
        cached = app.credentials.load(key, session)
        if cached is not None and cached.credentials.expires_at > app.clock.aws_now():
            ends_at = app.clock.to_local_time(cached.credentials.expires_at)
            rows = prompt_text.prompt_rows(read_next_expiry_for_prompts(app, session), ends_at)
            app.prompt_state.remove_grant_files()
            app.prompt_state.write(key, prompt_text.prompt_rows_to_line(rows), ends_at)


def show_renewal_in_prompts(app: App, session: SsoSession, key: RoleKey) -> None:
    """Let prompts show when the sign-in ends, after a role was renewed or is no longer assigned."""
    with _log_failed_prompt_update(session.name):
        if app.prompt_state.has_prompt_file(key):
            rows = prompt_text.prompt_rows(read_next_expiry_for_prompts(app, session))
            app.prompt_state.write(key, prompt_text.prompt_rows_to_line(rows))


def make_all_prompts_run_ssohelper_again(app: App) -> None:
    """Make prompts run ssohelper again after settings of guards or of sign-in lengths changed."""
    with _log_failed_prompt_update("every session"):
        app.prompt_state.remove_all_prompt_files()


def make_prompts_of_role_run_ssohelper_again(app: App, key: RoleKey) -> None:
    """Make prompts that show the role run ssohelper again, for example after `guard grant`."""
    with _log_failed_prompt_update(key.session_name):
        app.prompt_state.remove_prompt_file(key)


def read_next_expiry_for_prompts(app: App, session: SsoSession) -> PromptClock:
    """Return the end of the sign-in to which the session's prompts count down. Sends no request."""
    token = app.tokens.load_token_for_display(session)
    hours = app.settings.get("session_hours", session=session.name)
    return prompt_clock(
        sign_in_outlook(token, app.tokens.load_facts(session.name), hours, app.clock.now())
    )


def _rewrite_prompt_files(
    app: App, session: SsoSession, ends_at: Callable[[RoleKey], int | None]
) -> None:
    with _log_failed_prompt_update(session.name):
        app.prompt_state.remove_grant_files()
        keys, written = app.prompt_state.list_roles(session.name), None
        for _ in range(_MOST_ATTEMPTS if keys else 0):
            clock = read_next_expiry_for_prompts(app, session)
            if clock == written:
                return
            for key in keys:
                role_ends_at = ends_at(key)
                rows = prompt_text.prompt_rows(clock, role_ends_at)
                app.prompt_state.write(key, prompt_text.prompt_rows_to_line(rows), role_ends_at)
            written = clock


@contextmanager
def _log_failed_prompt_update(session_name: str) -> Iterator[None]:
    try:
        yield
    except (SsoHelperError, OSError) as error:
        _log.info('the prompt files of session "%s" could not be updated: %s', session_name, error)
