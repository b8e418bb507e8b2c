"""Signing in and out: the only interactive action. A sign-in obtains a token, checks who signed in,
and keeps it."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Literal, NamedTuple

from ssohelper.actions import clocks, directory, person, prompt_notes, tokens
from ssohelper.actions.login_ui import (
    LoginUi,
    awaited,
    lock_of_the_other,
    pause,
    stop_when_cancelled,
)
from ssohelper.broker.requests import TokenState
from ssohelper.core import issuer, lineage
from ssohelper.core.device_flow import (
    DEVICE_CODE_GRANT,
    DeviceAuthorization,
    Poll,
    next_step,
)
from ssohelper.core.model import AccessToken, ClientRegistration, Secret, SignInFacts, SsoSession
from ssohelper.core.text import show
from ssohelper.errors import (
    AwsUnreachable,
    BadAnswer,
    ConfigInvalid,
    Interrupted,
    LocalState,
    LockNotObtained,
    LoginRequired,
    RegistrationRejected,
    SsoHelperError,
    Throttled,
)

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.wire.oidc import OidcClient

DEFAULT_MIN_SECONDS = 20 * 60
# A registration ends 90 days after its making and takes the refreshes with it. A sign-in lasts hours
# where nobody changed that, and up to 90 days.
_REGISTRATION_MARGIN_SECONDS = 60 * 86400
_SILENT_SECONDS = 12.0


class LoginOptions(NamedTuple):
    """What a person asked for; `min_seconds` is how long the present sign-in must still last."""

    device_code: bool = False
    force: bool = False
    min_seconds: int = DEFAULT_MIN_SECONDS


class LoginOutcome(NamedTuple):
    """The session's token, and its origin: unchanged, renewed, another login's, or a new sign-in's.

    `user` is the user name of a new sign-in; None when it is unknown or there was none.
    """

    token: AccessToken
    how: Literal["kept", "renewed", "joined", "signed in"]
    user: str | None = None


def log_in(app: App, session: SsoSession, ui: LoginUi, options: LoginOptions) -> LoginOutcome:
    """Return a valid token of the session; starts an interactive sign-in only where one is needed.

    A second login of the same session waits for the first and takes its result: one tab.
    Raises: LoginRequired when nobody signed in or AWS refused, AwsUnreachable, LocalState,
    Interrupted when the person gave up, UsageProblem when another person signed in than last time
    and nobody wanted that: then nothing is kept.
    """
    if not options.force:
        lasting = _without_a_person(app, session, options.min_seconds)
        if lasting is not None:
            prompt_notes.update_session(app, session)  # another tool may have made it
            return lasting
    before = app.tokens.read_fingerprint(session)
    with _one_at_a_time(app, session, ui) as has_waited:
        joined = _result_of_the_other(app, session, before) if has_waited else None
        return joined or _signed_in(app, session, ui, options)


def opener_setting(app: App, session: SsoSession) -> str | None:
    """Return the command that the settings name for this session's pages; None: the usual one."""
    value = app.settings.get("browser", session=session.name)
    return value if isinstance(value, str) and value else None


def log_out(app: App, session: SsoSession) -> bool:
    """Sign out at AWS, then forget the session's token and role credentials here.

    Returns whether there was a sign-in. Forgets here even when AWS cannot be reached.
    Raises: AwsUnreachable or ConfigInvalid after that, when AWS does not know of it; ConfigInvalid
    before anything is forgotten when a variable keeps us from AWS: without it the sign-out works.
    """
    app.tokens.check_writable(session)
    facts = app.tokens.load_facts(session.name)
    token, trouble = _token_to_revoke(app, session)
    if token is not None and trouble is None:
        try:
            app.portal(session).logout(token)
        except LoginRequired:
            pass  # it was over already
        except (AwsUnreachable, ConfigInvalid) as error:
            trouble = error
    if isinstance(trouble, ConfigInvalid) and facts.issuer != issuer.LOOPBACK:
        raise trouble
    # Not the token's own lock, which a renewal may hold for a minute: when that one ends, it finds
    # no token in the file and keeps its own nowhere.
    with app.tokens.lock_state(session.name, app.deadline()):
        # Another tool's sign-in since we looked (a logout may be stopped for minutes) is not ours.
        if not _is_replaced(app, session, token):
            app.tokens.forget(session)
        app.credentials.forget_session(session.name)
        app.tokens.save_facts(session.name, _facts_of_the_next(app, session))
        app.notice_record.forget(session.name)
        prompt_notes.update_after_sign_in(app, session)
    if trouble is not None:
        is_ours = isinstance(trouble, ConfigInvalid | LocalState)
        raise (type(trouble) if is_ours else AwsUnreachable)(
            f'signed out of "{session.name}" on this machine only: {trouble.message}',
            hint="the sign-in at AWS ends by itself, or in the access portal's own menu",
        ) from trouble
    return token is not None


# -- without a person --------------------------------------------------------------------------


