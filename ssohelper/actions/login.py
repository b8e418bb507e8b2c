"""Signs in and out, at a session's portal and its further portals; no other action is interactive.

Further portals are those of the same instance in other regions: each needs a sign-in of its own, by
the same user. The token does not say which user signed in: STS does, asked with a role's keys before
the token is saved, so that another user's sign-in can be discarded.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeVar

from ssohelper.actions import (
    agents,
    clocks,
    directory,
    protected_sign_ins,
    regions,
    selection,
    tokens,
)
from ssohelper.broker.requests import AskedBy, TokenState
from ssohelper.core import guard_rules, issuer, journal, lineage
from ssohelper.core.device_flow import DEVICE_CODE_GRANT, DeviceAuthorization, Poll, next_poll
from ssohelper.core.model import (
    AccessToken,
    Account,
    ClientRegistration,
    IssuedToken,
    Role,
    Secret,
    SignInFacts,
    SsoSession,
)
from ssohelper.core.service_hosts import service_url
from ssohelper.core.start_url import is_company_url
from ssohelper.core.text import show
from ssohelper.errors import (
    AwsUnreachable,
    BadAnswer,
    ConfigInvalid,
    Interrupted,
    KeyMissing,
    LocalState,
    LockNotObtained,
    LoginRequired,
    RegistrationRejected,
    RoleNotAssigned,
    SsoHelperError,
    Superseded,
    Throttled,
    TokenRejected,
    UsageProblem,
)
from ssohelper.fastpath import calling_process

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.stores.token_cache import TokenFiles
    from ssohelper.wire.browser_pages import Callback
    from ssohelper.wire.oidc import OidcClient
    from ssohelper.wire.portal import Portal

_log = logging.getLogger(__name__)

_RENEWAL_SECONDS = 12.0
# AWS's codes are valid for ten minutes.
USER_SECONDS = 600.0
_CHECK_SECONDS = 0.2
# A registration is used again only with 60 of its 90 days left, because its tokens cannot be
# renewed after its end. A sign-in lasts 8 h by default, at most 90 days.
_REGISTRATION_MARGIN_SECONDS = 60 * 86400
_T = TypeVar("_T")
_LOOKUP_SECONDS = 3.0
# The most accounts in which we look for a role that no guard rule matches.
_MAX_ACCOUNTS = 3


class LoginUi(Protocol):
    """What a sign-in shows and asks."""

    def show_page(self, url: str, port: int) -> None:
        """Show the page to open. The browser then returns to this port of this machine."""

    def read_line(self) -> str | None:
        """Return a line that the user has typed while the page was shown, without waiting."""

    def show_code(self, authorization: DeviceAuthorization) -> None: ...

    def open_browser(self, make_address: Callable[[], str]) -> bool:
        """Open `make_address()`, a local address that works once; return False without a browser."""

    def report_waiting(self) -> None: ...

    def report_further_region(self, region: str) -> None: ...

    def confirm(self, question: str) -> bool:
        """The question may have several lines. Raises: UsageProblem if there is no terminal."""

    def can_ask(self) -> bool: ...

    def is_cancelled(self) -> bool:
        """Return whether the user cancelled. Called five times a second during a wait."""


class Move(NamedTuple):
    """A move of the session to another portal, which `log_in` completes.

    `accept` writes the new portal. If it raises an error, the new sign-in is ended before it is
    saved.
    """

    earlier: SsoSession
    accept: Callable[[SsoSession, AccessToken, str | None], object]


class LoginOptions(NamedTuple):
    """`min_seconds` is how long the present sign-in must still last.

    Without a device code, the browser returns to `port` of 127.0.0.1; 0 means a free port. With
    `completes`, a login that needs no new sign-in still signs in at further portals. With
    `move`, which needs `force`, the config has the session at another portal until the new sign-in
    is accepted.
    """

    device_code: bool = False
    port: int = 0
    force: bool = False
    min_seconds: int = 20 * 60
    completes: bool = False
    move: Move | None = None


def choose_method(app: App, options: LoginOptions, *, has_browser: bool) -> LoginOptions:
    """Return the options with the method of the settings, if they name no device code and no port.

    A fixed port means that the browser of another machine can reach it, through `ssh -L`.
    """
    if options.device_code or options.port:
        return options
    wanted, port = app.settings.get("device_code"), app.settings.get("login_port") or 0
    uses_code = wanted == "always" or (wanted == "auto" and not has_browser and not port)
    return options._replace(device_code=uses_code, port=port)


class LoginOutcome(NamedTuple):
    """The result. `how` is "joined" if another login got the token.

    `session` has the token's region: a company's own start URL may now lead to another region.
    """

    session: SsoSession
    token: AccessToken
    how: Literal["kept", "renewed", "joined", "signed in"]
    user: str | None = None


def log_in(app: App, session: SsoSession, ui: LoginUi, options: LoginOptions) -> LoginOutcome:
    """Return a valid token. Starts an interactive sign-in only if one is needed.

    A second login of the same session waits for the first and takes its result. After an error
    nothing is saved. Raises: LoginRequired, AwsUnreachable, LocalState; Interrupted; UsageProblem
    if the user did not confirm that another user signed in.
    """
    app.tokens.remove_temporary_files()
    done = None if options.force else _reuse_sign_in(app, session, options.min_seconds)
    if done is not None:
        # Another tool may have signed in: prompts do not show this yet.
        clocks.refresh_prompts(app, session)
    further = _portals_without_sign_in(app, session) if done else []
    if done is None or (options.completes and further):
        done = _sign_in_once(app, session, ui, options, done)
    else:
        for portal in further:
            app.warn(
                f"{_not_signed_in_text(portal)}; sign in there too with: "
                f"ssohelper login {session.name} --force"
            )
    return done


def _sign_in_once(
    app: App, session: SsoSession, ui: LoginUi, options: LoginOptions, present: LoginOutcome | None
) -> LoginOutcome:
    agents.refuse_if_limited(app, "sign in", f"ssohelper login {session.name}")
    if not is_company_url(session.start_url):
        app.company_policy.check_portal(session)
    if options.device_code:
        app.company_policy.check_device_code()
    before = app.tokens.read_token_file_fingerprint(session)
    with _hold_login_lock(app, session, ui) as has_waited:
        if has_waited and options.move is None:
            joined = _load_other_login_result(app, session, before)
            if joined is not None:
                return joined
        done = present or _sign_in_interactively(app, session, ui, options)
        _sign_in_further(app, done.session, ui, options)
        return done


def log_out(app: App, session: SsoSession) -> bool:
    """Sign out at AWS, then remove the session's token and role credentials from this machine.

    Returns whether there was a sign-in. Raises: AwsUnreachable or ConfigInvalid after the removal,
    if AWS was not told; ConfigInvalid before the removal, if AWS's token would go to another host.
    """
    agents.refuse_if_limited(app, "sign out", f"ssohelper logout {session.name}")
    # The config may name another portal than the one where the user signed in.
    session = selection.find_unlisted_session(app, session.name) or session
    app.tokens.check_writable(session)
    app.tokens.remove_temporary_files()
    facts = app.tokens.load_facts(session.name)
    found = tokens.load_sign_in(app, session)
    failure = tokens.end_sign_in(app, found)
    if isinstance(failure, ConfigInvalid) and facts.issuer != issuer.LOOPBACK:
        raise failure
    # The AWS CLI writes a token in clear, whatever our storage is.
    in_clear = tokens.load_sign_in(app, session, in_other_storage=True)
    # Sign out also at portals that the settings no longer name.
    further = app.tokens.list_further_portal_sessions(session)
    failures = [
        *(tokens.end_sign_in(app, tokens.load_sign_in(app, one)) for one in further),
        failure,
        tokens.end_sign_in(app, in_clear),
    ]
    failure = next(filter(None, failures), None)
    # The token's own lock is not taken: a renewal may hold it for a minute, and discards its new
    # token if it finds none in the file.
    with app.tokens.lock_state(session.name, app.clock.deadline()):
        # This process may have been stopped (Ctrl-Z) for minutes, and another tool may have signed
        # in.
        ids = _find_token_ids(app, session)
        if not _is_replaced(app, found, app.tokens):
            app.tokens.forget(session)
            app.tokens.remove_session_record(session.name)
        if not _is_replaced(app, in_clear, app.storage.other_tokens):
            app.storage.other_tokens.forget(session)
        app.storage.legacy_tokens.remove_files_with_tokens(ids, app.tokens.token_file(session))
        _forget_further_sign_ins(app, session)
        app.credentials.remove_session(session.name)
        present = app.tokens.load_facts(session.name)
        app.tokens.save_facts(session.name, present.of_next_sign_in(app.clock.now()))
        clocks.refresh_prompts(app, session)
    was_signed_in = found.token is not None or in_clear.token is not None
    if was_signed_in or failure is not None:
        how = "revoked" if failure is None else "local"
        app.journal.try_append(
            journal.make_entry("sign-out", session=session.name, how=how, user=facts.user)
        )
    if failure is not None:
        is_local = isinstance(failure, ConfigInvalid | LocalState)
        raise (type(failure) if is_local else AwsUnreachable)(
            f'signed out of "{session.name}" on this machine only: {failure.message}',
            hint="end the sign-in at AWS in the access portal's own menu, or let it expire",
        ) from failure
    return was_signed_in


# -- reusing the present sign-in ----------------------------------------------------------------


def _reuse_sign_in(app: App, session: SsoSession, min_seconds: int) -> LoginOutcome | None:
    try:
        token = app.tokens.load(session)
    except (LoginRequired, KeyMissing):
        return None
    outlook = clocks.outlook_of_token(app, session, token)
    if token is None or outlook.is_sign_in_needed(app.clock.now(), min_seconds):
        return None
    valid = token
    try:
        lasts = token.expires_at - app.clock.now() >= min_seconds
        if not lasts or tokens.load_token_state(app, session, token) is not TokenState.GOOD:
            valid = tokens.renew_token(app, session, token, app.clock.deadline(_RENEWAL_SECONDS))
        if not selection.is_session_in_config(app, session):
            valid = _check_token_at_aws(app, session, valid)
    except LoginRequired:
        return None
    except AwsUnreachable:
        if token.expires_at - app.clock.now() >= min_seconds:
            return LoginOutcome(session, token, "kept")
        raise
    clocks.warn_of_unknown_end(app, session, valid, min_seconds)
    is_same = valid.value == token.value
    return LoginOutcome(session, valid, "kept" if is_same else "renewed")


def _check_token_at_aws(app: App, session: SsoSession, token: AccessToken) -> AccessToken:
    """Return the token if AWS accepts it, else a renewed one.

    `setup` uses a recorded sign-in even long after its session left the config, and the listing
    that follows can no longer ask for a new token. Raises: LoginRequired, AwsUnreachable.
    """
    app.company_policy.check_portal(session)
    try:
        with suppress(RoleNotAssigned):  # the listing that follows reports this error
            app.aws.portal(session).check_token(token, app.clock.deadline(_RENEWAL_SECONDS))
    except TokenRejected:
        return tokens.renew_token(app, session, token, app.clock.deadline(_RENEWAL_SECONDS))
    return token


@contextmanager
def _hold_login_lock(app: App, session: SsoSession, ui: LoginUi) -> Iterator[bool]:
    """Yield whether this process had to wait for another login."""
    with ExitStack() as stack:

        def try_for(seconds: float) -> bool | None:
            limit = app.clock.deadline(seconds)
            with suppress(LockNotObtained):
                stack.enter_context(app.tokens.lock_sign_in(session.name, limit))
                return True
            return None

        must_wait = not try_for(0.0)
        if must_wait:
            ui.report_waiting()
            limit = USER_SECONDS + 30
            if not wait_unless_cancelled(app, session, ui, limit, try_for):
                stack.enter_context(app.tokens.lock_sign_in(session.name, app.clock.deadline(0.0)))
        yield must_wait


def _load_other_login_result(
    app: App, session: SsoSession, fingerprint_before: str
) -> LoginOutcome | None:
    """Return the outcome of the login that held the lock; None if it saved no valid token."""
    if app.tokens.read_token_file_fingerprint(session) == fingerprint_before:
        return None
    found = app.config.read().sso_session(session.name) or session
    token = app.tokens.load(found)
    if token is None or token.expires_at <= app.clock.now():
        return None
    return LoginOutcome(found, token, "joined", app.tokens.load_facts(session.name).user)


# -- signing in and saving the token --------------------------------------------------------------


def _sign_in_interactively(
    app: App, session: SsoSession, ui: LoginUi, options: LoginOptions
) -> LoginOutcome:
    app.tokens.prepare_sign_in(session)
    in_config = session if selection.is_session_in_config(app, session) else None

    def confirm_other_portal(earlier: str, found: str) -> bool:
        return ui.can_ask() and ui.confirm(
            f"{show(session.start_url)} now leads to another portal:\n"
            f"  last time  {show(earlier)}\n  now        {show(found)}\nsign in there?"
        )

    session = regions.resolve_portal_of_session(app, session, confirm_other_portal)
    app.company_policy.check_portal(session)
    with _get_token_and_user(app, session, ui, options) as (issued, user):
        if options.move is None:
            _confirm_user(app, session, ui, user)
            # if the session was removed meanwhile, no command could use the sign-in
            if in_config is not None:
                selection.check_session_in_config(app, in_config)
            earlier = protected_sign_ins.find_other_portal(app, session)
        else:
            earlier = options.move.earlier
        portals = (earlier, *app.tokens.list_further_portal_sessions(earlier)) if earlier else ()
        ended = [tokens.load_sign_in(app, one) for one in portals]
        if options.move is not None:
            options.move.accept(session, issued.token, user)
        # The new sign-in is saved before the earlier one is revoked, so an interruption loses
        # neither.
        _save_sign_in(app, session, issued, user)
    if earlier is not None:
        failures = [error for error in (tokens.end_sign_in(app, one) for one in ended) if error]
        app.warn(
            f'the earlier sign-in to "{earlier.name}", at {earlier.start_url} in {earlier.region}, '
            + (f"was not ended at AWS: {failures[0].message}" if failures else "was ended")
        )
    how = "device-code" if options.device_code else "browser"
    app.journal.try_append(journal.make_entry("sign-in", session=session.name, how=how, user=user))
    return LoginOutcome(session, issued.token, "signed in", user)


@contextmanager
def _get_token_and_user(
    app: App, session: SsoSession, ui: LoginUi, options: LoginOptions
) -> Iterator[tuple[IssuedToken, str | None]]:
    """End the new sign-in at AWS if an error, or Ctrl-C, comes before its token is saved."""
    issued = get_token(app, session, ui, options)
    try:
        yield issued, find_signed_in_user(app, session, issued.token)
    except BaseException:
        present = tokens.load_token_or_none(app, session)
        if present is None or present.value != issued.token.value:
            with suppress(SsoHelperError):
                portal_of_unsaved_token(app, session, issued.token).log_out(issued.token)
        raise


def _find_token_ids(app: App, session: SsoSession) -> set[str]:
    """Return the ids of the tokens in files. The keyring is not read, because it may hang."""
    if app.storage.apply_setting() == "keyring":
        return set(app.tokens.load_facts(session.name).token_ids)
    return app.tokens.load_token_ids(session)


def _save_sign_in(app: App, session: SsoSession, issued: IssuedToken, user: str | None) -> None:
    # The token's own lock is not needed: a renewal, which may hold it for a minute, leaves this
    # token alone.
    with app.tokens.lock_state(session.name, app.clock.deadline()):
        # Old credentials are removed first, so that a kill in between leaves none beside the new
        # token.
        app.credentials.remove_session(session.name)
        _forget_further_sign_ins(app, session)
        with suppress(LocalState):  # if an old token file stays, its token is soon useless
            app.storage.legacy_tokens.remove_files_with_tokens(
                _find_token_ids(app, session), app.tokens.token_file(session)
            )
        with suppress(LocalState):  # a sign-in needs no cache
            regions.save_portal_address(app, session)
        app.tokens.save_session(session)
        # The organization sets the length of sign-ins for all users.
        before = app.tokens.load_facts(session.name).of_next_sign_in(app.clock.now())
        _save_token(app, session, issued, user, before)
        clocks.refresh_prompts(app, session)
    if is_another_user(user, before.earlier_user):
        # if an old list of roles stays, it is refreshed before use
        with suppress(LocalState, OSError):
            directory.forget_earlier_listing(app, session)


def _is_replaced(app: App, ended: tokens.SignInToEnd, store: TokenFiles) -> bool:
    present = None
    with suppress(LocalState):
        present = store.load_token_for_display(ended.session)
    if ended.seen is None or ended.token is None or present is None or present.id == ended.seen.id:
        return False
    facts = app.tokens.load_facts(ended.session.name)
    validity = lineage.validity_of_credentials(ended.token.id, present, facts)
    return validity is lineage.Validity.DOUBTFUL


def _save_token(
    app: App, session: SsoSession, issued: IssuedToken, user: str | None, before: SignInFacts
) -> None:
    facts = before._replace(
        token_ids=(issued.token.id,),
        issuer=app.aws.oidc(session).issuer,
        signed_in_at=app.clock.now(),
        token_expires_at=issued.token.expires_at,
        token_life_seconds=issued.life_seconds,
        user=user,
    )
    app.tokens.save(session, issued.token)
    app.tokens.save_facts(session.sign_in_name, facts)


# -- getting a token from AWS ----------------------------------------------------------------


def wait_unless_cancelled(
    app: App,
    session: SsoSession,
    ui: LoginUi,
    seconds: float,
    attempt: Callable[[float], _T | None],
) -> _T | None:
    """Call `attempt`, each time with at most 0.2 s, until it returns a value; None after the
    deadline.

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


