"""Chooses the default region of profiles. No other module decides this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssohelper.core import profile_region
from ssohelper.core.choices import make_value_finder
from ssohelper.core.model import RoleKey
from ssohelper.core.service_hosts import checked_region
from ssohelper.errors import ConfigInvalid, UsageProblem

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.choices import Choices
    from ssohelper.core.model import Profile, SsoSession


def default_region_of_session(app: App, session: SsoSession, choices: Choices) -> str:
    """Return the default region of the session's new profiles, except for accounts with a rule.

    This is the region that the user chose for this session, else that of the setting
    `default_region`, else that of Identity Center.
    """
    region: str = choices.default_region or app.settings.get("default_region") or session.region
    return region


def region_in_written_profiles(app: App, session: SsoSession, choices: Choices) -> str:
    """Return the default region that the session's profiles were last written with.

    The default region may be another one now, because the setting may have changed since.
    """
    return choices.written_region or default_region_of_session(app, session, choices)


def region_for_new_profiles(app: App, session: SsoSession, choices: Choices) -> str:
    """Return the default region that the session's next new profiles get.

    For the first profiles of a session this may be the proposed region, which is saved with them.
    """
    return default_region_of_session(app, session, with_proposed_region(app, session, choices))


def region_for_new_profile_of_role(app: App, profile: Profile) -> str:
    """Return the region that a new profile for the role of `profile` would get."""
    session, role = profile.session, profile.shown_role
    default = region_for_new_profiles(app, session, app.choices.load(session.name))
    rules = app.settings.table("regions")
    if not rules:
        return default  # no account has a region of its own, so the account's name is not needed
    account = app.vault.find_account(RoleKey(session.name, role.account_id, role.name))
    return str(make_value_finder(rules.items(), default)(account))


def propose_default_region(app: App, session: SsoSession) -> str | None:
    """Return the region to propose as the session's default; None if there is nothing to ask.

    Proposes the region of the profile `[default]`, else of the environment, else of Identity
    Center. There is nothing to ask once a region was chosen or the session has managed profiles.
    """
    if app.choices.load(session.name).default_region or app.settings.get("default_region"):
        return None
    config = app.config.read()
    for entry in config.profiles():
        target = config.target_or_none(entry) if entry.managed else None
        if target is not None and target.session_name == session.name:
            return None
    return profile_region.propose_region(config, app.environ, session.region)


def with_proposed_region(app: App, session: SsoSession, choices: Choices) -> Choices:
    """Return the session's options with the region that `setup` would propose, if none was chosen.

    The options are unchanged if the proposed region is Identity Center's.
    """
    proposal = None if choices.default_region else propose_default_region(app, session)
    if proposal is None or proposal == session.region:
        return choices
    return choices.with_chosen_fields(default_region=proposal)


def parse_region_name(text: str) -> str:
    """Return the region that the user typed. Raises: UsageProblem if AWS has no such region."""
    try:
        return checked_region(text)
    except ConfigInvalid as error:
        raise UsageProblem(error.message, hint=error.hint) from error
