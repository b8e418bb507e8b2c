"""Gets a session's access token without an interactive sign-in. Never imports actions.login.

A separate process (`actions.renewal`) renews it, which no signal or deadline of the caller
interrupts.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import clocks
from ssohelper.broker.limits import RENEWAL_AHEAD_SECONDS
from ssohelper.broker.requests import Token, TokenState
from ssohelper.core import issuer, sign_in_outlook
from ssohelper.core.deadline import Deadline
from ssohelper.core.freshness import token_margin_seconds
from ssohelper.core.model import AccessToken, SsoSession
from ssohelper.errors import (
    AwsUnreachable,
    ConfigInvalid,
    LocalState,
    LoginRequired,
    SsoHelperError,
)
from ssohelper.fastpath import spawn

if TYPE_CHECKING:
    from ssohelper.app import App

# AWS's default, assumed for the tokens of other tools, which record no lifetime.
_USUAL_LIFE_SECONDS = 3600
# How long a sign-out waits for the renewal of an expired token.
_REVOCATION_SECONDS = 12.0


def ensure_valid_token(app: App, session: SsoSession, deadline: Deadline) -> AccessToken:
    """Return a valid token, renewed if it expires soon. Raises: LoginRequired, AwsUnreachable,
    LocalState.
    """
    token = _load_present_token(app, session)
    if load_token_state(app, session, token) is TokenState.GOOD:
        return token
    if not is_token_refreshable(app, token):
        raise sign_in_expired_error(session)
    works = is_token_unexpired(app, token)
    if works:
        deadline = app.clock.deadline(min(deadline.seconds_left() / 2, RENEWAL_AHEAD_SECONDS))
    try:
        return renew_token(app, session, token, deadline)
    except SsoHelperError:
        if works and is_token_unexpired(app, token):
            return token
        raise


def renew_token(
    app: App, session: SsoSession, seen: AccessToken, deadline: Deadline
) -> AccessToken:
    """Renew the token `seen`, which AWS rejected or which ends too soon; return the new token.

    The renewal goes on even if the deadline passes. Raises: LoginRequired, AwsUnreachable,
    LocalState.
    """
    error = app.renewals.renew_token(session.sign_in_name, seen.id, deadline)
    if isinstance(error, AwsUnreachable | LocalState):
        raise error
    token = app.tokens.load(session)
    if token is None:
        raise signed_out_error(session)
    if token.value == seen.value or not is_token_unexpired(app, token):
        raise error or sign_in_expired_error(session)
    return token


def load_token_state(app: App, session: SsoSession, token: AccessToken) -> TokenState:
    """Return the token's state; a token that cannot be renewed is GOOD until it expires."""
    if not is_token_unexpired(app, token):
        return TokenState.ENDED
    margin = token_margin_seconds(load_token_life_seconds(app, session, token))
    is_late = token.expires_at - app.clock.now() <= margin
    return TokenState.NEAR_END if is_late and is_token_refreshable(app, token) else TokenState.GOOD


def load_token_for_broker(app: App, session: SsoSession) -> Token:
    """Raises: LoginRequired, LocalState."""
    token = _load_present_token(app, session)
    state = load_token_state(app, session, token)
    if state is TokenState.ENDED and not is_token_refreshable(app, token):
        raise sign_in_expired_error(session)
    return Token(state, token.id)


def load_token_renewal_time(app: App, session: SsoSession) -> int | None:
    """Return when (epoch seconds) half the token's lifetime ends; None if it is not renewable."""
    try:
        token = app.tokens.load(session)
    except (LoginRequired, LocalState):
        return None  # if the file is unreadable, a later use of the token raises the error
    if token is None or not is_token_refreshable(app, token):
        return None
    if clocks.facts_of_token(app, session, token).ended_at is not None:
        return None
    return token.expires_at - int(load_token_life_seconds(app, session, token) / 2)


def may_renew_in_background(app: App) -> bool:
    """Return whether a renewal that no caller waits for may start. False for invalid settings."""
    with suppress(SsoHelperError):
        return spawn.can_outlive_caller() and bool(app.settings.get("renew_ahead"))
    return False


def is_token_refreshable(app: App, token: AccessToken) -> bool:
    return sign_in_outlook.is_refreshable(token, app.clock.now())


def is_token_unexpired(app: App, token: AccessToken) -> bool:
    return token.expires_at > app.clock.now()


def load_token_or_none(app: App, session: SsoSession) -> AccessToken | None:
    """Return the session's token; None also if its file cannot be read."""
    with suppress(LocalState):
        return app.tokens.load_token_for_display(session)
    return None