def get_token(app: App, session: SsoSession, ui: LoginUi, options: LoginOptions) -> IssuedToken:
    """Get a token by an interactive sign-in; return it with its lifetime in seconds."""
    sign_in = _use_device_code if options.device_code else _use_browser
    found = sign_in(app, session, ui, app.aws.oidc(session), options)
    if found is None:
        raise LoginRequired(
            f'no sign-in to "{session.name}" came in time',
            hint=f"try again with: ssohelper login {session.name}",
        )
    wait_unless_cancelled(app, session, ui, 0, lambda _seconds: None)
    return found


def _use_browser(
    app: App, session: SsoSession, ui: LoginUi, oidc: OidcClient, options: LoginOptions
) -> IssuedToken | None:
    """Get a token by authorization code with PKCE (RFC 7636) and a 127.0.0.1 callback (RFC 8252)."""
    registration = _ensure_registration(app, session, oidc, "authorization_code", options.force)
    state, verifier = Secret(secrets.token_urlsafe(32)), Secret(secrets.token_urlsafe(48))
    digest = hashlib.sha256(verifier.reveal().encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    with app.make_sign_in_pages(state, options.port) as pages:
        redirect_uri = pages.redirect_uri
        page = oidc.authorize_url(registration, redirect_uri, state.reveal(), challenge)

        def wait_for_callback(seconds: float) -> Callback | None:
            line = ui.read_line()
            pasted = pages.read_address(line) if line else None
            if line and pasted is None:
                app.warn("that is not the address to which this sign-in leads")
            return pasted or pages.wait_for_callback(seconds)

        ui.show_page(page, pages.port)
        ui.open_browser(lambda: pages.add_redirect(Secret(page)).url)
        callback = wait_unless_cancelled(app, session, ui, USER_SECONDS, wait_for_callback)
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
    app: App, session: SsoSession, ui: LoginUi, oidc: OidcClient, options: LoginOptions
) -> IssuedToken | None:
    """Get a token by device authorization (RFC 8628): poll until the user has confirmed the code."""
    registration = _ensure_registration(app, session, oidc, DEVICE_CODE_GRANT, options.force)
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