def _without_a_person(app: App, session: SsoSession, min_seconds: int) -> LoginOutcome | None:
    """Return the sign-in that lasts long enough, renewed where needed; None: ask a person."""
    try:
        token = app.tokens.load(session)
    except LoginRequired:
        return None
    if token is None or clocks.outlook_of(app, session, token).is_needed(app.now(), min_seconds):
        return None
    lasting = token
    try:
        lasts = token.expires_at - app.now() >= min_seconds
        if not lasts or tokens.state_of(app, session, token) is not TokenState.GOOD:
            lasting = tokens.renew_token(app, session, token, app.deadline(_SILENT_SECONDS))
    except LoginRequired:
        return None
    except AwsUnreachable:
        if token.expires_at - app.now() >= min_seconds:
            return LoginOutcome(token, "kept")
        raise
    clocks.warn_of_unknown_end(app, session, lasting, min_seconds)
    return LoginOutcome(lasting, "kept" if lasting.value == token.value else "renewed")


@contextmanager
def _one_at_a_time(app: App, session: SsoSession, ui: LoginUi) -> Iterator[bool]:
    """Hold the session's login lock; yields whether another login had it first."""
    with ExitStack() as stack:
        has_waited = False
        try:
            stack.enter_context(app.tokens.lock_sign_in(session.name, app.deadline(0.0)))
        except LockNotObtained:
            has_waited = True
            ui.waiting_for_another_login()
            stack.enter_context(lock_of_the_other(app, session, ui))
        yield has_waited


def _result_of_the_other(app: App, session: SsoSession, before: str) -> LoginOutcome | None:
    if app.tokens.read_fingerprint(session) != before:
        token = app.tokens.load(session)
        if token is not None and token.expires_at > app.now():
            return LoginOutcome(token, "joined", app.tokens.load_facts(session.name).user)
    known = app.sign_in_failures.load(session.name, app.now())
    if known is not None:
        raise known
    return None


# -- with a person -----------------------------------------------------------------------------


def _signed_in(app: App, session: SsoSession, ui: LoginUi, options: LoginOptions) -> LoginOutcome:
    app.tokens.check_writable(session)
    app.sign_in_failures.forget(session.name)
    obtain = _by_device_code if options.device_code else _by_browser
    person.get_ready(app)
    try:
        token, life_seconds = obtain(app, session, ui, options)
        stop_when_cancelled(session, ui)
        user = person.person_of(app, session, token)
        person.check(app, session, ui, token, user)
    except Interrupted:
        raise  # no news for another login that waits: its person may still want to sign in
    except SsoHelperError as error:
        with suppress(LocalState):  # a full disk must not hide what the sign-in said
            app.sign_in_failures.save(session.name, error, app.now())
        raise
    _keep(app, session, token, life_seconds, user)
    return LoginOutcome(token, "signed in", user)


def _keep(
    app: App, session: SsoSession, token: AccessToken, life_seconds: int, user: str | None
) -> None:
    """Keep the token of a person who has just signed in: it may be another one than before."""
    # Not the token's own lock, which a renewal may hold for a minute: when that one ends, it finds
    # this token in the file and leaves it there.
    with app.tokens.lock_state(session.name, app.deadline()):
        # In this order: a kill in between leaves no earlier role credentials beside the new token.
        app.credentials.forget_session(session.name)
        app.tokens.save(session, token)
        facts = _facts_of_the_next(app, session)._replace(
            token_ids=lineage.after_sign_in(token),
            issuer=app.oidc(session).issuer,
            signed_in_at=app.now(),
            token_expires_at=token.expires_at,
            token_life_seconds=life_seconds,
            user=user,
        )
        app.tokens.save_facts(session.name, facts)
        app.notice_record.forget(session.name)
        prompt_notes.update_after_sign_in(app, session)
    if person.is_another(user, facts.earlier_user):
        with suppress(LocalState, OSError):  # it is doubted in any case, and refreshed
            directory.forget_earlier_listing(app, session)


def _is_replaced(app: App, session: SsoSession, token: AccessToken | None) -> bool:
    present = tokens.peek_token(app, session)
    if token is None or present is None:
        return False
    facts = app.tokens.load_facts(session.name)
    return lineage.standing_of(token.id, present, facts) is lineage.Standing.DOUBTFUL


def _facts_of_the_next(app: App, session: SsoSession) -> SignInFacts:
    """Return what is known of a sign-in that begins now or later.

    How long sign-ins last is the organization's, and stays known; the person may be another one.
    """
    before = app.tokens.load_facts(session.name)
    return SignInFacts(
        observed_hours_seconds=before.observed_hours_seconds,
        person_since=app.now(),
        earlier_user=before.user or before.earlier_user,
        client=before.client,
        client_issuer=before.client_issuer,
    )


