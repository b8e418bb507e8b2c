"""Rewrites the files that shell prompts read, after sign-ins and sign-outs. Never fails."""

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


def refresh_prompts(app: App, session: SsoSession) -> None:
    """Rewrite the files that prompts of the session's roles read, to show its present sign-in."""
    with _log_failure(session.name):
        state, written = app.prompt_state, None
        state.remove_grant_files()
        keys = state.list_roles(session.name)
        for _ in range(_MOST_ATTEMPTS if keys else 0):
            clock = read_clock(app, session)
            if clock == written:
                return
            rows = prompt_text.prompt_rows_to_line(prompt_text.prompt_rows(clock))
            for key in keys:
                state.write(key, rows)
            written = clock


def forget_prompts(app: App, key: RoleKey | None = None) -> None:
    """Make prompts of the role, or all, run ssohelper again: after a grant, or changed settings."""
    with _log_failure(key.session_name if key else "every session"):
        app.prompt_state.remove(key)


def read_clock(app: App, session: SsoSession) -> PromptClock:
    token = app.tokens.load_token_for_display(session)
    return prompt_clock(clocks.outlook_of_token(app, session, token))


@contextmanager
def _log_failure(session_name: str) -> Iterator[None]:
    try:
        yield
    except (SsoHelperError, OSError) as error:
        _log.info('the prompt files of session "%s" could not be updated: %s', session_name, error)
