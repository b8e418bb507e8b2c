"""Who a profile is: from what is known here, then confirmed by STS."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import credentials, directory, environment, tokens
from ssohelper.core import issuer
from ssohelper.core.endpoints import sts_endpoint
from ssohelper.core.model import Account, Profile, SignInFacts, SsoSession
from ssohelper.errors import AnotherUsersHome, BadAnswer, LocalState

if TYPE_CHECKING:
    from ssohelper.app import App


class KnownIdentity(NamedTuple):
    """What is known without asking AWS; the account's name is "" when no list has it."""

    profile: Profile
    account: Account
    user: str | None


class ConfirmedIdentity(NamedTuple):
    """What STS said: the person's user name, and the whole ARN."""

    user: str
    arn: str


def look_up(app: App, profile: Profile) -> KnownIdentity:
    """Return account and role of the profile with the names that the saved list gives them."""
    saved = directory.load_listing(app, profile.session)
    accounts = {a.account.id: a.account for a in saved.accounts} if saved else {}
    account_id = profile.role.account_id
    account = accounts.get(account_id) or Account(account_id, "", "")
    return KnownIdentity(profile, account, _facts(app, profile.session).user)


def _facts(app: App, session: SsoSession) -> SignInFacts:
    """Return what is known of the present sign-in: not of the one before another tool's."""
    token = tokens.seen(app, session)
    return tokens.facts_of(app, session, token) if token else app.tokens.load_facts(session.name)


def confirm(app: App, who: KnownIdentity) -> ConfirmedIdentity:
    """Ask STS who the profile's credentials are, and remember the person's name.

    Raises: LoginRequired (4), RoleNotAssigned (5), AwsUnreachable (6), BadAnswer (6) when STS
    names another account or role.
    """
    session, role = who.profile.session, who.profile.role
    # Not the region of the settings: STS of the profile's own region, else of the session's.
    region = environment.choose_endpoint_region(
        app, who.profile, who.profile.region or session.region
    )
    endpoint = sts_endpoint(region, app.environ)
    issuer.check_keys(tokens.issuer_of(app, session), "sts", endpoint, session)
    keys = credentials.release(app, session, role, app.deadline())
    identity = app.account_client(keys, region).caller_identity()
    if not identity.is_role(role):
        raise BadAnswer(
            f"STS says that these credentials are {identity.arn}",
            hint="get new ones: ssohelper cache clear, then try again",
        )
    _remember_user(app, session, identity.role_session)
    return ConfirmedIdentity(identity.role_session, identity.arn)


def _remember_user(app: App, session: SsoSession, user: str) -> None:
    """Note the person's name; what was listed for another one before is forgotten."""
    if _facts(app, session).user == user:
        return
    try:
        # A renewal behind our back writes the same file.
        with app.tokens.lock_state(session.name, app.deadline()):
            facts = _facts(app, session)
            app.tokens.save_facts(session.name, facts._replace(user=user))
        if facts.earlier_user not in (None, user):
            directory.forget_earlier_listing(app, session)
    except AnotherUsersHome:
        return
    except (LocalState, OSError) as trouble:
        app.warn(f"the user's name could not be kept: {trouble}")