# -- which user signed in ---------------------------------------------------------------------


def find_signed_in_user(app: App, session: SsoSession, token: AccessToken) -> str | None:
    """Return the name of the user who signed in for this token; None if not known within 3 s."""
    found: list[str] = []
    try:
        look_up = _prepare_lookup(app, session, token, found)
        thread = threading.Thread(target=look_up, daemon=True, name="ssohelper-user")
        thread.start()
    except (SsoHelperError, OSError, RuntimeError) as error:
        _log.info("the user of the new sign-in is unknown: %s", error)
        return None
    # The thread limits the time: a server that sends single bytes never reaches a read timeout.
    thread.join(_LOOKUP_SECONDS)
    return found[0] if found else None


def is_another_user(user: str | None, earlier: str | None) -> bool:
    return bool(user and earlier) and str(user).casefold() != str(earlier).casefold()


def _confirm_user(app: App, session: SsoSession, ui: LoginUi, user: str | None) -> None:
    """If another user than before signed in, ask. Raises: UsageProblem if declined."""
    earlier = app.tokens.load_facts(session.name).last_user
    if is_another_user(user, earlier) and not ui.confirm(
        f'"{show(str(user))}" signed in to "{show(session.name)}"; last time it was '
        f'"{show(str(earlier))}"\nkeep this sign-in?'
    ):
        raise UsageProblem(
            f'the sign-in of "{show(str(user))}" to "{session.name}" was discarded',
            hint="sign out of the access portal in the browser, then: "
            f"ssohelper login {session.name}",
        )


