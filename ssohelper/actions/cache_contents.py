"""What is kept on this machine, by kind and session: never a secret, only where and until when."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ssohelper.core.model import RoleKey, SsoSession

if TYPE_CHECKING:
    from ssohelper.app import App


class CachedItem(NamedTuple):
    """One thing that is kept. `expires_at` is epoch seconds, None where nothing expires."""

    kind: str
    session: str
    what: str
    path: str
    expires_at: int | None
    key: RoleKey | None = None


def list_items(app: App, session_name: str | None = None) -> list[CachedItem]:
    """Return what is kept, of all sessions or of one: sign-ins, role credentials, listings."""
    found = [*_sign_ins(app), *_role_credentials(app), *_listings(app)]
    return [kept for kept in found if session_name in (None, kept.session)]


def clear_cache(app: App, session_name: str | None = None) -> int:
    """Remove role credentials and listings; returns how many files went.

    Sign-ins stay: `logout` ends them, at AWS too.
    """
    names = {*app.credentials.list_session_names(), *app.directory.list_session_names()}
    return sum(
        app.credentials.forget_session(name) + app.directory.forget(name)
        for name in sorted(names)
        if session_name in (None, name)
    )


def _sign_ins(app: App) -> list[CachedItem]:
    return [
        CachedItem("sign-in", session.name, "token or registration", path, None)
        for session in _sessions(app)
        for path in app.tokens.list_files(session)
    ]


def _role_credentials(app: App) -> list[CachedItem]:
    return [
        CachedItem(
            "role credentials",
            key.session_name,
            f"{key.account_id}/{key.role_name}",
            app.credentials.path_of(key),
            kept.credentials.expires_at,
            key,
        )
        for key, kept in app.credentials.list_entries()
    ]


def _listings(app: App) -> list[CachedItem]:
    found = []
    for name in app.directory.list_session_names():
        listing = app.directory.load(name)
        if listing:
            what = f"{len(listing.accounts)} accounts"
            found.append(CachedItem("listing", name, what, app.directory.path_of(name), None))
    return found


def _sessions(app: App) -> list[SsoSession]:
    return app.config.read().sso_sessions()
