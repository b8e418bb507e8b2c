"""Lets our sign-in serve profiles that have `sso_start_url` themselves, without an sso-session.

The SDKs look for their token in a file of another name. It is written after each sign-in and
renewal of ours, for each spelling of the URL in the config, and removed at a sign-out. Of several
sessions of a portal, the first one in the config serves them. Where only such profiles run, no
process of ours renews: their sign-in then ends with the access token.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING

from ssohelper.core import adoption
from ssohelper.errors import SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.model import AccessToken, SsoSession

_log = logging.getLogger(__name__)


def write(app: App, session: SsoSession, token: AccessToken) -> None:
    """Write the session's new token for these profiles too. The caller holds `lock_state`.

    Nothing is written with keyring storage, or over what another tool wrote, unless that is a token
    that has expired and that nothing can renew. A failure is logged: it must not fail the sign-in or
    the renewal that has just been saved.
    """
    try:
        urls = _find_urls(app, session)
        if not urls:
            return
        ours = find_own_ids(app, session) | {token.id}
        for url in urls:
            if _may_write(app, url, ours):
                app.storage.legacy_tokens.save(url, session.region, token)
    except (SsoHelperError, OSError) as error:
        _log.info("no token for profiles with sso_start_url: %s", error)


def _may_write(app: App, url: str, ours: Collection[str]) -> bool:
    """Return whether the token file for this URL is missing, ours, or of no use any more."""
    tokens = app.storage.legacy_tokens
    if not tokens.has_file(url):
        return True
    present = tokens.load(url)
    if present is None:
        return False  # not a token: whose it is cannot be known
    has_ended = present.expires_at <= app.clock.now() and present.refresh_token is None
    return present.id in ours or has_ended


def write_present(app: App, session: SsoSession, token: AccessToken) -> None:
    """Write the token of a sign-in that is there already, as `write`, unless it was replaced."""
    with suppress(SsoHelperError, OSError):
        if not _find_urls(app, session):
            return
        with app.tokens.lock_state(session.name, app.clock.deadline()):
            present = app.tokens.peek(session)
            if present is not None and present.value == token.value:
                write(app, session, token)


def find_other_server(app: App, session: SsoSession) -> tuple[str, list[str]] | None:
    """Return which other session serves such profiles of this portal, and their names; else None."""
    config = app.config.read()
    server = adoption.find_session_for_legacy_profiles(config, session)
    names = [entry.name for entry in adoption.find_legacy_profiles(config, session)]
    return (server.name, names) if names and server.name != session.name else None


def list_served(app: App, session: SsoSession) -> list[str]:
    """Return the names of such profiles that this session's sign-in serves."""
    config = app.config.read()
    if not _find_urls(app, session):
        return []
    return [entry.name for entry in adoption.find_legacy_profiles(config, session)]


def forget(app: App, session: SsoSession, ids: Collection[str]) -> None:
    """Remove our token files for these profiles. `ids` are those of `find_own_ids`, found before.

    The caller holds `lock_state`. Raises: LocalState.
    """
    app.storage.legacy_tokens.forget(ids, app.tokens.token_file(session))


def list_files(app: App, session: SsoSession) -> list[str]:
    """Return the paths of our token files for these profiles."""
    keep = app.tokens.token_file(session)
    return list(app.storage.legacy_tokens.list_files(find_own_ids(app, session), keep))


def find_own_ids(app: App, session: SsoSession) -> set[str]:
    """Return the ids of the access tokens of the session's sign-in, as far as they are known."""
    if app.storage.name == "keyring":
        # Its token was never written for these profiles, and asking for it may hang.
        return set(app.tokens.load_facts(session.name).token_ids)
    return app.tokens.load_ids(session)


def _find_urls(app: App, session: SsoSession) -> list[str]:
    if session.is_further or app.storage.name == "keyring":
        return []
    return adoption.find_legacy_urls(app.config.read(), session)
