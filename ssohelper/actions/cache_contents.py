"""The files that ssohelper keeps, by kind and session: path and expiry, never a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ssohelper.core.model import RoleKey, SsoSession

if TYPE_CHECKING:
    from ssohelper.app import App


class CachedItem(NamedTuple):
    """One saved item. `expires_at` is epoch seconds; None for an item that does not expire."""

    kind: str
    session: str
    what: str
    path: str
    expires_at: int | None
    key: RoleKey | None = None


def list_items(app: App, session_name: str | None = None) -> list[CachedItem]:
    """Return the sign-ins, role credentials and listings of one session, or of all."""
    found = [*_sign_ins(app), *_role_credentials(app), *_listings(app)]
    return [item for item in found if session_name in (None, item.session)]


def clear_cache(app: App, session_name: str | None = None) -> int:
    """Remove the role credentials and listings of one session, or of all; return the file count.

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
            cached.credentials.expires_at,
            key,
        )
        for key, cached in app.credentials.list_entries()
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
