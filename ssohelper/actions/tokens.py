"""A session's access token, without an interactive sign-in: never imports actions.login.

The token is read here. A separate process renews it (`actions.renewal`), which the caller's signals
and deadline do not reach.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ssohelper.actions import prompt_notes
from ssohelper.broker.limits import RENEWAL_AHEAD_SECONDS
from ssohelper.broker.requests import Token, TokenState
from ssohelper.core import issuer, sign_in_clock
from ssohelper.core.deadline import Deadline
from ssohelper.core.freshness import token_margin_seconds
from ssohelper.core.model import AccessToken, SignInFacts, SsoSession
from ssohelper.errors import AwsUnreachable, LocalState, LoginRequired, SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App

# AWS's default. Used for a token that another tool wrote: it does not record the lifetime.
_USUAL_LIFE_SECONDS = 3600


def ensure_valid_token(app: App, session: SsoSession, deadline: Deadline) -> AccessToken:
    """Return a valid token; renews one that expires soon.

    Raises: LoginRequired when an interactive sign-in is needed, AwsUnreachable, LocalState.
    """
    token = _present_token(app, session)
    if load_state(app, session, token) is TokenState.GOOD:
        return token
    if not is_refreshable(app, token):
        raise expired(session)
    works = is_usable(app, token)
    if works:
        deadline = Deadline(min(deadline.left() / 2, RENEWAL_AHEAD_SECONDS), app.clock.monotonic)
    try:
        return renew_token(app, session, token, deadline)
    except SsoHelperError:
        # When the renewal fails, a token that has not expired is still used.
        if works and is_usable(app, token):
            return token
        raise


def renew_token(
    app: App, session: SsoSession, seen: AccessToken, deadline: Deadline
) -> AccessToken:
    """Renew the token `seen`, which AWS rejected or which ends too early; return its successor.

    The renewal goes on when the deadline passes or the caller is killed.
    Raises: LoginRequired when an interactive sign-in is needed, AwsUnreachable, LocalState.
    """
    error = app.renewals.run(session.name, seen.id, deadline)
    if isinstance(error, AwsUnreachable | LocalState):
        raise error
    token = app.tokens.load(session)
    if token is None:
        raise signed_out(session)
    if token.value == seen.value or not is_usable(app, token):
        raise error or expired(session)
    return token


def load_state(app: App, session: SsoSession, token: AccessToken) -> TokenState:
    """Return what the token allows now. One that cannot be renewed is GOOD until it expires."""
    if not is_usable(app, token):
        return TokenState.ENDED
    if not is_refreshable(app, token) or not _is_near_its_end(app, session, token):
        return TokenState.GOOD
    return TokenState.NEAR_END


def load_for_broker(app: App, session: SsoSession) -> Token:
    """Return the id and state of the session's token, for the broker.

    Raises: LoginRequired when an interactive sign-in is needed, LocalState.
    """
    token = _present_token(app, session)
    state = load_state(app, session, token)
    if state is TokenState.ENDED and not is_refreshable(app, token):
        raise expired(session)
    return Token(state, token.id)


def load_renewal_due_at(app: App, session: SsoSession) -> int | None:
    """Return when (epoch seconds) half of the token's lifetime is over; None: not renewable."""
    try:
        token = app.tokens.load(session)
    except (LoginRequired, LocalState):
        return None  # a file that is damaged or cannot be read: the code that needs it reports that
    if token is None or not is_refreshable(app, token):
        return None
    if load_facts_of(app, session, token).ended_at is not None:
        return None
    return token.expires_at - int(load_life_seconds(app, session, token) / 2)


def is_refreshable(app: App, token: AccessToken) -> bool:
    """Return whether the token can be renewed without an interactive sign-in, by its file."""
    return sign_in_clock.is_refreshable(token, app.clock.now())


def is_usable(app: App, token: AccessToken) -> bool:
    """Return whether the token has not expired, by its file."""
    return token.expires_at > app.clock.now()


def is_alive(app: App, token: AccessToken) -> bool:
    """Return whether the token has not expired or can be renewed, by its file."""
    return is_usable(app, token) or is_refreshable(app, token)


def peek_token(app: App, session: SsoSession) -> AccessToken | None:
    """Return the token, or None also when its file cannot be read: for optional information."""
    with suppress(LocalState):
        return app.tokens.peek(session)
    return None


def load_facts_of(app: App, session: SsoSession, token: AccessToken) -> SignInFacts:
    """Return what we know of the sign-in that this token belongs to."""
    return sign_in_clock.facts_of_token(app.tokens.load_facts(session.name), token)


def load_issuer(app: App, session: SsoSession) -> str | None:
    """Return which endpoint issued the session's token (core.issuer); None when it is unknown."""
    token = peek_token(app, session)
    return issuer.token_issuer(token, app.tokens.load_facts(session.name)) if token else None


def load_user_since(app: App, session: SsoSession) -> int | None:
    """Return since when the same user has been signed in; None when signed out or unknown."""
    token = peek_token(app, session)
    if token is None or not is_alive(app, token):
        return None
    facts = load_facts_of(app, session, token)
    return facts.person_since if facts.ended_at is None else None


def load_life_seconds(app: App, session: SsoSession, token: AccessToken) -> int:
    """Return the token's lifetime: the observed one, else AWS's usual hour."""
    facts = app.tokens.load_facts(session.name)
    is_of_token = facts.token_expires_at == token.expires_at
    return (facts.token_life_seconds if is_of_token else None) or _USUAL_LIFE_SECONDS


def signed_out(session: SsoSession) -> LoginRequired:
    """Return the error for a session without a token."""
    return LoginRequired(f'the session "{session.name}" is signed out', hint=_hint(session))


def expired(session: SsoSession) -> LoginRequired:
    """Return the error for a sign-in that has ended."""
    return LoginRequired(f'the session "{session.name}" expired', hint=_hint(session))


def _present_token(app: App, session: SsoSession) -> AccessToken:
    """Return the token in the session's file. Raises: LoginRequired where there is none."""
    token = app.tokens.load(session)
    if token is None:
        # Another tool may have signed out, which shells' prompts do not notice.
        prompt_notes.update_session(app, session)
        raise signed_out(session)
    return token


def _is_near_its_end(app: App, session: SsoSession, token: AccessToken) -> bool:
    margin = token_margin_seconds(load_life_seconds(app, session, token))
    return token.expires_at - app.clock.now() <= margin


def _hint(session: SsoSession) -> str:
    return f"sign in with: ssohelper login {session.name}"
