"""Signs in and out; no other action is interactive.

A sign-in gets a token, finds out which user signed in, and saves both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple

from ssohelper.actions import (
    agents,
    clocks,
    directory,
    further_sign_ins,
    portal_redirect,
    prompt_notes,
    protected_sign_ins,
    selection,
    sign_in_user,
    tokens,
)
from ssohelper.actions.login_flows import sign_in_by_browser, sign_in_by_device_code
from ssohelper.actions.login_ui import LoginUi, raise_if_sign_in_cancelled, wait_for_login_lock
from ssohelper.broker.requests import TokenState
from ssohelper.core import issuer, journal, lineage
from ssohelper.core.model import AccessToken, IssuedToken, SignInFacts, SsoSession
from ssohelper.core.start_url import is_company_url
from ssohelper.errors import (
    AwsUnreachable,
    ConfigInvalid,
    Interrupted,
    KeyMissing,
    LocalState,
    LockNotObtained,
    LoginRequired,
    RoleNotAssigned,
    SsoHelperError,
    TokenRejected,
)

if TYPE_CHECKING:
    from ssohelper.app import App

DEFAULT_MIN_SECONDS = 20 * 60
_RENEWAL_SECONDS = 12.0


class Move(NamedTuple):
    """The session from whose portal a login moves, and the check of the new sign-in.

    `accept` gets the session, token and user of a sign-in that is not saved yet. It raises an error
    to end that sign-in, else it writes the new portal to the config.
    """

    earlier: SsoSession
    accept: Callable[[SsoSession, AccessToken, str | None], object]


class LoginOptions(NamedTuple):
    """Options of a login. `min_seconds` is how long the present sign-in must still last.

    With `completes`, a login that keeps the present sign-in still signs in at further portals
    (those of other regions) that have no sign-in. With `move`, which needs `force`, the config has
    the session at another portal until the new sign-in is accepted.
    """

    device_code: bool = False
    force: bool = False
    min_seconds: int = DEFAULT_MIN_SECONDS
    completes: bool = False
    move: Move | None = None


class LoginOutcome(NamedTuple):
    """The session's token after a login, and where the token comes from.

    `how` says whether the token was "kept" unchanged, "renewed", taken from another login
    ("joined"), or is from a new sign-in ("signed in"). `user` is the user name of a new sign-in;
    None if it is unknown or there was no sign-in. `session` has the portal and region of the token:
    a company's own start URL may lead to another region than before.
    """

    session: SsoSession
    token: AccessToken
    how: Literal["kept", "renewed", "joined", "signed in"]
    user: str | None = None


def log_in(app: App, session: SsoSession, ui: LoginUi, options: LoginOptions) -> LoginOutcome:
    """Return a valid token of the session. Starts an interactive sign-in only if one is needed.

    A second login of the same session waits for the first and takes its result, so that only one
    browser tab opens. After an error nothing is saved.
    Raises: LoginRequired if the user did not sign in or AWS refused; AwsUnreachable; LocalState;
    Interrupted if the user cancelled; UsageProblem if another user signed in than last time, and
    the user did not confirm this.
    """
    return _reuse_sign_in_or_sign_in(app, session, ui, options)


def _reuse_sign_in_or_sign_in(
    app: App, session: SsoSession, ui: LoginUi, options: LoginOptions
) -> LoginOutcome:
    app.tokens.remove_temporary_files()
    present = None
    if not options.force:
        present = _reuse_sign_in(app, session, options.min_seconds)
        if present is not None:
            prompt_notes.rewrite_prompt_files_of_session(
                app, session
            )  # prompts may not show another tool's sign-in yet
            if not (
                options.completes
                and further_sign_ins.find_further_portals_without_sign_in(app, session)
            ):
                further_sign_ins.warn_of_further_portals_without_sign_in(app, session)
                return present
    agents.refuse_if_allow_list_applies(app, "sign in", f"ssohelper login {session.name}")
    if not is_company_url(session.start_url):
        app.company_policy.check_portal(session)
    if options.device_code:
        app.company_policy.check_device_code()
    before = app.tokens.read_token_file_fingerprint(session)
    with _hold_login_lock(app, session, ui) as has_waited:
        may_join = has_waited and options.move is None
        joined = _load_other_login_result(app, session, before) if may_join else None
        if joined is not None:
            return joined
        done = present or _sign_in_interactively(app, session, ui, options)
        get_token = partial(_get_token_by_interactive_sign_in, app, ui, options)
        further_sign_ins.sign_in_at_further_portals(app, done.session, ui, get_token)
        return done


def browser_command_setting(app: App, session: SsoSession) -> str | None:
    """Return the browser command that the settings name for this session, or None."""
    value = app.settings.get("browser", session=session.name)
    return value if isinstance(value, str) and value else None


def log_out(app: App, session: SsoSession) -> bool:
    """Sign out at AWS, then remove the session's token and role credentials from this machine.

    Returns whether there was a sign-in. Token and credentials are removed even if AWS cannot be
    reached.
    Raises: AwsUnreachable or ConfigInvalid, after the removal, if AWS was not told of the sign-out;
    ConfigInvalid, before the removal, if an environment variable would send AWS's token to another
    host: the sign-out works once the variable is unset.
    """
    agents.refuse_if_allow_list_applies(app, "sign out", f"ssohelper logout {session.name}")
    # The config may name another portal by now. The sign-in is ended at the portal where it began.
    session = selection.find_session_not_in_config(app, session.name) or session
    app.tokens.check_writable(session)
    app.tokens.remove_temporary_files()
    facts = app.tokens.load_facts(session.name)
    token, failure = tokens.revoke_sign_in(app, session, _RENEWAL_SECONDS)
    if isinstance(failure, ConfigInvalid) and facts.issuer != issuer.LOOPBACK:
        raise failure
    # The AWS CLI writes a token in clear, whatever our storage is.
    other, other_failure = tokens.revoke_sign_in(
        app, session, _RENEWAL_SECONDS, in_other_storage=True
    )
    failure = further_sign_ins.revoke_further_sign_ins(app, session) or failure or other_failure
    # The token's own lock is not taken, because a renewal may hold it for a minute. When that
    # renewal ends, it finds no token in the file and discards the new one.
    with app.tokens.lock_state(session.name, app.clock.deadline()):
        # Ctrl-Z can stop this process for minutes, so another tool may have signed in since the
        # token was read.
        ids = _find_token_ids(app, session)
        if not _is_token_replaced(app, session, token):
            app.tokens.forget(session)
            app.tokens.remove_session_record(session.name)
        app.storage.other_tokens.forget(session)
        app.storage.legacy_tokens.remove_files_with_tokens(ids, app.tokens.token_file(session))
        further_sign_ins.forget_further_sign_ins(app, session)
        app.credentials.remove_credentials_of_session(session.name)
        app.tokens.save_facts(session.name, _make_facts_for_next_sign_in(app, session))
        app.notice_record.forget(session.name)
        prompt_notes.rewrite_prompt_files_after_sign_in(app, session)
    if token is not None or other is not None or failure is not None:
        how = "revoked" if failure is None else "local"
        app.journal.try_append(journal.signed_out_entry(session.name, how=how, user=facts.user))
    if failure is not None:
        is_local = isinstance(failure, ConfigInvalid | LocalState)
        raise (type(failure) if is_local else AwsUnreachable)(
            f'signed out of "{session.name}" on this machine only: {failure.message}',
            hint="end the sign-in at AWS in the access portal's own menu, or let it expire",
        ) from failure
    return token is not None or other is not None


# -- reusing the present sign-in ----------------------------------------------------------------


def _reuse_sign_in(app: App, session: SsoSession, min_seconds: int) -> LoginOutcome | None:
    """Return the outcome of a login that keeps the sign-in; None if the user must sign in again."""
    try:
        token = app.tokens.load(session)
    except (LoginRequired, KeyMissing):
        return None
    if token is None or clocks.load_sign_in_outlook_of_token(app, session, token).is_sign_in_needed(
        app.clock.now(), min_seconds
    ):
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
    clocks.warn_of_unknown_sign_in_end(app, session, valid, min_seconds)
    is_same = valid.value == token.value
    return LoginOutcome(session, valid, "kept" if is_same else "renewed")


def _check_token_at_aws(app: App, session: SsoSession, token: AccessToken) -> AccessToken:
    """Return the token if AWS accepts it, else a renewed one.

    `setup` takes over a recorded sign-in however long ago its session left the config. The sign-in
    may have ended at AWS since, and a listing that meets this can no longer ask for a new one.
    Raises: LoginRequired, AwsUnreachable.
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
    """Hold the session's login lock. Yield whether this process had to wait for another login."""
    with ExitStack() as stack:
        has_waited = False
        try:
            stack.enter_context(app.tokens.lock_sign_in(session.name, app.clock.deadline(0.0)))
        except LockNotObtained:
            has_waited = True
            ui.report_waiting_for_another_login()
            stack.enter_context(wait_for_login_lock(app, session, ui))
        yield has_waited


