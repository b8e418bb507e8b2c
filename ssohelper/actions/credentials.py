"""Hands out a role's credentials after `App.vault` has applied the guard rules. No other module
does.

The session's broker asks AWS once for all its callers (docs/decisions/0011); if no broker can run,
this process does so with the same code. Never prompts, never imports actions.login.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ssohelper.actions import broker_work, issuing, regions
from ssohelper.broker import wording
from ssohelper.broker.limits import PATIENCE_SECONDS
from ssohelper.broker.loop import Loop
from ssohelper.broker.requests import AskedBy, Caller, Reply, Request
from ssohelper.core.model import Role, RoleCredentials, RoleKey, SsoSession
from ssohelper.core.schema.credential_records import parse_credential_document
from ssohelper.errors import AwsUnreachable, LocalState, SsoHelperError
from ssohelper.fastpath import broker_client, calling_process, published

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssohelper.app import App
    from ssohelper.core.deadline import Deadline
    from ssohelper.core.policy import ReleasePermit, Way

_log = logging.getLogger(__name__)

# The share of their lifetime that credentials must have left: for a job that gets them once; not
# yet due for renewal; above 1: always ask AWS.
NEARLY_WHOLE = 0.9
_HALF = 0.501
_ASK_AWS = 2.0


def release_credentials(
    app: App,
    session: SsoSession,
    role: Role,
    way: Way,
    deadline: Deadline,
    *,
    least_share: float = 0.0,
) -> RoleCredentials:
    """Return unexpired credentials of the role, from the cache or from AWS.

    If AWS does not answer within 4 s, cached credentials with less than `least_share` left are
    returned. Raises: LoginRequired (4), RoleNotAssigned (5), AwsUnreachable (6), LocalState (7),
    Refused (9).
    """
    permit = app.vault.permit_release(session.key_of(role), way)
    if deadline.has_passed:
        reply = _reply_from_cache(app, permit)
    else:
        reply = _ask_broker(app, permit, deadline, least_share)
    for warning in reply.warnings:
        app.warn(warning)
    if reply.error is not None:
        raise reply.error
    return parse_credential_document(reply.document)


def find_published_credentials(
    key: RoleKey, environ: Mapping[str, str], now: int
) -> RoleCredentials | None:
    """Return the credentials that the launcher would print now; for a guarded role, None."""
    document = published.find_published_document(key.parts, environ, now)
    return parse_credential_document(document) if document else None


def find_cached_credentials(
    app: App,
    session: SsoSession,
    role: Role,
    way: Way,
    *,
    allow_due: bool = False,
    allow_doubtful: bool = False,
) -> RoleCredentials | None:
    """Return cached credentials that need no renewal before use, or None. Never waits.

    `allow_due` also accepts credentials due for renewal, if AWS is slow. `allow_doubtful` also
    accepts credentials that may be another user's, with a warning, if AWS cannot be reached.
    Raises: Refused (9).
    """
    found = issuing.find_credentials(app, app.vault.permit_release(session.key_of(role), way).key)
    if not found.document or not (found.is_good or allow_due):
        return None
    if found.warning is not None:
        if not allow_doubtful:
            return None
        app.warn(found.warning)
    return parse_credential_document(found.document)


def has_cached_credentials(app: App, key: RoleKey) -> bool:
    """Return whether the cache has usable credentials; True also if the cache cannot be read.

    The request for the credentials then reports the error.
    """
    try:
        found = issuing.find_credentials(app, key)
    except SsoHelperError:
        return True
    return bool(found.document) and found.warning is None


def renew_credentials_early(
    app: App, session: SsoSession, role: Role, way: Way, deadline: Deadline
) -> None:
    """Renew the session's token, then the role's credentials, each if half of its lifetime is over."""
    token = app.tokens.load(session)
    token_id = regions.load_due_token_id(app, session, token)
    if token_id is not None:
        regions.renew_token(app, session, token_id, deadline)
    if load_renewal_time(app, session, role) <= app.clock.now():
        release_credentials(app, session, role, way, deadline, least_share=_HALF)


def replace_cached_credentials(
    app: App, session: SsoSession, role: Role, way: Way, deadline: Deadline
) -> None:
    """Replace cached credentials, even if they seem valid.

    For a wrong clock of this machine, or a sign-in that ends soon. Raises also AwsUnreachable if
    AWS issued no new credentials.
    """
    before = app.credentials.load(session.key_of(role), session)
    fresh = release_credentials(app, session, role, way, deadline, least_share=_ASK_AWS)
    if before is not None and fresh.access_key_id == before.credentials.access_key_id:
        raise AwsUnreachable("the credentials could not be renewed", hint="try again in a minute")


def load_renewal_time(app: App, session: SsoSession, role: Role) -> int:
    """Return when (epoch seconds) the credentials or the token are due for renewal; 0 means now."""
    cached = app.credentials.load(session.key_of(role), session)
    return 0 if cached is None else issuing.find_renewal_time(app, session, cached)


def _ask_broker(app: App, permit: ReleasePermit, deadline: Deadline, least_share: float) -> Reply:
    # With -v this process asks AWS itself: a broker cannot log to our stderr.
    if not app.may_ask_broker or _log.isEnabledFor(logging.INFO):
        return _ask_aws_without_broker(app, permit, deadline, least_share)
    try:
        return wording.decode_reply(
            *broker_client.ask_broker(
                permit.key.parts,
                app.environ,
                deadline.seconds_left(),
                is_permitted=True,
                least_share=least_share,
            )
        )
    except broker_client.Unavailable:
        return _ask_aws_without_broker(app, permit, deadline, least_share)
    except broker_client.Doubtful as doubt:
        reply = Reply(error=AwsUnreachable("no answer", hint="try again in a minute"))
        try:
            # The caller has waited long enough for the broker, so AWS is asked only once.
            reply = _ask_aws_without_broker(
                app, permit, deadline, least_share, waited_seconds=PATIENCE_SECONDS
            )
            return reply
        finally:
            doubt.settle(retire=not isinstance(reply.error, AwsUnreachable | LocalState))
    except broker_client.Stopped:
        return _reply_from_cache(app, permit)


def _ask_aws_without_broker(
    app: App,
    permit: ReleasePermit,
    deadline: Deadline,
    least_share: float,
    *,
    waited_seconds: float = 0.0,
) -> Reply:
    now = app.clock.monotonic()
    request = Request(
        permit.key,
        now - waited_seconds,
        now + deadline.seconds_left(),
        least_share,
        is_permitted=True,
        asked_by=AskedBy(*calling_process.find_caller()),
    )
    loop = Loop(broker_work.Work(lambda: app), monotonic=app.clock.monotonic)
    try:
        return loop.answer_request(Caller(request))
    finally:
        loop.close()


def _reply_from_cache(app: App, permit: ReleasePermit) -> Reply:
    found = issuing.find_credentials(app, permit.key)
    if found.document:
        return found.reply
    return Reply(
        error=AwsUnreachable(
            "no answer from AWS in time: this machine is very busy, or the network is slow",
            hint="try again in a minute",
        )
    )
