"""Writes our tokens for legacy profiles too: those with `sso_start_url` and no sso-session.

For legacy profiles, SDKs look for the token in a file of another name. We write this file after
each sign-in and renewal of ours, for each spelling of the start URL in the config, and remove it at
a sign-out. If a portal has several sessions, the first one in the config serves its legacy
profiles. If only legacy profiles are in use, no process of ours renews the token, so their sign-in
ends with the access token.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.core import adoption
from ssohelper.core.portal_address import is_portal_of
from ssohelper.core.text import show
from ssohelper.errors import LocalState, SsoHelperError, TokenRejected

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.model import AccessToken, SsoSession

_log = logging.getLogger(__name__)


# How long to wait for AWS's answer whether it accepts another tool's token.
_CHECK_SECONDS = 3.0


class FoundToken(NamedTuple):
    """Whether the token file of a legacy profile has a valid token, and whether we wrote it."""

    is_valid: bool
    is_ours: bool


def write_legacy_tokens(
    app: App, session: SsoSession, token: AccessToken, refused_ids: Collection[str] = ()
) -> None:
    """Write the session's new token also to the files that legacy profiles read.

    The caller holds `lock_state`.

    Writes nothing with keyring storage. Overwrites another tool's file only if its token cannot be
    renewed, and has expired or has one of the ids `refused_ids`. Warns of a file that cannot be
    used, such as a link, and writes the others. No failure here fails the sign-in or renewal that
    has just been saved.
    """
    try:
        urls = _find_start_urls_of_legacy_profiles(app, session)
        if not urls:
            return
        ours = find_own_token_ids(app, session) | {token.id}
        for url in urls:
            try:
                if _may_write_token_file(app, url, ours, refused_ids):
                    app.storage.legacy_tokens.save(url, session.region, token)
            except (SsoHelperError, OSError) as error:
                app.warn(f"no token for profiles with sso_start_url = {show(url, 200)}: {error}")
    except (SsoHelperError, OSError) as error:
        _log.info("no token for profiles with sso_start_url: %s", error)


def _may_write_token_file(
    app: App, url: str, own_ids: Collection[str], refused_ids: Collection[str]
) -> bool:
    """Return whether we may write the token file of legacy profiles with this start URL.

    We may if the file is missing, if we wrote it, or if its token is no longer usable.
    """
    tokens = app.storage.legacy_tokens
    if not tokens.has_token_file(url):
        return True
    present = tokens.load(url)
    if present is None:
        return False  # the file has no token, so its owner is unknown
    has_ended = present.expires_at <= app.clock.now() or present.id in refused_ids
    return present.id in own_ids or (has_ended and present.refresh_token is None)


def write_legacy_tokens_if_present(app: App, session: SsoSession, token: AccessToken) -> None:
    """Write the token of an existing sign-in to the files that legacy profiles read.

    Does nothing if the token has been replaced meanwhile.

    Asks AWS about other tools' tokens in these files; a token that AWS refuses is replaced.
    """
    with suppress(SsoHelperError, OSError):
        urls = _find_start_urls_of_legacy_profiles(app, session)
        if not urls:
            return
        # AWS is asked before the lock is taken, because other processes wait for that lock.
        refused = {
            one.id for url in urls if (one := find_legacy_token_that_aws_refuses(app, session, url))
        }
        with app.tokens.lock_state(session.name, app.clock.deadline()):
            present = app.tokens.load_token_for_display(session)
            if present is not None and present.value == token.value:
                write_legacy_tokens(app, session, token, refused)


def find_legacy_token_that_aws_refuses(
    app: App, session: SsoSession, url: str
) -> AccessToken | None:
    """Return the unexpired token for this spelling of the session's URL if AWS refuses it.

    Sends one request with the token, if another tool wrote it and the profiles that use it name the
    session's region. Returns None for a token that AWS accepts, and if AWS gives no answer.
    """
    config = app.config.read()
    entries = [
        one
        for one in adoption.find_legacy_profiles(config, session)
        if one.keys["sso_start_url"] == url
    ]
    if any(one.keys.get("sso_region") != session.region for one in entries):
        return None
    try:
        token = app.storage.legacy_tokens.load(url)
        if token is None or token.expires_at <= app.clock.now():
            return None
        if token.id in find_own_token_ids(app, session):
            return None  # ssohelper's own tokens are not checked here
        app.company_policy.check_portal(session)
        app.aws.portal(session).check_token(token, app.clock.deadline(_CHECK_SECONDS))
    except TokenRejected:
        return token
    except SsoHelperError as error:
        _log.info("not known whether AWS accepts the token of another tool: %s", error)
    return None


def find_other_session_and_its_legacy_profiles(
    app: App, session: SsoSession
) -> tuple[str, list[str]] | None:
    """Return another session's name, and this portal's legacy profiles that use its sign-in."""
    others = adoption.find_other_sessions_of_legacy_profiles(app.config.read(), session)
    if not others:
        return None
    first = next(iter(others.values())).name
    return first, [name for name, serving in others.items() if serving.name == first]


def list_legacy_profiles_served_by_session(app: App, session: SsoSession) -> list[str]:
    """Return the names of the legacy profiles that this session's sign-in serves."""
    if not _find_start_urls_of_legacy_profiles(app, session):
        return []
    found = adoption.find_legacy_profiles_served_by(app.config.read(), session)
    return [entry.name for entry in found]


def remove_legacy_tokens(app: App, session: SsoSession, ids: Collection[str]) -> None:
    """Remove our token files for legacy profiles. `ids` come from an earlier `find_own_token_ids`.

    The caller holds `lock_state`. Raises: LocalState.
    """
    app.storage.legacy_tokens.remove_files_with_tokens(ids, app.tokens.token_file(session))


def list_legacy_token_files(app: App, session: SsoSession) -> list[str]:
    """Return the paths of our token files for the session's legacy profiles in the config."""
    store, own_ids = app.storage.legacy_tokens, find_own_token_ids(app, session)
    return [
        store.path_of_url(url)
        for url in _find_start_urls_of_legacy_profiles(app, session)
        if (token := store.load(url)) is not None and token.id in own_ids
    ]


def find_own_token_ids(app: App, session: SsoSession) -> set[str]:
    """Return the known ids of the access tokens of the session's sign-in."""
    if app.storage.apply_setting() == "keyring":
        # With keyring storage no token was written for legacy profiles, and reading a keyring may
        # hang.
        return set(app.tokens.load_facts(session.name).token_ids)
    return app.tokens.load_token_ids(session)


def _find_start_urls_of_legacy_profiles(app: App, session: SsoSession) -> list[str]:
    if session.is_further or app.storage.apply_setting() == "keyring":
        return []
    return adoption.find_legacy_urls(app.config.read(), session)


def find_legacy_token_of_url(
    app: App, sessions: Sequence[SsoSession], url: str, *, asks_aws: bool
) -> FoundToken:
    """Return whether this spelling of a start URL has a valid token, and whether we wrote it.

    We wrote the token if its id is that of a token of one of these sessions' sign-ins.
    """
    try:
        token = app.storage.legacy_tokens.load(url) if url else None
    except LocalState:
        token = None
    if token is None or token.expires_at <= app.clock.now():
        return FoundToken(False, False)
    same = [one for one in sessions if is_portal_of(one, url)]
    if asks_aws and same and find_legacy_token_that_aws_refuses(app, same[0], url):
        return FoundToken(False, False)
    is_ours = any(token.id in find_own_token_ids(app, one) for one in same)
    return FoundToken(True, is_ours)