def _by_browser(
    app: App, session: SsoSession, ui: LoginUi, options: LoginOptions
) -> tuple[AccessToken, int]:
    """Authorization code with PKCE (RFC 7636); the callback comes to 127.0.0.1 (RFC 8252)."""
    oidc = app.oidc(session)
    registration = _registration(app, session, oidc, "authorization_code", anew=options.force)
    state, verifier = Secret(secrets.token_urlsafe(32)), Secret(secrets.token_urlsafe(48))
    with app.sign_in_pages() as pages:
        pages.expect(state)
        redirect_uri = pages.redirect_uri
        challenge = _challenge(verifier)
        page = oidc.authorize_url(registration, redirect_uri, state.reveal(), challenge)
        ui.show_page(page)
        ui.open_browser(lambda: pages.redirect(Secret(page)).url)
        callback = awaited(app, session, ui, pages)
    if callback is None:
        raise _nobody_came(session)
    if callback.code is None:
        raise LoginRequired(
            f'the sign-in to "{session.name}" was refused in the browser '
            f"({show(callback.error or '', 60)})",
            hint=f"try again with: ssohelper login {session.name}",
        )
    return oidc.get_token_by_code(registration, callback.code, redirect_uri, verifier)


def _by_device_code(
    app: App, session: SsoSession, ui: LoginUi, options: LoginOptions
) -> tuple[AccessToken, int]:
    """Device authorization (RFC 8628): the person confirms a code anywhere, we ask until then."""
    oidc = app.oidc(session)
    registration = _registration(app, session, oidc, DEVICE_CODE_GRANT, anew=options.force)
    try:
        authorization = oidc.start_device_authorization(registration)
    except RegistrationRejected:
        registration = _registration(app, session, oidc, DEVICE_CODE_GRANT, anew=True)
        authorization = oidc.start_device_authorization(registration)
    page = Secret(authorization.verification_uri_complete)
    with app.browser_pages() as pages:
        ui.show_code(authorization)
        ui.open_browser(lambda: pages.redirect(page).url)
        return _confirmed(app, session, ui, oidc, registration, authorization)


def _confirmed(
    app: App,
    session: SsoSession,
    ui: LoginUi,
    oidc: OidcClient,
    registration: ClientRegistration,
    authorization: DeviceAuthorization,
) -> tuple[AccessToken, int]:
    """Return the token once the person has confirmed the code."""
    waiting: DeviceAuthorization | None = authorization
    while waiting is not None:
        pause(app, session, ui, waiting.interval_seconds)
        answer = _polled(oidc, registration, waiting)
        if not isinstance(answer, Poll):
            return answer
        waiting = next_step(waiting, answer, app.now())
    raise _nobody_came(session)


def _polled(
    oidc: OidcClient, registration: ClientRegistration, waiting: DeviceAuthorization
) -> tuple[AccessToken, int] | Poll:
    try:
        return oidc.get_token_by_device_code(registration, waiting)
    except AwsUnreachable as error:
        # A network that comes and goes does not end a sign-in; a senseless answer does.
        if isinstance(error, BadAnswer):
            raise
        return Poll.SLOW_DOWN if isinstance(error, Throttled) else Poll.NO_ANSWER


def _registration(
    app: App, session: SsoSession, oidc: OidcClient, grant: str, *, anew: bool
) -> ClientRegistration:
    """Return the kept registration when it lasts long enough, else a new one, kept."""
    if not anew:
        known = app.tokens.load_registration(session, grant)
        lasts = known and known.expires_at - app.now() > _REGISTRATION_MARGIN_SECONDS
        if known and lasts and oidc.may_have(known):
            return known
    made = oidc.register(grant)
    _note_client(app, session, made, oidc.issuer)
    app.tokens.save_registration(session, made)
    return made


def _note_client(
    app: App, session: SsoSession, client: ClientRegistration, client_issuer: str
) -> None:
    """Note which endpoint gave the client's secret, before the secret is kept."""
    with app.tokens.lock_state(session.name, app.deadline()):
        facts = app.tokens.load_facts(session.name)
        noted = facts._replace(client=issuer.client_name(client), client_issuer=client_issuer)
        app.tokens.save_facts(session.name, noted)


# -- pieces ------------------------------------------------------------------------------------


def _token_to_revoke(
    app: App, session: SsoSession
) -> tuple[AccessToken | None, SsoHelperError | None]:
    """Return a token that AWS takes, renewed when it has to be; the sign-in may outlive its token."""
    try:
        token = app.tokens.load(session)
        if token is None or token.expires_at > app.now() or not tokens.is_refreshable(app, token):
            return token, None
        return tokens.ensure_valid_token(app, session, app.deadline(_SILENT_SECONDS)), None
    except LoginRequired:
        return None, None
    except (AwsUnreachable, ConfigInvalid, LocalState) as error:
        return None, error


def _challenge(verifier: Secret) -> str:
    digest = hashlib.sha256(verifier.reveal().encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _nobody_came(session: SsoSession) -> LoginRequired:
    return LoginRequired(
        f'nobody signed in to "{session.name}" in time',
        hint=f"try again with: ssohelper login {session.name}",
    )