def _load_other_login_result(
    app: App, session: SsoSession, fingerprint_before: str
) -> LoginOutcome | None:
    """Return the outcome of the login that held the lock; None if it left no token and no error.

    `fingerprint_before` is the token file's fingerprint from before the wait. Raises the other
    login's error.
    """
    if app.tokens.read_token_file_fingerprint(session) != fingerprint_before:
        # The other login may have recorded another region for the session.
        found = app.config.read().sso_session(session.name) or session
        token = app.tokens.load(found)
        if token is not None and token.expires_at > app.clock.now():
            user = app.tokens.load_facts(session.name).user
            return LoginOutcome(found, token, "joined", user)
    known = app.sign_in_failures.load(session.name, app.clock.now())
    if known is not None:
        raise known
    return None


# -- signing in interactively, and saving the token ---------------------------------------------


def _sign_in_interactively(
    app: App, session: SsoSession, ui: LoginUi, options: LoginOptions
) -> LoginOutcome:
    app.tokens.prepare_sign_in(session)
    app.sign_in_failures.forget(session.name)
    in_config = session if selection.is_session_in_config(app, session) else None
    try:
        session = portal_redirect.resolve_portal_of_session(app, session, ui)
        app.company_policy.check_portal(session)
        sign_in_user.import_botocore_in_background(app)
        token, life_seconds = _get_token_by_interactive_sign_in(app, ui, options, session)
        user = sign_in_user.find_signed_in_user(app, session, token)
        if options.move is None:
            sign_in_user.confirm_user_of_sign_in(app, session, ui, token, user)
            _discard_sign_in_unless_in_config(app, in_config, session, token)
            earlier = protected_sign_ins.find_sign_in_at_other_portal(app, session)
        else:
            earlier = options.move.earlier
        revoke_earlier = _prepare_revocation(app, earlier)
        if options.move is not None:
            options.move.accept(session, token, user)
    except Interrupted:
        raise  # a cancelled login is not recorded: a waiting login may go on
    except SsoHelperError as error:
        with suppress(LocalState):  # a full disk must not hide the sign-in's own error
            app.sign_in_failures.save(session.name, error, app.clock.now())
        raise
    # The new token is saved before the earlier one is revoked: an interruption loses neither.
    try:
        _save_sign_in(app, session, token, life_seconds, user)
    except LocalState:
        present = tokens.load_token_or_none(app, session)
        if present is None or present.value != token.value:
            sign_in_user.end_unsaved_sign_in(app, session, token)
        raise
    if earlier is not None:
        _end_sign_in_at_earlier_portal(app, earlier, revoke_earlier)
    how = "device-code" if options.device_code else "browser"
    app.journal.try_append(journal.signed_in_entry(session.name, how=how, user=user))
    return LoginOutcome(session, token, "signed in", user)


