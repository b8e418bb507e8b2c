"""Finds a role's cached credentials, or gets new ones from AWS; writes published responses.

Runs in the broker, or in a caller's process if no broker can run.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from ssohelper.actions import clocks, notices, regions, selection, tokens
from ssohelper.broker.requests import AskedBy, FoundCredentials
from ssohelper.core import chains, freshness
from ssohelper.core.freshness import Freshness
from ssohelper.core.instants import from_iso
from ssohelper.core.lineage import Validity, validity_of_credentials
from ssohelper.core.model import (
    AccessToken,
    CachedCredentials,
    Role,
    RoleCredentials,
    RoleKey,
    SsoSession,
)
from ssohelper.core.schema import credential_records as schema
from ssohelper.core.schema.credential_records import credential_document
from ssohelper.core.schema.fields import Damaged
from ssohelper.errors import (
    BadAnswer,
    KeyringUnavailable,
    LocalState,
    LockNotObtained,
    LoginRequired,
    NotOurs,
    RoleNotAssigned,
    SsoHelperError,
    Superseded,
    TokenRejected,
)

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.deadline import Deadline
    from ssohelper.stores.stamps import SessionStamp
    from ssohelper.wire.portal import Portal

# AWS normally answers in well under a second.
CALL_SECONDS = 10.0
_LOCK_SECONDS = 5.0
# Short, because the broker's loop waits for the lock, once for each caller.
_LOOP_LOCK_SECONDS = 0.05
_DOUBTFUL = (
    "another tool changed the sign-in since these credentials were issued, and AWS cannot be "
    "reached to renew them"
)

# With less than 60 s left, credentials may expire before AWS gets the request.
_LEAST_SECONDS = 60


def find_credentials(app: App, key: RoleKey, least_share: float = 0.0) -> FoundCredentials:
    """Return the role's cached credentials, and whether they may be used without asking AWS.

    Writes a lost published response again. Raises: ConfigInvalid for an unknown session, NotOurs,
    KeyringUnavailable.
    """
    session = selection.require_session(app, key.session_name)
    stamp = app.take_session_stamp(session)
    if stamp.is_of_other_portal:
        _forget_other_portal(app, session)
    account_id = chains.find_account_id(app.config.read(), key)
    try:
        cached = app.credentials.load(key, session)
    except KeyringUnavailable:
        found = find_published_response(app, session, key, stamp)
        if found is None:
            raise
        return found
    if cached is not None and cached.chain_id != chains.find_chain_id(app.config.read(), key):
        cached = None  # the chain was edited after STS issued these credentials
    state = _freshness_of_credentials(app, cached) if cached else Freshness.TOO_LATE
    if cached is None or state is Freshness.TOO_LATE:
        return FoundCredentials()
    token, standing = _load_token_and_validity(app, session, cached)
    if standing is Validity.DOUBTFUL:
        token, standing = _reload_token_and_validity(app, session, cached)
    if standing is Validity.SIGNED_OUT:
        return FoundCredentials()
    document = credential_document(cached.credentials, account_id)
    left = cached.credentials.expires_at - app.clock.aws_now()
    if standing is Validity.DOUBTFUL:
        return FoundCredentials(document, warning=_DOUBTFUL)
    is_due = state is Freshness.SERVE_AND_RENEW
    if is_due and not tokens.may_renew_in_background(app):
        least_share = max(least_share, freshness.SHARE_WITHOUT_BACKGROUND)
    if state is Freshness.RENEW_FIRST or left < cached.life_seconds * least_share:
        return FoundCredentials(document)
    due_token_id = regions.load_due_token_id(app, session, token)
    is_published = (
        not stamp.is_stale and app.credentials.load_response_expiry(key) > app.clock.now()
    )
    if not is_published and not _try_to_publish(
        app, session, key, cached, is_due=is_due or due_token_id is not None
    ):
        return FoundCredentials()
    return FoundCredentials(document, True, is_due, due_token_id)


def issue_credentials(app: App, key: RoleKey, asked_by: AskedBy) -> bytes:
    """Get the role's credentials from AWS, cache and publish them, and return them as JSON.

    Sends one request to a region; if it does not answer, asks the next one. Raises: LoginRequired,
    TokenRejected (with the token's id), RoleNotAssigned, AwsUnreachable, LocalState; Superseded if
    a sign-in or sign-out happened meanwhile.
    """
    session = selection.require_session(app, key.session_name)
    role = Role(key.account_id, key.role_name)
    token = app.tokens.load(session)
    if token is None:
        raise tokens.signed_out_error(session)
    deadline = app.clock.deadline(CALL_SECONDS)

    def ask_portal(at: SsoSession, limit: Deadline) -> tuple[RoleCredentials, Portal, str]:
        sent = tokens.ensure_valid_token(app, at, limit) if at.is_further else token
        portal = app.aws.portal(at)
        try:
            issued = app.vault.issue_role_credentials(session, role, sent, limit, asked_by, portal)
        except TokenRejected as error:
            error.token_id = sent.id
            raise
        return issued, portal, at.region

    try:
        credentials, portal, region = regions.ask_regions_in_turn(
            app, session, regions.CALL_SECONDS, deadline, ask_portal
        )
    except RoleNotAssigned as error:
        forget_unassigned_role(app, session, key, token)
        listing = app.directory.load(session.name)
        if listing is not None and listing.is_of_portal_of(session):
            error.hint = listing.hint_about_listed_roles(role) + (error.hint or "")
        raise
    app.clock.learn_aws_time(portal.answered_at())
    cached = checked_credentials(app, f"the access portal in {region}", credentials, token.id)
    save_credentials(app, session, key, cached)
    notices.give_notice_before_renewal(app, session, cached)
    return credential_document(credentials, key.account_id)


def checked_credentials(
    app: App, service: str, credentials: RoleCredentials, token_id: str
) -> CachedCredentials:
    """Return the new credentials with the time (AWS's clock) when they arrived. Raises: BadAnswer."""
    try:
        return schema.credentials_with_receipt(credentials, app.clock.aws_now(), token_id)
    except Damaged as damage:
        ends = (
            "credentials that have an expiration in the past"
            if credentials.expires_at <= app.clock.aws_now()
            else "credentials that have a lifetime of more than 12 h"
        )
        raise BadAnswer(
            f"{service} answered with {ends}",
            hint="check this machine's clock, the network and HTTPS_PROXY, then try again",
        ) from damage


def find_renewal_time(app: App, session: SsoSession, cached: CachedCredentials) -> int:
    """Return when (epoch seconds) the credentials or the token reach half of their lifetime.

    The token's time counts because SDKs renew a token with less than 15 min left themselves.
    """
    half = app.clock.to_local_time(
        freshness.half_life_at(cached.received_at, cached.credentials.expires_at)
    )
    token_due_at = tokens.load_token_renewal_time(app, regions.list_portals_to_ask(app, session)[0])
    return half if token_due_at is None else min(half, token_due_at)


def _load_token_and_validity(
    app: App, session: SsoSession, cached: CachedCredentials
) -> tuple[AccessToken | None, Validity]:
    try:
        token = app.tokens.load(session)
    except (LoginRequired, LocalState):
        # An unreadable token is no sign-out, so cached credentials are still good.
        return None, Validity.CURRENT
    facts = app.tokens.load_facts(session.name)
    return token, validity_of_credentials(cached.token_id, token, facts)


def _reload_token_and_validity(
    app: App, session: SsoSession, cached: CachedCredentials
) -> tuple[AccessToken | None, Validity]:
    """Check the credentials again under the state lock.

    A renewal may have written its token and not recorded it yet. Waits for 50 ms at most, because
    the broker's loop is blocked meanwhile.
    """
    with (
        suppress(LockNotObtained),
        app.tokens.lock_state(session.name, app.clock.deadline(_LOOP_LOCK_SECONDS)),
    ):
        return _load_token_and_validity(app, session, cached)
    return _load_token_and_validity(app, session, cached)


def save_credentials(
    app: App, session: SsoSession, key: RoleKey, cached: CachedCredentials
) -> None:
    """Cache new credentials and write the role's published response.

    Does neither if the sign-in or portal changed since the request. With a full disk the caller
    still gets the credentials, but the next caller asks AWS again.
    """
    try:
        with app.tokens.lock_state(session.name, app.clock.deadline(_LOCK_SECONDS)):
            may_publish = _may_write_published_response(app, session, key, cached)
            app.vault.save(key, session, cached)
            if may_publish:
                _write_published_response(app, session, key, cached, is_due=False)
        # another tool may have signed in: then prompts show that
        clocks.refresh_prompts(app, session)
    except (LockNotObtained, NotOurs, Superseded):
        raise
    except (LocalState, OSError) as cause:
        app.warn(f"the credentials could not be saved: {cause}")


def _try_to_publish(
    app: App, session: SsoSession, key: RoleKey, cached: CachedCredentials, *, is_due: bool
) -> bool:
    """Publish unless the lock is taken; return whether the credentials are of the present sign-in."""
    try:
        with app.tokens.lock_state(session.name, app.clock.deadline(0.0)):
            if _may_write_published_response(app, session, key, cached):
                _write_published_response(app, session, key, cached, is_due=is_due)
        return True
    except Superseded:
        return False
    except LockNotObtained:  # the process that holds the lock may change the sign-in
        return _load_token_and_validity(app, session, cached)[1] is Validity.CURRENT


def _may_write_published_response(
    app: App, session: SsoSession, key: RoleKey, cached: CachedCredentials
) -> bool:
    """Return whether the credentials may be published. The caller must hold the state lock.

    Raises: Superseded for another sign-in, portal or chain.
    """
    stamp = app.take_session_stamp(session)
    present = selection.require_session(app, session.name)
    token, standing = _load_token_and_validity(app, session, cached)
    if present != session or standing is not Validity.CURRENT:
        raise Superseded(f'the sign-in to "{session.name}" changed meanwhile')
    if cached.chain_id != chains.find_chain_id(app.config.read(), key):
        raise Superseded(f'the profile "{key.text}" changed meanwhile')
    if token is None:
        return False  # the token file cannot be read: the sign-in is unknown
    if stamp.is_of_other_portal:
        app.credentials.remove_session(session.name)
    try:
        return stamp.prepare_publishing(
            lambda: app.credentials.delete_session_responses(session.name)
        )
    except LocalState as cause:
        app.warn(f"the credentials work, but were not published (later calls are slower): {cause}")
        return False


def _forget_other_portal(app: App, session: SsoSession) -> None:
    with (
        suppress(LockNotObtained),
        app.tokens.lock_state(session.name, app.clock.deadline(0.0)),
    ):
        if app.take_session_stamp(session).is_of_other_portal:
            app.credentials.remove_session(session.name)


def _write_published_response(
    app: App, session: SsoSession, key: RoleKey, cached: CachedCredentials, *, is_due: bool
) -> None:
    """Write the published response that the launcher prints, unless the role is guarded.

    The caller must hold the state lock. Credentials due for renewal are published for only 30 s,
    and never past `renewal_required_at`, when botocore would run our command for each request.
    """
    try:
        permit = app.vault.permit_publishing(key)
        if permit is None:
            return
        until = find_renewal_time(app, session, cached)
        if is_due:
            ends_at = freshness.renewal_required_at(
                cached.received_at, cached.credentials.expires_at
            )
            until = min(app.clock.now() + freshness.RETRY_SECONDS, app.clock.to_local_time(ends_at))
        document = credential_document(
            cached.credentials, chains.find_account_id(app.config.read(), key)
        )
        app.vault.publish(permit, document, until, app.clock.now())
    except (SsoHelperError, OSError) as cause:  # such as an error in the settings file
        app.warn(f"the credentials work, but were not published (later calls are slower): {cause}")


def forget_unassigned_role(app: App, session: SsoSession, key: RoleKey, token: AccessToken) -> None:
    try:
        with app.tokens.lock_state(session.name, app.clock.deadline(_LOCK_SECONDS)):
            present = app.tokens.load(session)
            if present is not None and present.id == token.id:
                app.credentials.remove_role(key)
    except (SsoHelperError, OSError) as cause:
        app.warn(f"cached credentials of a role that is no longer assigned remain: {cause}")


def _freshness_of_credentials(app: App, cached: CachedCredentials) -> Freshness:
    now = app.clock.aws_now()
    left = cached.credentials.expires_at - now
    return freshness.freshness_of_credentials(cached.life_seconds, left, now - cached.received_at)


def find_published_response(
    app: App, session: SsoSession, key: RoleKey, stamp: SessionStamp
) -> FoundCredentials | None:
    """Return the unexpired published response while the keyring, with the cache's key, is not
    available.

    Returns an empty `FoundCredentials` if the session is signed out.
    """
    if not app.tokens.read_token_file_fingerprint(session):
        return FoundCredentials()
    document = app.credentials.load_published_document(key) if stamp.is_current else None
    if document is None:
        return None
    try:
        expires_at = from_iso(json.loads(document)["Expiration"])
    except (ValueError, KeyError, TypeError):
        return None
    if expires_at is None or expires_at - app.clock.aws_now() < _LEAST_SECONDS:
        return None
    return FoundCredentials(document, True)
