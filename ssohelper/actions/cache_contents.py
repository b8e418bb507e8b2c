"""Lists the files that ssohelper keeps, without their secrets, and removes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import selection
from ssohelper.core import clock_text
from ssohelper.core.model import RoleKey

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.model import SsoSession


class CachedItem(NamedTuple):
    """One file that ssohelper keeps. `expires_at` is None if it does not expire."""

    kind: str
    session: str
    what: str
    path: str
    expires_at: int | None
    key: RoleKey | None = None


def list_cached_items(app: App, session_name: str | None = None) -> list[CachedItem]:
    """Return the saved tokens, credentials and lists of roles, of one session or of all."""
    found = [*_list_sign_in_files(app), *_list_role_credentials(app), *_list_saved_listings(app)]
    return [item for item in found if session_name in (None, item.session)]


def clear_cache(app: App, session_name: str | None = None) -> int:
    """Remove saved credentials and lists of roles; return how many. Sign-ins stay."""
    names = {*app.credentials.list_session_names(), *app.directory.list_session_names()}
    return sum(
        app.credentials.remove_session(name) + app.directory.forget(name)
        for name in sorted(names)
        if session_name in (None, name)
    )


def _list_sign_in_files(app: App) -> list[CachedItem]:
    return [
        CachedItem("sign-in", session.name, content + whose, path, None)
        for session in selection.list_sessions(app)
        for portal in (session, *app.tokens.list_further_portal_sessions(session))
        for whose in [_describe_portal(app, session, portal)]
        for path, content in app.tokens.list_files(portal)
    ]


def _describe_portal(app: App, session: SsoSession, portal: SsoSession) -> str:
    """Return a further region, and whether the config lacks the session."""
    region = f" in {portal.region}" if portal.is_further else ""
    is_listed = selection.is_session_in_config(app, session)
    return region if is_listed else f"{region}, {clock_text.NOT_IN_CONFIG}"


def _list_role_credentials(app: App) -> list[CachedItem]:
    return [
        CachedItem(
            "role credentials",
            key.session_name,
            f"{key.account_id}/{key.role_label}",
            app.credentials.cached_credentials_path(key),
            cached.credentials.expires_at,
            key,
        )
        for key, cached in app.credentials.list_cached_credentials()
    ]


def _list_saved_listings(app: App) -> list[CachedItem]:
    found = []
    for name in app.directory.list_session_names():
        listing = app.directory.load(name)
        if listing:
            what = f"{len(listing.accounts)} accounts"
            found.append(CachedItem("listing", name, what, app.directory.listing_path(name), None))
    return found
