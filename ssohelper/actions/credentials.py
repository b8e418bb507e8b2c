"""Credentials for one role. `release` is the one way out: guards and a journal come in here.

Reads: look, lock, look again, ask, keep. Silent: it can never prompt and never imports login.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from ssohelper.actions import prompt_notes, tokens
from ssohelper.core import freshness
from ssohelper.core.freshness import Freshness
from ssohelper.core.instants import to_iso
from ssohelper.core.model import (
    AccessToken,
    KeptCredentials,
    Role,
    RoleCredentials,
    RoleKey,
    SsoSession,
)
from ssohelper.core.text import to_json
from ssohelper.errors import (
    LocalState,
    LockNotObtained,
    NotOurs,
    RoleNotAssigned,
    SsoHelperError,
    TokenRejected,
)

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.deadline import Deadline

# How long one waits for better credentials while there are usable ones.
USABLE_SECONDS = 5.0

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
    policy: Policy = allow_all,
    recorder: Recorder = record_nothing,
) -> RoleCredentials:
    """Return unexpired credentials of the role; all credentials of the program leave here.

    Raises: LoginRequired (4), RoleNotAssigned (5), AwsUnreachable (6), LocalState (7).
    """
    policy(app, session, role, way)
    kept = _current(app, session, role, deadline)
    recorder(app, session, role, way, kept.credentials)
    return kept.credentials


def document(credentials: RoleCredentials, account_id: str) -> bytes:
    """Return the credential-process document: one line of JSON with secrets, for stdout only."""
    answer = {
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key.reveal(),
        "SessionToken": credentials.session_token.reveal(),
        "Expiration": to_iso(credentials.expires_at),
        "AccountId": account_id,
    }
    return to_json(answer).encode() + b"\n"


def renew_ahead(app: App, session: SsoSession, role: Role, deadline: Deadline) -> None:
    """Renew what is at or below half of its life: the session's token, then the role's answer.

    What the detached process does. A failure is remembered, and the next try is 30 s away.
    Raises: as `release`.
    """
    tokens.renew_ahead(app, session, deadline)
    key = session.key_of(role)
    with app.credentials.lock(key, deadline):
        kept = app.credentials.get(key, session)
        if kept is None or _freshness(app, kept) is not Freshness.SERVE:
            _renewed(app, session, key, deadline)
        else:
            _publish(app, session, key, kept)


def at_hand(
    app: App,
    session: SsoSession,
    role: Role,
    way: Way,
    *,
    even_due: bool = False,
    policy: Policy = allow_all,
    recorder: Recorder = record_nothing,
) -> RoleCredentials | None:
    """Return what is kept while it is to be served, waiting for nobody; None: `release` asks.

    With `even_due` also what should be renewed first: better than nothing while AWS is slow.
    """
    policy(app, session, role, way)
    key = session.key_of(role)
    kept = app.credentials.get(key, session)
    if kept is None or _freshness(app, kept) is Freshness.TOO_LATE:
        return None
    if _is_served(app, kept):
        _think(app, session, key, kept)
    elif not even_due:
        return None
    recorder(app, session, role, way, kept.credentials)
    return kept.credentials


def renew_now(app: App, session: SsoSession, role: Role, deadline: Deadline) -> None:
    """Take fresh credentials whatever is kept: a clock is in doubt, or the sign-in ends soon.

    Raises: as `release`.
    """
    key = session.key_of(role)
    with app.credentials.lock(key, deadline):
        _renewed(app, session, key, deadline)


def due_at(app: App, session: SsoSession, role: Role) -> int:
    """Return when somebody must next think about this role: 0 when nothing is kept."""
    kept = app.credentials.get(session.key_of(role), session)
    return 0 if kept is None else _due_at(app, session, kept)


def _current(app: App, session: SsoSession, role: Role, deadline: Deadline) -> KeptCredentials:
    key = session.key_of(role)
    kept = app.credentials.get(key, session)
    if kept and _is_served(app, kept):
        _think(app, session, key, kept)
        return kept
    usable = kept is not None and _freshness(app, kept) is not Freshness.TOO_LATE
    if usable:
        # Credentials that still work are not worth the whole deadline.
        deadline = app.deadline(min(USABLE_SECONDS, deadline.left()))
    try:
        with app.credentials.lock(key, deadline):
            kept = app.credentials.get(key, session)
            if kept and _is_served(app, kept):
                return kept
            return _renewed(app, session, key, deadline)
    except (NotOurs, RoleNotAssigned):
        raise  # planted, or taken away: nothing goes past that, good credentials neither
    except SsoHelperError:
        # Good credentials outlive AWS, the network and our own locks; expired ones are never good.
        if kept and _freshness(app, kept) is not Freshness.TOO_LATE:
            _publish_for_a_while(app, key, kept, freshness.service_ends_at)
            return kept
        raise


def _think(app: App, session: SsoSession, key: RoleKey, kept: KeptCredentials) -> None:
    """Somebody must think: put a lost document back, or start one renewal behind this answer.

    The first who comes dates the document 30 s ahead, so that the others hit, and starts it; never
    past the moment from which on a caller waits: botocore would ask again for each request.
    """
    try:
        if app.credentials.published_until(key) > app.now():
            return
        if app.now() < _due_at(app, session, kept):
            _publish(app, session, key, kept)
        elif app.settings.get("renew_ahead"):
            with app.credentials.lock(key, app.deadline(0)):
                if app.credentials.published_until(key) > app.now():
                    return
                _publish_for_a_while(app, key, kept, freshness.renew_first_at)
            app.start_renewal(key)
    except LockNotObtained:
        return  # who holds it is renewing already
    except NotOurs:
        raise
    except (SsoHelperError, OSError) as trouble:  # a slip in the settings too
        app.warn(f"the credentials are good, but cannot be renewed ahead: {trouble}")


def _renewed(app: App, session: SsoSession, key: RoleKey, deadline: Deadline) -> KeptCredentials:
    """Ask AWS and keep the answer. A failure is shared for 30 s by everyone who asks the same."""
    scope = "/".join(key)
    fingerprint = app.tokens.fingerprint(session)
    known = app.failures.recall(scope, fingerprint, app.now())
    if known:
        raise known
    signed_in_at = app.tokens.facts(session.name).signed_in_at
    try:
        credentials = _asked(app, session, Role(key.account_id, key.role_name), deadline)
    except LocalState:
        raise  # this machine's trouble may be over for the next caller: not shared
    except SsoHelperError as error:
        with suppress(LocalState):  # a full disk must not hide what AWS said
            app.failures.remember(scope, app.tokens.fingerprint(session), error, app.now())
        prompt_notes.renewal_failed(app, session, key)
        if isinstance(error, RoleNotAssigned):
            _remove(app, key)  # whoever asked: from now on it is not handed out any more
        raise
    kept = KeptCredentials(credentials, app.aws_now())
    # Somebody signed in while we asked: these keys may be the person's before, so nobody else's.
    if app.tokens.facts(session.name).signed_in_at == signed_in_at:
        _keep(app, session, key, kept)
    return kept


def _asked(app: App, session: SsoSession, role: Role, deadline: Deadline) -> RoleCredentials:
    token: AccessToken = tokens.valid_token(app, session, deadline)
    portal = app.portal(session)
    try:
        credentials = portal.role_credentials(token, role, deadline)
    except TokenRejected:
        # 401 is the truth over the file (an admin revoked it): one renewal, then a person.
        token = tokens.renewed_after_rejection(app, session, token, deadline)
        credentials = portal.role_credentials(token, role, deadline)
    app.learn_aws_time(portal.answered_at())
    return credentials


def _keep(app: App, session: SsoSession, key: RoleKey, kept: KeptCredentials) -> None:
    """Keep and publish; a full disk costs the next caller a request, not this one its answer."""
    try:
        app.credentials.keep(key, session, kept)
        _publish(app, session, key, kept)
        prompt_notes.renewal_works(app, key)
    except NotOurs:
        raise
    except (LocalState, OSError) as trouble:
        app.warn(f"the credentials could not be kept: {trouble}")


def _publish(app: App, session: SsoSession, key: RoleKey, kept: KeptCredentials) -> None:
    due_at = _due_at(app, session, kept)
    app.credentials.publish(key, document(kept.credentials, key.account_id), due_at, app.now())


def _due_at(app: App, session: SsoSession, kept: KeptCredentials) -> int:
    """Return when somebody must next think: half of this life, or of the token's when sooner.

    The token counts so that no SDK finds one with less than its own 15 min left.
    """
    half = app.local(freshness.think_again_at(kept.received_at, kept.credentials.expires_at))
    token_due_at = tokens.renewal_due_at(app, session)
    return half if token_due_at is None else min(half, token_due_at)


def _publish_for_a_while(
    app: App, key: RoleKey, kept: KeptCredentials, end: Callable[[int, int], int]
) -> None:
    """Nobody else needs to think for 30 s: somebody renews, or failed to. Never past `end`."""
    ends_at = end(kept.received_at, kept.credentials.expires_at)
    try:
        at = min(app.now() + freshness.RETRY_SECONDS, app.local(ends_at))
        app.credentials.publish(key, document(kept.credentials, key.account_id), at, app.now())
    except NotOurs:
        raise
    except (LocalState, OSError) as trouble:
        app.warn(f"the credentials could not be published: {trouble}")


def _remove(app: App, key: RoleKey) -> None:
    """Forget the credentials of a role that is no longer assigned: AWS refused it (403)."""
    prompt_notes.renewal_works(app, key)
    try:
        app.credentials.remove(key)
    except (LocalState, OSError) as trouble:
        app.warn(f"the credentials could not be removed: {trouble}")


def _freshness(app: App, kept: KeptCredentials) -> Freshness:
    now = app.aws_now()
    left = kept.credentials.expires_at - now
    return freshness.of_credentials(kept.life_seconds, left, now - kept.received_at)


def _is_served(app: App, kept: KeptCredentials) -> bool:
    return _freshness(app, kept) in (Freshness.SERVE, Freshness.SERVE_AND_RENEW)
