"""Chooses, edits and saves the options with which a session's profiles are written.

No other module decides the default region of profiles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ssohelper.core import profile_region
from ssohelper.core.choices import (
    NATIVE,
    NO_CHOICES,
    Choices,
    do_filters_match,
    make_value_finder,
)
from ssohelper.core.model import RoleKey
from ssohelper.core.profile_names import checked_name_template
from ssohelper.core.service_hosts import checked_region
from ssohelper.core.session_changes import find_profiles_of_session
from ssohelper.errors import ConfigInvalid, UsageProblem

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.model import Profile, SsoSession
    from ssohelper.core.profile_plan import Plan

# The options' names as the user types them; they are the fields of `Choices`.
FIELDS = Choices._fields[:5]
ACCOUNTS, ROLES, REGION = "accounts", "roles", "default_region"


def merge_choices(app: App, session: SsoSession, given: Choices = NO_CHOICES) -> Choices:
    """Return the session's saved options, with the `given` options in place of saved ones.

    Raises: UsageProblem; ConfigInvalid for the native form if the sign-in is in the keyring.
    """
    if given.form == NATIVE and app.storage.apply_setting() == "keyring":
        raise ConfigInvalid(
            'with storage = "keyring" no other program can use the sign-in, so profiles in form '
            '"sso" would not work',
            hint="leave out --form, or keep sign-ins in files: ssohelper config set storage file",
        )
    if given.template:
        checked_name_template(given.template)
    if given.default_region is not None:
        parse_region_name(given.default_region)
    fields = {field: value for field in FIELDS if (value := getattr(given, field))}
    return app.choices.load(session.name).with_chosen_fields(**fields)


# -- the default region ----------------------------------------------------------------------------


def default_region(app: App, session: SsoSession, choices: Choices) -> str:
    """Return the region of profiles whose account has no rule in the setting `regions`."""
    region: str = choices.default_region or app.settings.get("default_region") or session.region
    return region


def region_for_new_profiles(app: App, session: SsoSession, choices: Choices) -> str:
    """Return the region that the next new profiles would get, which may be the proposed one."""
    return default_region(app, session, with_proposed_region(app, session, choices))


def region_for_role(app: App, profile: Profile) -> str:
    session, role = profile.session, profile.shown_role
    default = region_for_new_profiles(app, session, app.choices.load(session.name))
    rules = app.settings.table("regions")
    if not rules:
        return default  # no account has a region of its own, so the account's name is not needed
    account = app.vault.find_account(RoleKey(session.name, role.account_id, role.name))
    return str(make_value_finder(rules.items(), default)(account))


def propose_default_region(app: App, session: SsoSession) -> str | None:
    """Return the region of `[default]`, else the environment's, else Identity Center's.

    None if there is nothing to ask: a region was chosen, or the session has managed profiles.
    """
    if app.choices.load(session.name).default_region or app.settings.get("default_region"):
        return None
    config = app.config.read()
    if any(one.managed for one in find_profiles_of_session(config, session.name)):
        return None
    return profile_region.propose_region(config, app.environ, session.region)


def with_proposed_region(app: App, session: SsoSession, choices: Choices) -> Choices:
    """Return the options with the proposed region, unless a region was chosen or is the same."""
    proposal = None if choices.default_region else propose_default_region(app, session)
    if proposal is None or proposal == session.region:
        return choices
    return choices.with_chosen_fields(default_region=proposal)


def parse_region_name(text: str) -> str:
    try:
        return checked_region(text)
    except ConfigInvalid as error:
        raise UsageProblem(error.message, hint=error.hint) from error


def choices_json(choices: Choices) -> dict[str, Any]:
    return {
        "accounts": list(choices.accounts),
        "roles": list(choices.roles),
        "name_template": choices.template,
        "form": choices.form,
        "default_region": choices.default_region,
    }


# -- saving ----------------------------------------------------------------------------------------


def save_choices(app: App, plan: Plan) -> None:
    """Save the plan's options. The caller holds the lock of `app.choices`.

    Filters that match no listed role count as mistyped and are not saved. A plan for single roles
    saves only the region that ssohelper proposed for the session's first profiles. If options
    changed and the config did not, the config is still saved as a version, for `profile undo`.
    """
    session_name, request = plan.request.session.name, plan.request
    saved, chosen = app.choices.load(session_name), request.choices
    # Only the given options are saved: another command may have saved the others meanwhile.
    given, new = set(chosen.given), saved
    if request.only_roles:
        has_proposal = plan.add and request.region == chosen.default_region
        given &= {REGION} if has_proposal else set()
        new = saved._replace(removed=saved.removed - request.only_roles)
    elif not do_filters_match(request.listing, chosen):
        given -= {ACCOUNTS, ROLES}
    new = new._replace(**{field: getattr(chosen, field) for field in given})
    if not plan.changes and new.options != saved.options:
        before = {session_name: saved}
        app.config.write(lambda _: (), app.clock.deadline(), before, records_unchanged=True)
    app.choices.save(session_name, new)
