"""Finds out which user signed in by asking STS with a role's keys: the token does not say.

STS is asked before the token is saved, so that another user's sign-in can be discarded.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING

from ssohelper.actions import directory, tokens
from ssohelper.broker.requests import AskedBy
from ssohelper.core import guard_rules, issuer
from ssohelper.core.model import AccessToken, Account, Role, SsoSession
from ssohelper.core.service_hosts import service_url
from ssohelper.core.text import show
from ssohelper.errors import RoleNotAssigned, SsoHelperError, UsageProblem
from ssohelper.fastpath import calling_process

if TYPE_CHECKING:
    from ssohelper.actions.login_flows import LoginUi
    from ssohelper.app import App
    from ssohelper.wire.portal import Portal

_log = logging.getLogger(__name__)
_SECONDS = 3.0
# The accounts in which we look at most for a role that no guard rule matches.
_MAX_ACCOUNTS = 3


def find_signed_in_user(app: App, session: SsoSession, token: AccessToken) -> str | None:
    """Return the name of the user who signed in for this token; None if not known within 3 s."""
    found: list[str] = []

    def look_up() -> None:
        try:
            append_user_name(found)
        except Exception as error:  # a sign-in succeeds without the user's name
            _log.info("the user of the new sign-in is unknown: %s", type(error).__name__)

    try:
        append_user_name = _prepare_lookup(app, session, token)
        thread = threading.Thread(target=look_up, daemon=True, name="ssohelper-user")
        thread.start()
    except (SsoHelperError, OSError, RuntimeError) as error:
        _log.info("the user of the new sign-in is unknown: %s", error)
        return None
    # A server that sends single bytes never reaches a read timeout.
    thread.join(_SECONDS)
    return found[0] if found else None


def load_last_user(app: App, session: SsoSession) -> str | None:
    facts = app.tokens.load_facts(session.name)
    return facts.user or facts.earlier_user


def is_another_user(user: str | None, earlier: str | None) -> bool:
    return bool(user and earlier) and str(user).casefold() != str(earlier).casefold()


def confirm_user(app: App, session: SsoSession, ui: LoginUi, user: str | None) -> None:
    """If another user than before signed in, ask. Raises: UsageProblem if declined."""
    earlier = load_last_user(app, session)
    if user is None or earlier is None or not is_another_user(user, earlier):
        return
    if not ui.confirm_another_user(earlier, user):
        raise UsageProblem(
            f'the sign-in of "{show(user)}" to "{session.name}" was discarded',
            hint="sign out of the access portal in the browser, then: "
            f"ssohelper login {session.name}",
        )


@contextmanager
def end_unless_saved(app: App, session: SsoSession, token: AccessToken) -> Iterator[None]:
    """End the new sign-in at AWS if an error, or Ctrl-C, comes before its token is saved."""
    try:
        yield
    except BaseException:
        present = tokens.load_token_or_none(app, session)
        if present is None or present.value != token.value:
            with suppress(SsoHelperError):
                portal_of_unsaved_token(app, session, token).log_out(token)
        raise


def portal_of_unsaved_token(app: App, session: SsoSession, token: AccessToken) -> Portal:
    return app.aws.portal(session).copy_for_new_token(token, app.aws.oidc(session).issuer)


def _prepare_lookup(
    app: App, session: SsoSession, token: AccessToken
) -> Callable[[list[str]], None]:
    """Return a function for a thread: it reads no file, because threads must not share an `App`."""
    rules, saved, vault = app.vault.policy.rules, directory.load_listing(app, session), app.vault
    portal = portal_of_unsaved_token(app, session, token)
    vault.load_settings_and_journal()
    asked_by = AskedBy("ssohelper", calling_process.find_caller()[1])
    variant = app.aws.host_variant_for_roles(session)
    url = service_url("sts", session.region, app.environ, variant)
    issuer.check_credentials_destination(app.aws.oidc(session).issuer, "sts", url, session)

    def find_unguarded_role(roles: Iterable[tuple[Account, str]]) -> Iterator[Role]:
        # Short names first, as these often allow less.
        for account, name in sorted(roles, key=lambda role: (len(role[1]), role[1], role[0].id)):
            if not guard_rules.is_guarded(rules, session.name, account, name):
                yield Role(account.id, name)
                return

    def find_roles() -> Iterator[Role]:
        if saved is not None:
            yield from find_unguarded_role(
                (at.account, n) for at in saved.accounts for n in at.roles
            )
        for account in islice(portal.list_accounts(token), _MAX_ACCOUNTS):
            names = portal.list_roles(token, account.id)
            yield from find_unguarded_role((account, name) for name in names)

    def append_user_name(found: list[str]) -> None:
        deadline = app.clock.deadline(_SECONDS)
        for role in find_roles():
            try:
                keys = vault.issue_role_credentials(
                    session, role, token, deadline, asked_by, portal
                )
            except RoleNotAssigned:
                continue  # the saved list of roles may be another user's
            identity = app.aws.get_caller_identity(keys, session.region, variant)
            if identity.is_role(role) and identity.role_session_name:
                found.append(identity.role_session_name)
                return

    return append_user_name
