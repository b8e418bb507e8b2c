"""A valid access token, silently: it can never prompt and never imports login.

Look, lock, look again, renew, keep. One process renews, the others wait for its answer; a
failure is shared for 30 s and never takes away what still works.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from ssohelper.actions import prompt_notes
from ssohelper.core import sign_in_clock
from ssohelper.core.deadline import Deadline
from ssohelper.core.freshness import token_margin_seconds
from ssohelper.core.model import AccessToken, SignInFacts, SsoSession
from ssohelper.errors import LocalState, LoginRequired, SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App

_log = logging.getLogger(__name__)

# A session's token lives for an hour unless we saw otherwise; other tools do not write its life.
_USUAL_LIFE_SECONDS = 3600
# A token that still works is not worth the whole deadline: what remains is for its use.
_RENEWAL_AHEAD_SECONDS = 6.0
# The contract: another tool may have renewed the token, and its write is on its way.
_REREAD_SECONDS = 3.0
_REREAD_PAUSE_SECONDS = 0.1


def valid_token(app: App, session: SsoSession, deadline: Deadline) -> AccessToken:
    """Return a token that is good now, renewed ahead of its end when that is near.

    Raises: LoginRequired when a person is needed, AwsUnreachable, LocalState.
    """
    token = app.tokens.load(session)
    if token is not None and not _is_near_its_end(app, session, token):
        return token
    if token is None:
        raise _signed_out(session)
    try:
        return _renewed_in_turn(app, session, token, _shortened(app, deadline, token))
    except SsoHelperError:
        # Rule of the house: a failed renewal takes nothing away that still works.
        if _is_usable(app, token):
            return token
        raise


def renewal_due_at(app: App, session: SsoSession) -> int | None:
    """Return when the token is at half of its life; None when it cannot be renewed by us."""
    try:
        token = app.tokens.load(session)
    except LoginRequired:
        return None  # a damaged file, which who needs the token will say
    return _due_at(app, session, token)


def _due_at(app: App, session: SsoSession, token: AccessToken | None) -> int | None:
    if token is None or not is_refreshable(app, token):
        return None
    if facts_of(app, session, token).ended_at is not None:
        return None
    return token.expires_at - int(_life_seconds(app, session, token) / 2)


def renew_ahead(app: App, session: SsoSession, deadline: Deadline) -> None:
    """Renew a token at or below half of its life, so that no SDK has to (they start at 15 min).

    Raises: LoginRequired, AwsUnreachable, LocalState when it no longer works either.
    """
    due_at = renewal_due_at(app, session)
    if due_at is None or app.now() < due_at:
        return
    try:
        with app.tokens.lock(session.name, deadline):
            token = app.tokens.load(session)
            due_at = _due_at(app, session, token)
            if token is not None and due_at is not None and app.now() >= due_at:
                _renewed(app, session, token, deadline)
    except SsoHelperError:
        token = app.tokens.load(session)
        if token is None or not _is_usable(app, token):
            raise


def renewed_after_rejection(
    app: App, session: SsoSession, rejected: AccessToken, deadline: Deadline
) -> AccessToken:
    """Return another token than the one AWS answered 401 to, whatever its file says of its end.

    Raises: LoginRequired when a person is needed, AwsUnreachable, LocalState.
    """
    with app.tokens.lock(session.name, deadline):
        token = app.tokens.load(session)
        if token is None:
            raise _signed_out(session)
        if token.value != rejected.value and _is_usable(app, token):
            return token
        return _renewed(app, session, token, deadline)


def renewed_to_last(app: App, session: SsoSession, seconds: int, deadline: Deadline) -> AccessToken:
    """Return a token renewed now unless it lasts so many seconds. For sign-ins that a person asks.

    Raises: LoginRequired when a person is needed, AwsUnreachable, LocalState.
    """
    with app.tokens.lock(session.name, deadline):
        token = app.tokens.load(session)
        if token is None:
            raise _signed_out(session)
        if token.expires_at - app.now() >= seconds and not _is_near_its_end(app, session, token):
            return token
        return _renewed(app, session, token, deadline)


def is_refreshable(app: App, token: AccessToken) -> bool:
    """Tell whether the token can be renewed without a person, as far as its file says."""
    return sign_in_clock.is_refreshable(token, app.now())


def seen(app: App, session: SsoSession) -> AccessToken | None:
    """Return the token for what can do without: a file that cannot be read counts as none."""
    with suppress(LocalState):
        return app.tokens.peek(session)
    return None


def is_alive(app: App, token: AccessToken) -> bool:
    """Tell whether the token works or can be renewed, as far as its file says."""
    return _is_usable(app, token) or is_refreshable(app, token)


def facts_of(app: App, session: SsoSession, token: AccessToken) -> SignInFacts:
    """Return what we know of the sign-in that this token is of."""
    return sign_in_clock.facts_of_token(app.tokens.facts(session.name), token)


def person_since(app: App, session: SsoSession) -> int | None:
    """Return since when who is signed in is the same person; None while nobody is, or unknown."""
    token = seen(app, session)
    if token is None or not is_alive(app, token):
        return None
    facts = facts_of(app, session, token)
    return facts.person_since if facts.ended_at is None else None


def failure_scope(session: SsoSession) -> str:
    """Return what sign-in failures of the session are remembered under."""
    return f"sign-in {session.name}"


def _renewed_in_turn(
    app: App, session: SsoSession, seen: AccessToken, deadline: Deadline
) -> AccessToken:
    with app.tokens.lock(session.name, deadline):
        token = app.tokens.load(session)
        if token is None:
            raise _signed_out(session)
        if token != seen and not _is_near_its_end(app, session, token):
            return token
        if not is_refreshable(app, token) and _is_usable(app, token):
            return token
        return _renewed(app, session, token, deadline)


def _renewed(app: App, session: SsoSession, token: AccessToken, deadline: Deadline) -> AccessToken:
    """Renew and keep; the caller holds the session's lock."""
    scope, fingerprint = failure_scope(session), app.tokens.fingerprint(session)
    known = app.failures.recall(scope, fingerprint, app.now())
    if known:
        raise known
    _log.info('renewing the token of "%s"', session.name)
    try:
        fresh, life_seconds = _asked(app, session, token, deadline)
    except SsoHelperError as error:
        others = _renewed_by_others(app, session, token, error, deadline)
        if others is not None:
            _log.info('another tool has renewed the token of "%s"', session.name)
            prompt_notes.sign_in_changed(app, session)
            return others
        _log.info('the token of "%s" was not renewed: %s', session.name, error.message)
        _remember_failure(app, session, token, error)
        raise
    return _kept(app, session, token, fresh, life_seconds)


