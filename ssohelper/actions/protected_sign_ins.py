"""Refuses a session name while a recorded sign-in at another portal still has that name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssohelper.actions import selection
from ssohelper.core.model import SsoSession
from ssohelper.core.start_url import is_same_session
from ssohelper.core.text import show
from ssohelper.errors import LocalState, UsageProblem

if TYPE_CHECKING:
    from ssohelper.app import App


def find_other_portal(app: App, session: SsoSession) -> SsoSession | None:
    known = selection.find_unlisted_session(app, session.name)
    return None if known is None or is_same_session(known, session) else known


def refuse_other_portal(app: App, session: SsoSession) -> None:
    known = find_other_portal(app, session)
    if known is not None:
        raise UsageProblem(
            f'the session "{session.name}" is signed in at {show(known.start_url)} in '
            f"{known.region}, which is not in the config",
            hint=f"end it first: ssohelper logout {session.name}; or choose another name",
        )


def warn_of_damaged_records(app: App) -> None:
    """Warn of each record that cannot be read, as its sign-in may still exist."""
    for path in app.tokens.list_damaged_records():
        app.warn(f"{_damaged_record_text(path)}; its sign-in may be missing from this list")


def forget_stale_records(app: App, name: str | None = None) -> bool:
    """Remove the records of sign-ins that no longer exist; return whether there was one."""
    app.tokens.remove_temporary_files()
    listed = app.config.read().sso_sessions()
    stale = app.tokens.find_unlisted_sessions(listed, has_sign_in=False)
    stale = [session for session in stale if name in (None, session.name)]
    for session in stale:
        app.tokens.remove_session_record(session.name)
    return bool(stale)


def check_records_readable(app: App) -> None:
    paths = app.tokens.list_damaged_records()
    if paths:
        raise LocalState(
            f"{' and '.join(map(_damaged_record_text, paths))}; its sign-in was not ended",
            hint="end it in the access portal's own menu, then remove that path",
        )


def _damaged_record_text(path: str) -> str:
    return f'the record of a sign-in cannot be read: "{show(path)}"'