def check_credentials_destination(
    app: App, session: SsoSession, service: issuer.Service, service_url: str
) -> None:
    """Raise ConfigInvalid unless the session's role credentials may be sent to this URL."""
    token = load_token_or_none(app, session)
    facts = app.tokens.load_facts(session.sign_in_name)
    issued_by = issuer.token_issuer(token, facts) if token else None
    issuer.check_credentials_destination(issued_by, service, service_url, session)


def load_user_since(app: App, session: SsoSession) -> int | None:
    """Return the time (epoch seconds) since when the same user is signed in."""
    token = load_token_or_none(app, session)
    if token is None or not (is_token_unexpired(app, token) or is_token_refreshable(app, token)):
        return None
    facts = clocks.facts_of_token(app, session, token)
    return facts.person_since if facts.ended_at is None else None


def load_token_life_seconds(app: App, session: SsoSession, token: AccessToken) -> int:
    facts = app.tokens.load_facts(session.sign_in_name)
    is_of_token = facts.token_expires_at == token.expires_at
    return (facts.token_life_seconds if is_of_token else None) or _USUAL_LIFE_SECONDS


class SignInToEnd(NamedTuple):
    """A sign-in to end at AWS: its token as read from the file, and after a renewal.

    `error` says why an expired token could not be renewed.
    """

    session: SsoSession
    seen: AccessToken | None = None
    token: AccessToken | None = None
    issuer: str | None = None
    error: SsoHelperError | None = None


def load_sign_in(app: App, session: SsoSession, *, in_other_storage: bool = False) -> SignInToEnd:
    """Return the session's sign-in, to end it now, or after another token replaced it in its file.

    An expired token is renewed first, because the sign-in may still be valid.
    """
    found = SignInToEnd(session)
    try:
        seen = token = (app.storage.other_tokens if in_other_storage else app.tokens).load(session)
        if token is None:
            return found
        if not is_token_unexpired(app, token) and is_token_refreshable(app, token):
            deadline = app.clock.deadline(_REVOCATION_SECONDS)
            if in_other_storage:
                token, _ = app.aws.oidc(session).refresh_token(token, deadline)
            else:
                token = ensure_valid_token(app, session, deadline)
    except LoginRequired:
        return found
    except (AwsUnreachable, ConfigInvalid, LocalState) as error:
        return found._replace(error=error)
    issued_by = issuer.token_issuer(token, app.tokens.load_settled_facts(session.sign_in_name))
    return SignInToEnd(session, seen, token, issued_by)


def end_sign_in(app: App, found: SignInToEnd) -> SsoHelperError | None:
    """End the sign-in at AWS; leave its files. Returns an error if AWS was not told."""
    if found.token is None:
        return found.error
    try:
        portal = app.aws.portal_for_sign_out(found.session)
        portal.copy_for_new_token(found.token, found.issuer).log_out(found.token)
    except LoginRequired:
        pass  # the sign-in had ended at AWS already
    except (AwsUnreachable, ConfigInvalid) as error:
        return error
    return None


def signed_out_error(session: SsoSession) -> LoginRequired:
    return _sign_in_error(session, "is signed out")


def sign_in_expired_error(session: SsoSession) -> LoginRequired:
    return _sign_in_error(session, "expired")


def _sign_in_error(session: SsoSession, what: str) -> LoginRequired:
    name = session.name
    return LoginRequired(
        f'the session "{name}" {what}', hint=f"sign in with: ssohelper login {name}"
    )


def is_sign_in_needed(app: App, session: SsoSession, seconds: int) -> bool:
    """Return whether a new sign-in will be needed within the given time.

    An expired token is renewed first: AWS refuses that if the sign-in has ended. Warns if the
    sign-in's end is unknown. Raises: AwsUnreachable if the renewal failed.
    """
    try:
        token = app.tokens.load(session)
        if token is not None and not is_token_unexpired(app, token):
            token = ensure_valid_token(app, session, app.clock.deadline())
    except LoginRequired:
        return True
    if token is not None:
        clocks.warn_of_unknown_end(app, session, token, seconds)
    outlook = clocks.outlook_of_token(app, session, token)
    return outlook.is_sign_in_needed(app.clock.now(), seconds)


def reason_to_sign_in(
    app: App, session: SsoSession, token: AccessToken | None
) -> LoginRequired | None:
    """Return the error that the session's roles would raise without a new sign-in, or None."""
    if not clocks.outlook_of_token(app, session, token).should_offer_sign_in(app.clock.now()):
        return None
    return sign_in_expired_error(session) if token else signed_out_error(session)


def _load_present_token(app: App, session: SsoSession) -> AccessToken:
    token = app.tokens.load(session)
    if token is None:
        clocks.refresh_prompts(app, session)  # another tool may have signed out
        raise signed_out_error(session)
    return token