def _asked(
    app: App, session: SsoSession, token: AccessToken, deadline: Deadline
) -> tuple[AccessToken, int]:
    if not is_refreshable(app, token):
        raise LoginRequired(f'the session "{session.name}" expired', hint=_hint(session))
    try:
        return app.oidc(session).refresh(token, deadline)
    except LoginRequired as error:
        message = f'the session "{session.name}" expired'
        raise LoginRequired(message, hint=_hint(session)) from error


def _renewed_by_others(
    app: App, session: SsoSession, used: AccessToken, error: SsoHelperError, deadline: Deadline
) -> AccessToken | None:
    """After a refusal: the token that another tool wrote with the refresh token we also used."""
    if not isinstance(error, LoginRequired) or not is_refreshable(app, used):
        return None
    patience = Deadline(min(_REREAD_SECONDS, deadline.left()), app.monotonic)
    while True:
        found = app.tokens.load(session)
        if found is None:
            return None
        if found.value != used.value and _is_usable(app, found):
            return found
        if patience.left() < _REREAD_PAUSE_SECONDS:
            return None
        app.sleep(_REREAD_PAUSE_SECONDS)


def _kept(
    app: App, session: SsoSession, used: AccessToken, fresh: AccessToken, life_seconds: int
) -> AccessToken:
    """Keep the renewed token; a full disk costs the next caller a sign-in, not this one its answer.

    Raises: LoginRequired when the session was signed out meanwhile.
    """
    try:
        standing = app.tokens.save(session, fresh)
        facts = facts_of(app, session, used)
        facts = facts._replace(
            refreshed_at=app.now(),
            ended_at=None,
            token_expires_at=fresh.expires_at,
            token_life_seconds=life_seconds,
            observed_hours_seconds=sign_in_clock.length_after_renewal(facts, app.now()),
        )
        app.tokens.save_facts(session.name, facts)
        prompt_notes.sign_in_changed(app, session)
    except (LocalState, OSError) as trouble:
        app.warn(f"the renewed token could not be kept: {trouble}")
        return fresh
    return standing


def _remember_failure(
    app: App, session: SsoSession, token: AccessToken, error: SsoHelperError
) -> None:
    if isinstance(error, LocalState):
        return  # this machine's trouble, which may be over for the next caller
    try:
        scope, fingerprint = failure_scope(session), app.tokens.fingerprint(session)
        app.failures.remember(scope, fingerprint, error, app.now())
        if isinstance(error, LoginRequired):
            _remember_end(app, session, token)
            prompt_notes.sign_in_changed(app, session)
    except (LocalState, OSError) as trouble:
        app.warn(f"the failure could not be remembered: {trouble}")


def _remember_end(app: App, session: SsoSession, token: AccessToken) -> None:
    """Note that the sign-in of this token has ended, and how long it was where we can tell."""
    facts = facts_of(app, session, token)
    if facts.ended_at is not None:
        return
    now, life = app.now(), _life_seconds(app, session, token)
    app.tokens.save_facts(
        session.name,
        facts._replace(
            ended_at=now,
            observed_hours_seconds=sign_in_clock.length_after_end(facts, life, now),
            token_expires_at=token.expires_at,
            token_life_seconds=None,
        ),
    )


def _is_near_its_end(app: App, session: SsoSession, token: AccessToken) -> bool:
    life = _life_seconds(app, session, token)
    return token.expires_at - app.now() <= token_margin_seconds(life)


def _life_seconds(app: App, session: SsoSession, token: AccessToken) -> int:
    facts = app.tokens.facts(session.name)
    is_of_token = facts.token_expires_at == token.expires_at
    return (facts.token_life_seconds if is_of_token else None) or _USUAL_LIFE_SECONDS


def _is_usable(app: App, token: AccessToken) -> bool:
    return token.expires_at > app.now()


def _shortened(app: App, deadline: Deadline, token: AccessToken) -> Deadline:
    if not _is_usable(app, token):
        return deadline
    return Deadline(min(deadline.left() / 2, _RENEWAL_AHEAD_SECONDS), app.monotonic)


def _signed_out(session: SsoSession) -> LoginRequired:
    return LoginRequired(f'the session "{session.name}" is signed out', hint=_hint(session))


def _hint(session: SsoSession) -> str:
    return f"sign in with: ssohelper login {session.name}"
