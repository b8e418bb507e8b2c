"""Finds the account, role and user of a profile in saved files, then asks STS to confirm them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import clocks, credentials, directory, environment, tokens
from ssohelper.core.model import Account, Profile, SignInFacts, SsoSession
from ssohelper.core.policy import Way
from ssohelper.core.service_hosts import service_url
from ssohelper.errors import AnotherUsersHome, BadAnswer, LocalState

if TYPE_CHECKING:
    from ssohelper.app import App


class KnownIdentity(NamedTuple):
    profile: Profile
    account: Account
    user: str | None


class ConfirmedIdentity(NamedTuple):
    """The identity that STS reported. `user` is the role session's name."""

    user: str
    arn: str


def look_up_identity(app: App, profile: Profile) -> KnownIdentity:
    saved = directory.load_listing(app, profile.session)
    accounts = {a.account.id: a.account for a in saved.accounts} if saved else {}
    account_id = profile.shown_role.account_id
    account = accounts.get(account_id) or Account(account_id, "", "")
    return KnownIdentity(profile, account, _load_sign_in_facts(app, profile.session).user)


def _load_sign_in_facts(app: App, session: SsoSession) -> SignInFacts:
    token = tokens.load_token_or_none(app, session)
    return (
        clocks.facts_of_token(app, session, token) if token else app.tokens.load_facts(session.name)
    )


def confirm_identity(app: App, known: KnownIdentity) -> ConfirmedIdentity:
    """Ask STS whose credentials the profile gives, and save the user name.

    Raises: LoginRequired, RoleNotAssigned, AwsUnreachable, BadAnswer for another account or role.
    """
    session, role = known.profile.session, known.profile.role
    # The permit comes first, so that a refusal is in the journal even if the settings are
    # unreadable.
    app.vault.check_release(session.key_of(role), Way.WHOAMI)
    # The region for STS does not come from the setting default_region.
    region = environment.choose_region_for_requests(
        app, known.profile, known.profile.region or session.region
    )
    variant = app.aws.host_variant_for_roles(session)
    url = service_url("sts", region, app.environ, variant)
    tokens.check_credentials_destination(app, session, "sts", url)
    keys = credentials.release_credentials(app, session, role, Way.WHOAMI, app.clock.deadline())
    identity = app.aws.get_caller_identity(keys, region, variant)
    if not identity.is_role(role, known.profile.assumed):
        raise BadAnswer(
            f"STS says that these credentials are {identity.arn}",
            hint="get new ones: ssohelper cache clear, then try again",
        )
    if known.profile.assumed is None:  # a chain's role session may not have the user's name
        _save_user_name(app, session, identity.role_session_name)
    return ConfirmedIdentity(identity.role_session_name, identity.arn)


def _save_user_name(app: App, session: SsoSession, user: str) -> None:
    """Save the user name. If an earlier user had another name, delete the earlier listing."""
    if _load_sign_in_facts(app, session).user == user:
        return
    try:
        # The lock is needed because a renewal in another process writes the same file.
        with app.tokens.lock_state(session.name, app.clock.deadline()):
            facts = _load_sign_in_facts(app, session)
            app.tokens.save_facts(session.name, facts._replace(user=user))
        if facts.earlier_user not in (None, user):
            directory.forget_earlier_listing(app, session)
    except AnotherUsersHome:
        return
    except (LocalState, OSError) as error:
        app.warn(f"the user name could not be saved: {error}")