def portal_of_unsaved_token(app: App, session: SsoSession, token: AccessToken) -> Portal:
    return app.aws.portal(session).copy_for_new_token(token, app.aws.oidc(session).issuer)


def _prepare_lookup(
    app: App, session: SsoSession, token: AccessToken, found: list[str]
) -> Callable[[], None]:
    """Return a function for a thread, which appends the user's name to `found`.

    It reads no file, because threads must not share an `App`.
    """
    rules, saved, vault = app.vault.policy.rules, directory.load_listing(app, session), app.vault
    portal = portal_of_unsaved_token(app, session, token)
    vault.load_settings_and_journal()
    asked_by = AskedBy("ssohelper", calling_process.find_caller()[1])
    variant = app.aws.host_variant_for_roles(session)
    url = service_url("sts", session.region, app.environ, variant)
    issuer.check_credentials_destination(app.aws.oidc(session).issuer, "sts", url, session)

    def find_roles() -> Iterator[Role]:
        """Yield one unguarded role of the saved list, then one of each of the first accounts."""
        if saved is not None:
            yield from first_unguarded((at.account, n) for at in saved.accounts for n in at.roles)
        for account in islice(portal.list_accounts(token), _MAX_ACCOUNTS):
            yield from first_unguarded((account, n) for n in portal.list_roles(token, account.id))

    def first_unguarded(roles: Iterable[tuple[Account, str]]) -> Iterator[Role]:
        # Roles with short names are tried first, because they often allow less.
        in_turn = sorted(roles, key=lambda role: (len(role[1]), role[1], role[0].id))
        is_guarded = partial(guard_rules.is_guarded, rules, session.name)
        return islice((Role(at.id, n) for at, n in in_turn if not is_guarded(at, n)), 1)

    def look_up() -> None:
        deadline = app.clock.deadline(_LOOKUP_SECONDS)
        try:
            for role in find_roles():
                with suppress(RoleNotAssigned):  # the saved list of roles may be another user's
                    keys = vault.issue_role_credentials(
                        session, role, token, deadline, asked_by, portal
                    )
                    identity = app.aws.get_caller_identity(keys, session.region, variant)
                    if identity.is_role(role) and identity.role_session_name:
                        found.append(identity.role_session_name)
                        return
        except Exception as error:  # a sign-in succeeds without the user's name
            _log.info("the user of the new sign-in is unknown: %s", type(error).__name__)

    return look_up


