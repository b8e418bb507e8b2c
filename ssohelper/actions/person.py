"""Who signed in. AWS tells no client; STS names the person of a role's credentials.

The question is asked with a token that is not kept yet, so that another person's can be refused.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from ssohelper.actions import directory, issuing
from ssohelper.core import guard_rules, issuer
from ssohelper.core.endpoints import sts_endpoint
from ssohelper.core.model import AccessToken, Account, Role, SsoSession
from ssohelper.core.text import show
from ssohelper.errors import RoleNotAssigned, SsoHelperError, UsageProblem

if TYPE_CHECKING:
    from ssohelper.actions.login_ui import LoginUi
    from ssohelper.app import App
    from ssohelper.core.deadline import Deadline
    from ssohelper.wire.portal import Portal

_log = logging.getLogger(__name__)
# A sign-in waits no longer than this for the answer.
_SECONDS = 3.0
# How many accounts are searched for a role that no guard rule matches.
_MOST_ACCOUNTS = 3


def get_ready(app: App) -> None:
    """Import what the question takes, in the background: while a person is in the browser."""
    with suppress(RuntimeError):  # the system gives no thread: then it is imported later
        threading.Thread(target=app.import_account_client, daemon=True).start()


def person_of(app: App, session: SsoSession, token: AccessToken) -> str | None:
    """Return the user name of whoever signed in for this token; None when it is not known in 3 s."""
    found: list[str] = []
    try:
        question = _Question(app, session, token)
        asking = threading.Thread(
            target=question.ask, args=(found,), daemon=True, name="ssohelper-person"
        )
        asking.start()
    except (SsoHelperError, OSError, RuntimeError) as error:
        _log.info("who signed in is unknown: %s", error)
        return None
    # A connection that drips bytes passes every read timeout; the thread ends with the process.
    asking.join(_SECONDS)
    return found[0] if found else None


def last_person(app: App, session: SsoSession) -> str | None:
    """Return who was signed in last under this session's name, where that is known."""
    facts = app.tokens.load_facts(session.name)
    return facts.user or facts.earlier_user


def is_another(person: str | None, earlier: str | None) -> bool:
    """Return whether both user names are known and differ."""
    return bool(person and earlier) and str(person).casefold() != str(earlier).casefold()


def check(app: App, session: SsoSession, ui: LoginUi, token: AccessToken, user: str | None) -> None:
    """Ask for confirmation when another user signed in; without it, end the new sign-in at AWS.

    Stored files do not change. Raises: UsageProblem when the user declines.
    """
    earlier = last_person(app, session)
    if user is None or earlier is None or not is_another(user, earlier):
        return
    try:
        if not ui.accept_another_person(earlier, user):
            raise UsageProblem(
                f'the sign-in of "{show(user)}" to "{session.name}" is not kept',
                hint="sign out of the access portal in the browser, then: "
                f"ssohelper login {session.name}",
            )
    except BaseException:  # Ctrl-C at the question too
        with suppress(SsoHelperError):
            _portal(app, session, token).logout(token)
        raise


def _portal(app: App, session: SsoSession, token: AccessToken) -> Portal:
    return app.portal(session).of_new_token(token, app.oidc(session).issuer)


class _Question:
    """What the thread needs; read before it starts, for the App is not shared by threads."""

    def __init__(self, app: App, session: SsoSession, token: AccessToken) -> None:
        self._app = app
        self._session = session
        self._token = token
        self._rules: Iterable[str] = app.settings.get("guard.rules")
        self._saved = directory.load_listing(app, session)
        self._portal = _portal(app, session, token)
        endpoint = sts_endpoint(session.region, app.environ)
        issuer.check_keys(app.oidc(session).issuer, "sts", endpoint, session)

    def ask(self, found: list[str]) -> None:
        """Append the person's user name, or nothing."""
        try:
            deadline = self._app.deadline(_SECONDS)
            for role in self._roles():
                if name := self._name_in(role, deadline):
                    found.append(name)
                    return
        except Exception as error:  # of whatever kind: it costs the name, and not the sign-in
            _log.info("who signed in is unknown: %s", type(error).__name__)

    def _name_in(self, role: Role, deadline: Deadline) -> str | None:
        try:
            keys = issuing.issue_for_question(self._portal, self._token, role, deadline)
        except RoleNotAssigned:
            return None  # the saved list may be another person's
        identity = self._app.account_client(keys, self._session.region).get_caller_identity()
        return identity.role_session if identity.is_role(role) else None

    def _roles(self) -> Iterator[Role]:
        """Yield roles to ask with: one of the saved list, then some that AWS lists now."""
        if self._saved is not None:
            saved = [
                (listed.account, name) for listed in self._saved.accounts for name in listed.roles
            ]
            yield from islice(self._unguarded(saved), 1)
        for account in islice(self._portal.list_accounts(self._token), _MOST_ACCOUNTS):
            names = self._portal.list_roles(self._token, account.id)
            yield from islice(self._unguarded((account, name) for name in names), 1)

    def _unguarded(self, roles: Iterable[tuple[Account, str]]) -> Iterator[Role]:
        """Yield the roles that no rule guards, the shortest name first: it tends to allow least."""
        for account, name in sorted(roles, key=lambda role: (len(role[1]), role[1], role[0].id)):
            if not guard_rules.is_guarded(self._rules, self._session.name, account, name):
                yield Role(account.id, name)
