"""Finds the sessions that profiles name but the config does not define, to restore them."""

from __future__ import annotations

import shlex
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.core import session_changes
from ssohelper.core.config_file import DEFAULT_SCOPES
from ssohelper.core.model import SESSION_NAME, SsoSession
from ssohelper.core.text import FEW_NAMES, shortened_name_list, show
from ssohelper.errors import SsoHelperError, UsageProblem

if TYPE_CHECKING:
    from ssohelper.app import App


class MissingSession(NamedTuple):
    """A session that profiles name and the config lacks. `recorded` is the session as last saved."""

    name: str
    profiles: tuple[str, ...]
    recorded: SsoSession | None

    @property
    def reason(self) -> str:
        named = shortened_name_list([f'"{show(one, 60)}"' for one in self.profiles], FEW_NAMES)
        return f"not in the config, and profiles name it: {named}"


def list_missing_sessions(app: App) -> list[MissingSession]:
    """Return the missing sessions, except for names that no session can have. Sends no request."""
    return [
        MissingSession(name, tuple(users), find_recorded_session(app, name))
        for name, users in session_changes.find_undefined_sessions(app.config.read()).items()
        if SESSION_NAME.fullmatch(name)
    ]


def missing_session_error(missing: MissingSession) -> UsageProblem:
    restore = restore_session_command(missing.name, missing.recorded)
    text = f'the session "{show(missing.name, 64)}" is {missing.reason}'
    return UsageProblem(text, hint=f"bring it back with: {restore}")


def not_in_config_error(session: SsoSession) -> UsageProblem:
    restore = restore_session_command(session.name, session)
    return UsageProblem(
        f'you are signed in to "{show(session.name, 64)}", but the session is not in the config',
        hint=f"bring it back with: {restore}; or end the sign-in: ssohelper logout {session.name}",
    )


def describe_missing_session(missing: MissingSession) -> str:
    error = missing_session_error(missing)
    return f"{error.message}; {error.hint}"


def restore_session_command(name: str, recorded: SsoSession | None) -> str:
    url = shlex.quote(show(recorded.start_url, 200)) if recorded else "START_URL"
    command = f"ssohelper setup {url} --session {shlex.quote(show(name, 64))}"
    return f"{command} --region {recorded.region}" if recorded else command


def find_recorded_session(app: App, name: str) -> SsoSession | None:
    """Return the session that a sign-in or a list of roles recorded; None if that is unreadable."""
    with suppress(SsoHelperError):
        for session in app.tokens.load_sessions():
            if session.name == name:
                return session
        listing = app.directory.load(name)
        if listing is not None:
            return SsoSession(name, listing.start_url, listing.region, DEFAULT_SCOPES)
    return None