# -- further portals ----------------------------------------------------------------------------


def _portals_without_sign_in(app: App, session: SsoSession) -> list[SsoSession]:
    return [
        further
        for further in regions.list_further_portals(app, session)
        if not regions.is_further_signed_in(app, session, further)
    ]


def _sign_in_further(app: App, session: SsoSession, ui: LoginUi, options: LoginOptions) -> None:
    """A failed sign-in is a warning, because the session's own works. Raises: UsageProblem for
    another user.
    """
    for further in _portals_without_sign_in(app, session):
        ui.report_further_region(further.region)
        try:
            app.company_policy.check_portal(further)
            _sign_in_at_portal(app, session, further, ui, options)
        except (UsageProblem, Superseded):
            raise
        except SsoHelperError as error:
            app.warn(f"{_not_signed_in_text(further)}: {error.message}")
            if isinstance(error, Interrupted):
                return


def _sign_in_at_portal(
    app: App, session: SsoSession, further: SsoSession, ui: LoginUi, options: LoginOptions
) -> None:
    """Raises: Superseded if the session's own token changed."""
    app.tokens.prepare_sign_in(further)
    own_token = app.tokens.load(session)
    if own_token is None:
        raise tokens.signed_out_error(session)
    with _get_token_and_user(app, further, ui, options) as (issued, user):
        own_user = app.tokens.load_facts(session.name).user
        if is_another_user(user, own_user):
            raise UsageProblem(
                f'"{show(user or "")}" signed in to "{session.name}" in {further.region}, and '
                f'"{show(own_user or "")}" in {session.region}: the sign-in in {further.region} '
                "was discarded",
                hint="sign out of the access portal in the browser, then: "
                f"ssohelper login {session.name} --force",
            )
        with app.tokens.lock_state(session.name, app.clock.deadline()):
            present, own = app.tokens.load(session), app.tokens.load_facts(session.name)
            validity = lineage.validity_of_credentials(own_token.id, present, own)
            if validity is not lineage.Validity.CURRENT:
                raise Superseded(f'the sign-in to "{session.name}" changed meanwhile')
            with app.tokens.lock_state(further.sign_in_name, app.clock.deadline()):
                known = app.tokens.load_facts(further.sign_in_name)
                before = SignInFacts(
                    client=known.client,
                    client_issuer=known.client_issuer,
                    of_token_id=present.id if present else own_token.id,
                )
                _save_token(app, further, issued, user, before)


def _forget_further_sign_ins(app: App, session: SsoSession) -> None:
    """The caller holds the state lock."""
    for further in app.tokens.list_further_portal_sessions(session):
        app.tokens.forget(further)
        app.tokens.save_facts(further.sign_in_name, SignInFacts())
    app.answering_regions.forget(session.name)


def _not_signed_in_text(further: SsoSession) -> str:
    return f'"{further.name}" is not signed in in {further.region}'
