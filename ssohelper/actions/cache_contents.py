"""Lists the files that ssohelper keeps, without their secrets, and removes them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import selection
from ssohelper.core import clock_text
from ssohelper.core.model import RoleKey

if TYPE_CHECKING:
    from ssohelper.app import App


class CachedItem(NamedTuple):
    """One file that ssohelper keeps. `expires_at` is None if it does not expire."""

    kind: str
    session: str
    what: str
    path: str
    expires_at: int | None
    key: RoleKey | None = None


def list_cached_items(app: App, session_name: str | None = None) -> list[CachedItem]:
    found = (_list_sign_in_files(app), _list_role_credentials(app), _list_saved_listings(app))
    return [item for item in chain(*found) if session_name in (None, item.session)]


def clear_cache(app: App, session_name: str | None = None) -> int:
    """Remove saved credentials and lists of roles; return how many. Sign-ins stay."""
    names = {*app.credentials.list_session_names(), *app.directory.list_session_names()}
    return sum(
        app.credentials.remove_session(name) + app.directory.forget(name)
        for name in sorted(names)
        if session_name in (None, name)
    )


def _list_sign_in_files(app: App) -> Iterator[CachedItem]:
    for session in selection.list_sessions(app):
        is_listed = selection.is_session_in_config(app, session)
        lacking = "" if is_listed else f", {clock_text.NOT_IN_CONFIG}"
        for portal in (session, *app.tokens.list_further_portal_sessions(session)):
            region = f" in {portal.region}" if portal.is_further else ""
            for path, content in app.tokens.list_files(portal):
                yield CachedItem("sign-in", session.name, content + region + lacking, path, None)


def _list_role_credentials(app: App) -> Iterator[CachedItem]:
    for key, cached in app.credentials.list_cached_credentials():
        path, ends_at = app.credentials.cached_credentials_path(key), cached.credentials.expires_at
        what = f"{key.account_id}/{key.role_label}"
        yield CachedItem("role credentials", key.session_name, what, path, ends_at, key)


def _list_saved_listings(app: App) -> Iterator[CachedItem]:
    for name in app.directory.list_session_names():
        listing = app.directory.load(name)
        if listing:
            what = f"{len(listing.accounts)} accounts"
            yield CachedItem("listing", name, what, app.directory.listing_path(name), None)