def _discard_sign_in_unless_in_config(
    app: App, before: SsoSession | None, session: SsoSession, token: AccessToken
) -> None:
    """End the new sign-in at AWS if its session was removed from the config in the meantime.

    `before` is the session as the config had it, or None if the config never had it, as during
    `setup`.
    Raises: ConfigInvalid if it was removed, as no command could use or end the sign-in.
    """
    try:
        if before is not None:
            selection.check_session_in_config(app, before)
    except ConfigInvalid:
        sign_in_user.end_unsaved_sign_in(app, session, token)
        raise


def _prepare_revocation(
    app: App, earlier: SsoSession | None
) -> list[Callable[[], tokens.RevokedSignIn]]:
    """Return functions that end the sign-in which a new one replaces, at each of its portals."""
    portals = (earlier, *app.tokens.list_further_portal_sessions(earlier)) if earlier else ()
    return [tokens.prepare_revocation(app, one, _RENEWAL_SECONDS) for one in portals]


def _end_sign_in_at_earlier_portal(
    app: App, earlier: SsoSession, revoke: list[Callable[[], tokens.RevokedSignIn]]
) -> None:
    failures = [error for _token, error in (one() for one in revoke) if error]
    old = f'the earlier sign-in to "{earlier.name}", at {earlier.start_url} in {earlier.region}, '
    if failures:
        app.warn(f"{old}was not ended at AWS: {failures[0].message}")
    else:
        app.warn(f"{old}was ended")


