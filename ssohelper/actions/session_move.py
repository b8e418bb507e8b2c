"""Moves a session to another address of its portal, if the same user has the same accounts there.

The new sign-in is checked, then the config is written, then the token, and then the earlier sign-in
is ended at AWS. A process that is killed in between leaves the session at the earlier address, or
at the new one, where `login` signs in and ends the earlier sign-in.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import directory, login, session_edit, tokens
from ssohelper.core.text import show
from ssohelper.errors import (
    AwsUnreachable,
    LocalState,
    LoginRequired,
    RoleNotAssigned,
    UsageProblem,
)

if TYPE_CHECKING:
    from ssohelper.actions.session_edit import SessionPlan
    from ssohelper.app import App
    from ssohelper.core.listing import Listing
    from ssohelper.core.model import AccessToken, Account, SsoSession

_SECONDS = 12.0


class KnownUser(NamedTuple):
    name: str
    account_ids: frozenset[str]


def load_known_user(app: App, session: SsoSession) -> KnownUser:
    """Return the user and the accounts, from AWS or else from the saved list. Raises:
    LoginRequired.
    """
    name, account_ids = app.tokens.load_facts(session.name).last_user, frozenset[str]()
    try:
        token = tokens.ensure_valid_token(app, session, app.clock.deadline(_SECONDS))
        account_ids = _ids(app.aws.portal(session).list_accounts(token))
    except (LoginRequired, AwsUnreachable, RoleNotAssigned):
        saved = directory.load_listing(app, session)
        account_ids = _ids(listed.account for listed in saved.accounts) if saved else account_ids
    if not name or not account_ids:
        raise LoginRequired(
            f'which user and accounts "{session.name}" has is not known, so a sign-in at another '
            "address cannot be compared with it",
            hint=f"sign in at the present address first: ssohelper login {session.name} --force",
        )
    return KnownUser(name, account_ids)


def accept_sign_in(
    app: App,
    plan: SessionPlan,
    known: KnownUser,
    session: SsoSession,
    token: AccessToken,
    user: str | None,
) -> None:
    """Write the plan if the new sign-in is of the known user with the same accounts.

    Otherwise ends the new sign-in and raises UsageProblem. Raises: AwsUnreachable, LocalState.
    """
    portal = login.portal_of_unsaved_token(app, session, token)
    why = _why_different(known, user, _ids(portal.list_accounts(token)))
    if why:
        raise UsageProblem(
            f'"{session.name}" stays at {show(plan.session.start_url, 200)}, because {why}',
            hint="nothing was changed; another organization or user gets a session of its own: "
            f"ssohelper setup {show(session.start_url, 200)} --session NAME",
        )
    session_edit.write_session_plan(app, plan)


def move_listing(app: App, session: SsoSession) -> None:
    """Keep the saved list of roles for the new address, because the accounts are the same."""
    listing = app.directory.load(session.name)
    if listing is not None:
        moved = listing._replace(start_url=session.start_url, region=session.region)
        with suppress(LocalState):  # the listing is a cache
            app.directory.save(session.name, moved)


def find_session_to_move(app: App, new: SsoSession, listing: Listing) -> SsoSession | None:
    """Return a session in the config whose user and saved roles are those of the new session."""
    user, roles = app.tokens.load_facts(new.name).user, set(listing.roles())
    for session in app.config.read().sso_sessions() if user and roles else ():
        saved = directory.load_listing(app, session)
        earlier = app.tokens.load_facts(session.name).last_user
        is_same = bool(earlier) and not login.is_another_user(user, earlier)
        if session.name != new.name and is_same and saved and set(saved.roles()) == roles:
            return session
    return None


def _why_different(known: KnownUser, user: str | None, account_ids: frozenset[str]) -> str:
    if user is None:
        return "the user who signed in there is not known"
    if login.is_another_user(user, known.name):
        return f'"{show(user)}" signed in there, not "{show(known.name)}"'
    more, fewer = len(account_ids - known.account_ids), len(known.account_ids - account_ids)
    return f"the accounts there differ: {more} more, {fewer} fewer" if more or fewer else ""


def _ids(accounts: Iterable[Account]) -> frozenset[str]:
    return frozenset(account.id for account in accounts)
