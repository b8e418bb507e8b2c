"""Gets a token by an interactive sign-in: in a browser on this machine, or by device code."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import TYPE_CHECKING

from ssohelper.actions.login_ui import LoginUi, sleep_unless_cancelled, wait_for_callback
from ssohelper.core import issuer
from ssohelper.core.device_flow import (
    DEVICE_CODE_GRANT,
    DeviceAuthorization,
    Poll,
    authorization_for_next_poll,
)
from ssohelper.core.model import ClientRegistration, IssuedToken, Secret, SsoSession
from ssohelper.core.text import show
from ssohelper.errors import (
    AwsUnreachable,
    BadAnswer,
    LoginRequired,
    RegistrationRejected,
    Throttled,
)

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.wire.oidc import OidcClient

# How long a client registration must still be valid to be used for a sign-in. A registration ends
# after 90 days; tokens that were made with it cannot be renewed after that. A sign-in lasts 8 h by
# default, and 90 days at most.
_REGISTRATION_MARGIN_SECONDS = 60 * 86400


def sign_in_by_browser(
    app: App, session: SsoSession, ui: LoginUi, *, must_register: bool
) -> IssuedToken:
    """Get a token by authorization code with PKCE (RFC 7636) and a 127.0.0.1 callback (RFC 8252).

    Returns the token and its lifetime in seconds.
    """
    oidc = app.aws.oidc(session)
    registration = _ensure_registration(
        app, session, oidc, "authorization_code", must_register=must_register
    )
    state, verifier = Secret(secrets.token_urlsafe(32)), Secret(secrets.token_urlsafe(48))
    with app.makers.make_sign_in_pages() as pages:
        pages.expect_callback(state)
        redirect_uri = pages.redirect_uri
        challenge = _pkce_code_challenge(verifier)
        page = oidc.authorize_url(registration, redirect_uri, state.reveal(), challenge)
        ui.show_page(page)
        ui.open_browser(lambda: pages.add_redirect(Secret(page)).url)
        callback = wait_for_callback(app, session, ui, pages)
    if callback is None:
        raise _sign_in_timeout_error(session)
    if callback.code is None:
        raise LoginRequired(
            f'the sign-in to "{session.name}" was refused in the browser '
            f"({show(callback.error or '', 60)})",
            hint=f"try again with: ssohelper login {session.name}",
        )
    return oidc.get_token_by_code(registration, callback.code, redirect_uri, verifier)


def sign_in_by_device_code(
    app: App, session: SsoSession, ui: LoginUi, *, must_register: bool
) -> IssuedToken:
    """Get a token by device authorization (RFC 8628): poll until the user has confirmed the code.

    Returns the token and its lifetime in seconds.
    """
    oidc = app.aws.oidc(session)
    registration = _ensure_registration(
        app, session, oidc, DEVICE_CODE_GRANT, must_register=must_register
    )
    try:
        authorization = oidc.start_device_authorization(registration)
    except RegistrationRejected:
        registration = _ensure_registration(
            app, session, oidc, DEVICE_CODE_GRANT, must_register=True
        )
        authorization = oidc.start_device_authorization(registration)
    page = Secret(authorization.verification_uri_complete)
    with app.makers.make_browser_pages() as pages:
        ui.show_code(authorization)
        ui.open_browser(lambda: pages.add_redirect(page).url)
        return _wait_for_confirmation(app, session, ui, oidc, registration, authorization)


def _wait_for_confirmation(
    app: App,
    session: SsoSession,
    ui: LoginUi,
    oidc: OidcClient,
    registration: ClientRegistration,
    authorization: DeviceAuthorization,
) -> IssuedToken:
    """Wait until the user has confirmed the code; return the token and its lifetime in seconds."""
    waiting: DeviceAuthorization | None = authorization
    while waiting is not None:
        sleep_unless_cancelled(app, session, ui, waiting.interval_seconds)
        answer = _poll_for_token(oidc, registration, waiting)
        if not isinstance(answer, Poll):
            return answer
        waiting = authorization_for_next_poll(waiting, answer, app.clock.now())
    raise _sign_in_timeout_error(session)


def _poll_for_token(
    oidc: OidcClient, registration: ClientRegistration, waiting: DeviceAuthorization
) -> IssuedToken | Poll:
    try:
        return oidc.get_token_by_device_code(registration, waiting)
    except AwsUnreachable as error:
        # A network error does not end the sign-in, but an invalid answer does.
        if isinstance(error, BadAnswer):
            raise
        return Poll.SLOW_DOWN if isinstance(error, Throttled) else Poll.NO_ANSWER


def _ensure_registration(
    app: App, session: SsoSession, oidc: OidcClient, grant: str, *, must_register: bool
) -> ClientRegistration:
    """Return the saved client registration if it is valid long enough, else a new one.

    A new registration is saved. With `must_register`, the client is registered in any case.
    """
    if not must_register:
        known = app.tokens.load_registration(session, grant)
        lasts = known and known.expires_at - app.clock.now() > _REGISTRATION_MARGIN_SECONDS
        if known and lasts and oidc.may_receive_secret_of(known):
            return known
    made = oidc.register_client(grant)
    _save_client_issuer(app, session, made, oidc.issuer)
    app.tokens.save_registration(session, made)
    return made


def _save_client_issuer(
    app: App, session: SsoSession, client: ClientRegistration, client_issuer: str
) -> None:
    """Record which AWS host registered the client. Call this before saving the client's secret."""
    with app.tokens.lock_state(session.sign_in_name, app.clock.deadline()):
        facts = app.tokens.load_facts(session.sign_in_name)
        noted = facts._replace(client=issuer.client_hash(client), client_issuer=client_issuer)
        app.tokens.save_facts(session.sign_in_name, noted)


def _pkce_code_challenge(verifier: Secret) -> str:
    digest = hashlib.sha256(verifier.reveal().encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _sign_in_timeout_error(session: SsoSession) -> LoginRequired:
    return LoginRequired(
        f'no sign-in to "{session.name}" came in time',
        hint=f"try again with: ssohelper login {session.name}",
    )
