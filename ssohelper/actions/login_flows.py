"""Gets a token by an interactive sign-in: in a browser on this machine, or by device code."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from ssohelper.core import issuer
from ssohelper.core.device_flow import DEVICE_CODE_GRANT, DeviceAuthorization, Poll, next_poll
from ssohelper.core.model import ClientRegistration, IssuedToken, Secret, SsoSession
from ssohelper.core.text import show
from ssohelper.errors import (
    AwsUnreachable,
    BadAnswer,
    Interrupted,
    LoginRequired,
    RegistrationRejected,
    Throttled,
)

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.wire.oidc import OidcClient

# AWS's codes are valid for ten minutes.
USER_SECONDS = 600.0
_CHECK_SECONDS = 0.2
# A registration ends after 90 days, and its tokens cannot be renewed after that. A sign-in lasts at
# most 90 days, by default 8 h.
_REGISTRATION_MARGIN_SECONDS = 60 * 86400
_T = TypeVar("_T")


class LoginUi(Protocol):
    """What the CLI or TUI does during a sign-in."""

    def show_page(self, url: str) -> None:
        pass

    def show_code(self, authorization: DeviceAuthorization) -> None:
        pass

    def open_browser(self, make_address: Callable[[], str]) -> bool:
        """Open `make_address()`, a local address that works once; return False without a browser."""

    def report_waiting(self) -> None:
        pass

    def report_further_region(self, region: str) -> None:
        pass

    def confirm_another_user(self, earlier: str, user: str) -> bool:
        """Raises: UsageProblem if there is no terminal to ask on."""

    def confirm_other_portal(self, earlier: str, found: str) -> bool:
        """Ask whether the start URL may lead to another portal; False without a terminal."""

    def is_cancelled(self) -> bool:
        """Called five times a second during a wait."""


def wait_unless_cancelled(
    app: App,
    session: SsoSession,
    ui: LoginUi,
    seconds: float,
    attempt: Callable[[float], _T | None],
) -> _T | None:
    """Call `attempt` with at most 0.2 s until it returns a value; None when the time is over.

    Raises: Interrupted once the user has cancelled.
    """
    deadline = app.clock.deadline(seconds)
    while True:
        if ui.is_cancelled():
            raise Interrupted(
                f'the sign-in to "{session.name}" was cancelled',
                hint=f"sign in with: ssohelper login {session.name}",
            )
        left = deadline.seconds_left()
        if left <= 0:
            return None
        found = attempt(min(_CHECK_SECONDS, left))
        if found is not None:
            return found


def get_token(
    app: App, session: SsoSession, ui: LoginUi, *, device_code: bool, must_register: bool
) -> IssuedToken:
    """Get a token by an interactive sign-in; return it with its lifetime in seconds."""
    sign_in = _use_device_code if device_code else _use_browser
    found = sign_in(app, session, ui, app.aws.oidc(session), must_register)
    if found is None:
        raise LoginRequired(
            f'no sign-in to "{session.name}" came in time',
            hint=f"try again with: ssohelper login {session.name}",
        )
    wait_unless_cancelled(app, session, ui, 0, lambda _seconds: None)
    return found


def _use_browser(
    app: App, session: SsoSession, ui: LoginUi, oidc: OidcClient, must_register: bool
) -> IssuedToken | None:
    """Get a token by authorization code with PKCE (RFC 7636) and a 127.0.0.1 callback (RFC 8252)."""
    registration = _ensure_registration(app, session, oidc, "authorization_code", must_register)
    state, verifier = Secret(secrets.token_urlsafe(32)), Secret(secrets.token_urlsafe(48))
    digest = hashlib.sha256(verifier.reveal().encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    with app.make_sign_in_pages(state) as pages:
        redirect_uri = pages.redirect_uri
        page = oidc.authorize_url(registration, redirect_uri, state.reveal(), challenge)
        ui.show_page(page)
        ui.open_browser(lambda: pages.add_redirect(Secret(page)).url)
        callback = wait_unless_cancelled(app, session, ui, USER_SECONDS, pages.wait_for_callback)
    if callback is None:
        return None
    if callback.code is None:
        raise LoginRequired(
            f'the sign-in to "{session.name}" was refused in the browser '
            f"({show(callback.error or '', 60)})",
            hint=f"try again with: ssohelper login {session.name}",
        )
    return oidc.get_token_by_code(registration, callback.code, redirect_uri, verifier)


def _use_device_code(
    app: App, session: SsoSession, ui: LoginUi, oidc: OidcClient, must_register: bool
) -> IssuedToken | None:
    """Get a token by device authorization (RFC 8628): poll until the user has confirmed the code."""
    registration = _ensure_registration(app, session, oidc, DEVICE_CODE_GRANT, must_register)
    try:
        shown = oidc.start_device_authorization(registration)
    except RegistrationRejected:
        registration = _ensure_registration(app, session, oidc, DEVICE_CODE_GRANT, True)
        shown = oidc.start_device_authorization(registration)
    with app.make_browser_pages() as pages:
        ui.show_code(shown)
        ui.open_browser(lambda: pages.add_redirect(Secret(shown.verification_uri_complete)).url)
        waiting: DeviceAuthorization | None = shown
        while waiting is not None:
            wait_unless_cancelled(app, session, ui, waiting.interval_seconds, app.clock.sleep)
            try:
                answer = oidc.poll_for_token(registration, waiting)
            except BadAnswer:
                raise
            except AwsUnreachable as error:  # a network error does not end the sign-in
                answer = Poll.SLOW_DOWN if isinstance(error, Throttled) else Poll.NO_ANSWER
            if not isinstance(answer, Poll):
                return answer
            waiting = next_poll(waiting, answer, app.clock.now())
    return None


def _ensure_registration(
    app: App, session: SsoSession, oidc: OidcClient, grant: str, must_register: bool
) -> ClientRegistration:
    """Return the saved client registration if it is valid long enough, else a new, saved one."""
    known = None if must_register else app.tokens.load_registration(session, grant)
    lasts = known and known.expires_at - app.clock.now() > _REGISTRATION_MARGIN_SECONDS
    if known and lasts and oidc.may_receive_secret_of(known):
        return known
    made = oidc.register_client(grant)
    # Which AWS host registered the client is recorded before the client's secret is saved.
    with app.tokens.lock_state(session.sign_in_name, app.clock.deadline()):
        facts = app.tokens.load_facts(session.sign_in_name)
        noted = facts._replace(client=issuer.client_hash(made), client_issuer=oidc.issuer)
        app.tokens.save_facts(session.sign_in_name, noted)
    app.tokens.save_registration(session, made)
    return made