def _get_token_by_interactive_sign_in(
    app: App, ui: LoginUi, options: LoginOptions, session: SsoSession
) -> IssuedToken:
    get_token = sign_in_by_device_code if options.device_code else sign_in_by_browser
    found = get_token(app, session, ui, must_register=options.force)
    raise_if_sign_in_cancelled(session, ui)
    return found


def _find_token_ids(app: App, session: SsoSession) -> set[str]:
    """Return the known ids of the sign-in's tokens. A keyring is not read, as that may hang."""
    if app.storage.apply_setting() == "keyring":
        return set(app.tokens.load_facts(session.name).token_ids)
    return app.tokens.load_token_ids(session)


def _save_sign_in(
    app: App, session: SsoSession, token: AccessToken, life_seconds: int, user: str | None
) -> None:
    """Save the token of a new sign-in, and remove the credentials of the earlier sign-in."""
    # The token's own lock is not taken, because a renewal may hold it for a minute. When that
    # renewal ends, it finds this new token in the file and leaves it there.
    with app.tokens.lock_state(session.name, app.clock.deadline()):
        # Credentials are removed first, so that a kill in between leaves no old credentials with
        # the new token.
        app.credentials.remove_credentials_of_session(session.name)
        further_sign_ins.forget_further_sign_ins(app, session)
        with suppress(LocalState):  # an old token file that stays is useless soon
            app.storage.legacy_tokens.remove_files_with_tokens(
                _find_token_ids(app, session), app.tokens.token_file(session)
            )
        with suppress(LocalState):  # a sign-in needs no cache
            portal_redirect.save_portal_address(app, session)
        app.tokens.save_session(session)
        app.tokens.save(session, token)
        before = _make_facts_for_next_sign_in(app, session)
        facts = tokens.facts_of_new_sign_in(app, session, before, token, life_seconds, user)
        app.tokens.save_facts(session.name, facts)
        app.notice_record.forget(session.name)
        prompt_notes.rewrite_prompt_files_after_sign_in(app, session)
    if sign_in_user.is_another_user(user, facts.earlier_user):
        with suppress(LocalState, OSError):  # an old list that stays is refreshed before use
            directory.forget_earlier_listing(app, session)


def _is_token_replaced(app: App, session: SsoSession, token: AccessToken | None) -> bool:
    present = tokens.load_token_or_none(app, session)
    if token is None or present is None:
        return False
    facts = app.tokens.load_facts(session.name)
    return lineage.validity_of_credentials(token.id, present, facts) is lineage.Validity.DOUBTFUL


def _make_facts_for_next_sign_in(app: App, session: SsoSession) -> SignInFacts:
    """Return the facts to record for the next sign-in, which may be by another user.

    The observed length of sign-ins is kept, because the organization sets it for all users.
    """
    before = app.tokens.load_facts(session.name)
    return SignInFacts(
        observed_hours_seconds=before.observed_hours_seconds,
        person_since=app.clock.now(),
        earlier_user=before.user or before.earlier_user,
        client=before.client,
        client_issuer=before.client_issuer,
    )
