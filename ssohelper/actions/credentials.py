"""Credentials of one role. `release` is the single way out of the program.

The broker of the session asks AWS, once for all its callers (docs/decisions/0011); where there can
be none, this process asks for itself by the same code. Can never prompt and never imports login.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from ssohelper.actions import issuing, tokens
from ssohelper.broker import wording
from ssohelper.broker.loop import Loop
from ssohelper.broker.requests import Reply, Request
from ssohelper.broker.state import Caller
from ssohelper.core.instants import from_iso
from ssohelper.core.model import Role, RoleCredentials, RoleKey, Secret, SsoSession
from ssohelper.errors import AwsUnreachable, LocalState
from ssohelper.fastpath import broker_client

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.deadline import Deadline

_log = logging.getLogger(__name__)

# For keys that are handed over once: a job of their whole life can be begun with them.
NEARLY_WHOLE = 0.9
# A little more than half: at exactly half of their life they are due.
_HALF = 0.501
# More than their whole life: AWS is asked.
_IN_ANY_CASE = 2.0

Way = Literal["credential-process", "whoami", "env", "exec", "use", "console", "serve"]
Policy = Callable[["App", SsoSession, Role, Way], None]
Recorder = Callable[["App", SsoSession, Role, Way, RoleCredentials], None]


def allow_all(app: App, session: SsoSession, role: Role, way: Way) -> None:
    """The policy until there are guards: it refuses nothing."""


def record_nothing(
    app: App, session: SsoSession, role: Role, way: Way, credentials: RoleCredentials
) -> None:
    """The recorder until there is a journal."""


def release(
    app: App,
    session: SsoSession,
    role: Role,
    way: Way,
    deadline: Deadline,
    *,
    least_share: float = 0.0,
    policy: Policy = allow_all,
    recorder: Recorder = record_nothing,
) -> RoleCredentials:
    """Return unexpired credentials of the role; all credentials of the program leave here.

    `least_share`: which part of their life they must still have when AWS answers in 5 s; more than
    1 asks AWS in any case.
    Raises: LoginRequired (4), RoleNotAssigned (5), AwsUnreachable (6), LocalState (7).
    """
    policy(app, session, role, way)
    if deadline.passed:
        reply = _cached_reply(app, session.key_of(role))
    else:
        reply = _reply(app, session.key_of(role), deadline, least_share)
    for warning in reply.warnings:
        app.warn(warning)
    if reply.error is not None:
        raise reply.error
    credentials = parse_document(reply.document)
    recorder(app, session, role, way, credentials)
    return credentials


def cached(
    app: App,
    session: SsoSession,
    role: Role,
    way: Way,
    *,
    even_due: bool = False,
    even_doubtful: bool = False,
    policy: Policy = allow_all,
    recorder: Recorder = record_nothing,
) -> RoleCredentials | None:
    """Return cached credentials that are good, without waiting; None: `release` asks AWS.

    With `even_due` also what should be renewed first: better than none while AWS is slow. With
    `even_doubtful` also what may be another person's, with a warning: AWS cannot be reached.
    """
    policy(app, session, role, way)
    found = issuing.find(app, session.key_of(role))
    if not found.document or not (found.is_good or even_due):
        return None
    if found.warning is not None:
        if not even_doubtful:
            return None
        app.warn(found.warning)
    credentials = parse_document(found.document)
    recorder(app, session, role, way, credentials)
    return credentials


def renew_ahead(app: App, session: SsoSession, role: Role, way: Way, deadline: Deadline) -> None:
    """Renew what is past half of its life: the session's token, then the role's credentials.

    Raises: as `release`.
    """
    token = app.tokens.load(session)
    token_due_at = tokens.renewal_due_at(app, session)
    if token is not None and token_due_at is not None and app.now() >= token_due_at:
        tokens.renew_token(app, session, token, deadline)
    if due_at(app, session, role) <= app.now():
        release(app, session, role, way, deadline, least_share=_HALF)


def renew_now(app: App, session: SsoSession, role: Role, way: Way, deadline: Deadline) -> None:
    """Take fresh credentials whatever is cached: a clock is in doubt, or the sign-in ends soon.

    Raises: as `release`; AwsUnreachable when only the cached ones could be had.
    """
    before = app.credentials.get(session.key_of(role), session)
    fresh = release(app, session, role, way, deadline, least_share=_IN_ANY_CASE)
    if before is not None and fresh.access_key_id == before.credentials.access_key_id:
        raise AwsUnreachable("the credentials could not be renewed", hint="try again in a minute")


def due_at(app: App, session: SsoSession, role: Role) -> int:
    """Return when the role's credentials, or their token, are to be renewed; 0 without any."""
    cached = app.credentials.get(session.key_of(role), session)
    return 0 if cached is None else issuing.due_at(app, session, cached)


def parse_document(document: bytes) -> RoleCredentials:
    """Return the credentials of a credential-process document of ours."""
    found = json.loads(document)
    expires_at = from_iso(found["Expiration"])
    if expires_at is None:
        raise LocalState("the broker answered with a document that has no end")
    return RoleCredentials(
        found["AccessKeyId"],
        Secret(found["SecretAccessKey"]),
        Secret(found["SessionToken"]),
        expires_at,
    )


def _reply(app: App, key: RoleKey, deadline: Deadline, least_share: float) -> Reply:
    # With -v this process asks AWS itself: a broker has no stderr of ours to log to.
    if not app.may_ask_broker or _log.isEnabledFor(logging.INFO):
        return _ask_alone(app, key, deadline, least_share)
    try:
        return wording.decode(
            *broker_client.ask(
                key,
                app.environ,
                deadline.left(),
                least_share=least_share,
                may_wait_longer=True,
            )
        )
    except broker_client.Unavailable:
        return _ask_alone(app, key, deadline, least_share)
    except broker_client.Stopped:
        return _cached_reply(app, key)


def _ask_alone(app: App, key: RoleKey, deadline: Deadline, least_share: float) -> Reply:
    """Do what a broker does, for this process alone."""
    now = app.monotonic()
    request = Request(key, now, now + deadline.left(), least_share)
    loop = Loop(issuing.Work(lambda: app), monotonic=app.monotonic)
    try:
        return loop.ask(Caller(request))
    finally:
        loop.close()


def _cached_reply(app: App, key: RoleKey) -> Reply:
    """Return what is cached and unexpired: the broker is stopped, or the machine very busy."""
    found = issuing.find(app, key)
    if found.document:
        return found.reply
    return Reply(
        error=AwsUnreachable(
            "no answer in time: this machine is very busy, or the network is slow",
            hint="try again in a minute",
        )
    )
