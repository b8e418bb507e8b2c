"""Adds, changes and removes profiles in ~/.aws/config. Writes once per command."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ssohelper.actions import (
    adopting,
    agents,
    config_writing,
    default_regions,
    profile_checks,
    saved_options,
)
from ssohelper.core import adoption, chains, filter_rows, plan_text, profile_plan
from ssohelper.core.choices import NATIVE, NO_CHOICES, PROCESS, Choices, has_wildcard
from ssohelper.core.config_edit import Change, RemoveSection, unified_diff
from ssohelper.core.config_profiles import ConfigProfile, make_config_profiles
from ssohelper.core.config_text import ConfigText
from ssohelper.core.model import SESSION_NAME, Role
from ssohelper.core.profile_names import checked_name_template, checked_profile_name
from ssohelper.core.profile_plan import Plan
from ssohelper.core.similar_names import did_you_mean
from ssohelper.core.sync_request import SyncRequest
from ssohelper.errors import ConfigInvalid, UsageProblem
from ssohelper.system import installation

if TYPE_CHECKING:
    from ssohelper.actions.adopting import ProfileOfOtherTool
    from ssohelper.app import App
    from ssohelper.core.config_file import ConfigFile
    from ssohelper.core.filter_rows import FilterRow
    from ssohelper.core.listing import Listing
    from ssohelper.core.model import SsoSession


def merge_choices(app: App, session: SsoSession, given: Choices = NO_CHOICES) -> Choices:
    """Return the options for writing profiles: the session's saved ones, replaced by `given` ones.

    The options are filters, name template, form and region. Raises: UsageProblem for an invalid
    template or region; ConfigInvalid for the native form if the sign-in is in the keyring.
    """
    if given.form == NATIVE and app.storage.apply_setting() == "keyring":
        raise ConfigInvalid(
            'with storage = "keyring" no other program can use the sign-in, so profiles in form '
            '"sso" would not work',
            hint="leave out --form, or keep sign-ins in files: ssohelper config set storage file",
        )
    region = given.default_region
    fields = {
        "accounts": given.accounts,
        "roles": given.roles,
        "template": checked_name_template(given.template) if given.template else None,
        "form": given.form,
        "default_region": default_regions.parse_region_name(region) if region is not None else None,
    }
    return app.choices.load(session.name).with_chosen_fields(
        **{k: v for k, v in fields.items() if v}
    )


def check_installation_can_serve_profiles(app: App) -> None:
    """Raise UsageProblem if this installation has no command that profiles can run."""
    installation.find_profile_command(app.environ)


def plan_sync(
    app: App,
    session: SsoSession,
    listing: Listing,
    choices: Choices,
    *,
    convert: bool = False,
    rename: bool = False,
    prune: bool = False,
    has_new_filters: bool = False,
    adopt: Collection[str] = (),
    has_new_region: bool = False,
    others: Sequence[ProfileOfOtherTool] | None = None,
) -> Plan:
    """Return the plan that makes the session's profiles match the listing. Writes nothing.

    `others` is the result of `adopting.list_other_profiles` if the caller has it: that
    call takes 0.3 s for 12,000 profiles.

    `convert` says that the user gave a form with this command, `has_new_filters` that the user gave
    filters with this command. `adopt` are the names of profiles of other tools to take over. With
    `has_new_region`, managed profiles that still have the default region with which they were
    written get the new default region.
    Raises: UsageProblem in a throw-away installation, ConfigInvalid with file and line.
    """
    if others is None:
        others = adopting.list_other_profiles(app, session, listing)
    before = app.choices.load(session.name)
    old_region = (
        default_regions.region_in_written_profiles(app, session, before) if has_new_region else None
    )
    request = _make_sync_request(app, session, listing, choices)._replace(
        old_region=old_region,
        convert=convert,
        rename=rename,
        prune=prune,
        has_new_filters=has_new_filters,
        adopt=frozenset(adopt),
        not_counted=frozenset(one.name for one in others if one.is_unusable),
        refused=frozenset(
            one.name for one in others if one.candidate.reason == adoption.OTHER_ROLE_IN_SECTION
        ),
        written_roles=app.config.find_written_roles(app.config.read()),
    )
    plan = profile_plan.plan_sync(app.config.read(), request)
    if request.no_native:
        _warn_of_conversion_for_keyring(app, plan)
    return plan


def _warn_of_conversion_for_keyring(app: App, plan: Plan) -> None:
    converted = [change for change in plan.change if "sso_session" in change.before]
    if converted:
        app.warn(
            f"{plan_text.profile_count_text(len(converted))} changed to the form that runs ssohelper: the "
            "sign-in is in the keyring, where other programs cannot read it"
        )


def plan_with_role_filters(app: App, plan: Plan, rows: Iterable[FilterRow]) -> Plan:
    """Return the plan with filters for these accounts and roles, as if the user had given them."""
    request = plan.request
    choices = filter_rows.choices_with_filter_rows(request.choices, rows)
    request = request._replace(choices=choices, has_new_filters=True)
    return profile_plan.plan_sync(app.config.read(), request)


def plan_new_profile(
    app: App,
    session: SsoSession,
    listing: Listing,
    choices: Choices,
    role: Role,
    name: str | None,
    *,
    region: str | None = None,
) -> Plan:
    """Return the plan that adds a profile for a role. The plan is empty if the role has a profile.

    `region` is the profile's region, in place of the default region.
    Raises: RoleNotAssigned if the role is not listed, UsageProblem for an invalid or taken name.
    """
    request = _make_request_for_roles(app, session, listing, choices, [role])
    if region is not None:
        region = default_regions.parse_region_name(region)
        request = request._replace(region=region, region_rules=())
    config = app.config.read()
    if name is not None:
        taken = {entry.name.lower() for entry in config.profiles()} | _lower_case_names(
            request.taken_names
        )
        if checked_profile_name(name).lower() in taken | {"default"}:
            raise UsageProblem(
                f'a profile named "{name}" already exists', hint="choose another name: --name NAME"
            )
        request = request._replace(name=name)
    return profile_plan.plan_sync(config, request)


def plan_new_profiles_of_roles(
    app: App, session: SsoSession, listing: Listing, choices: Choices, roles: Collection[Role]
) -> Plan:
    """Return the plan that adds a profile for each of these roles that has none.

    Raises: RoleNotAssigned if a role is not listed.
    """
    request = _make_request_for_roles(app, session, listing, choices, roles)
    return profile_plan.plan_sync(app.config.read(), request)


def diff_plan(app: App, plan: Plan) -> Iterator[str]:
    """Return the unified diff, line by line, of the config and the config after the plan."""
    return unified_diff(
        _config_text_after_plan(app, plan), plan.changes, str(app.locations.aws_config_file)
    )


def _config_text_after_plan(app: App, plan: Plan) -> ConfigText:
    config = app.config.read()
    if config.text.data == plan.data:
        return config.text
    return ConfigText(plan.data, str(app.locations.aws_config_file))


def write_profile_plan(app: App, plan: Plan, command: str | None = None) -> None:
    """Write the plan's changes to the config, then save the plan's options for the session.

    `command`, such as "setup", is the command that the journal names; the default is "profile add"
    or "profile sync". Under the lock, the config is read again. If it has changed since the user
    saw the diff, the plan is made again: if that gives other changes, or a section that they change
    was edited, nothing is written. Edits in other sections are kept, with a warning.
    Raises: LocalState, ConfigInvalid.
    """
    command = command or ("profile add" if plan.request.only_roles else "profile sync")
    _refuse_if_limited(app, command)

    def make_config_changes(config: ConfigFile) -> Sequence[Change]:
        if config.text.data == plan.data:
            return plan.changes
        again = profile_plan.plan_sync(config, plan.request)
        if not again.has_same_changes_as(plan):
            raise config_writing.config_changed_error(app)
        config_writing.check_write_is_as_shown(
            app, (_config_text_after_plan(app, plan), plan.changes), (config.text, again.changes)
        )
        return again.changes

    deadline = app.clock.deadline()
    with app.choices.hold_lock(deadline):
        before = _load_saved_options(app, [plan.request.session.name])
        if app.config.write(make_config_changes, deadline, before):
            config_writing.add_config_write_to_journal(app, command, plan.changes)
        saved_options.save_sync_options_under_lock(app, plan)


def _refuse_if_limited(app: App, command: str) -> None:
    """Raise Refused if an allow-list limits us, as edited profiles could give us more roles."""
    agents.refuse_if_limited(app, "change profiles", f"ssohelper {command}")


def read_profiles(app: App) -> list[ConfigProfile]:
    """Return all profiles in ~/.aws/config, each with the role that it points at."""
    config = app.config.read()
    return make_config_profiles(config, config.profiles())


def read_managed_profiles(app: App, names: Iterable[str]) -> list[ConfigProfile]:
    """Return the profiles with these names; a pattern (`pay*`) means all managed matches.

    Raises: UsageProblem if a profile is not managed, or a pattern matches none.
    """
    config = app.config.read()
    entries = []
    for name in dict.fromkeys(
        fits for typed in names for fits in _managed_profile_names_that_match(config, typed)
    ):
        entry = config.profile(name)
        if entry is None:
            raise UsageProblem(
                f'no profile named "{name}" in {app.locations.aws_config_file}',
                hint=did_you_mean(name, [one.name for one in config.profiles() if one.managed])
                + "list them with: ssohelper profile list",
            )
        if not entry.managed:
            raise UsageProblem(
                f'the profile "{name}" is not managed by ssohelper: it was not removed',
                hint=f"it is in {app.locations.aws_config_file}, line {entry.line}",
            )
        entries.append(entry)
    return make_config_profiles(config, entries)


def _managed_profile_names_that_match(config: ConfigFile, name: str) -> list[str]:
    """Return the managed profiles that the pattern `name` matches; [name] if it is no pattern."""
    if not has_wildcard(name) or config.profile(name) is not None:
        return [name]
    fits = re.compile(fnmatch.translate(name)).match
    found = [entry.name for entry in config.profiles() if entry.managed and fits(entry.name)]
    if not found:
        raise UsageProblem(
            f'no managed profile fits "{name}"', hint="list them with: ssohelper profile list"
        )
    return found


def find_profiles_whose_source_is_removed(
    app: App, found: Sequence[ConfigProfile]
) -> list[tuple[str, str]]:
    """Return (profile that stays, source profile) pairs whose source profile is to be removed."""
    gone = {item.entry.name for item in found}
    keys = ("source_profile", chains.OWN_PREFIX + "source_profile")
    return [
        (entry.name, entry.keys[key])
        for entry in app.config.read().profiles()
        for key in keys
        if entry.name not in gone and entry.keys.get(key) in gone
    ]


def diff_profile_removal(app: App, found: Sequence[ConfigProfile]) -> Iterator[str]:
    """Return the lines of the unified diff that removes these profiles."""
    changes = [RemoveSection(item.entry.header) for item in found]
    return unified_diff(app.config.read().text, changes, str(app.locations.aws_config_file))


def remove_profiles(app: App, found: Sequence[ConfigProfile]) -> None:
    """Remove the profiles and record their roles, so that sync does not add them again.

    Raises: LocalState if a profile has other keys now than when it was read, or is missing.
    """
    _refuse_if_limited(app, "profile rm")

    def make_config_changes(config: ConfigFile) -> Sequence[Change]:
        for item in found:
            entry = config.profile(item.entry.name)
            is_same = entry is not None and entry._replace(line=item.entry.line) == item.entry
            if not is_same or config.target_or_none(item.entry) != item.target:
                raise config_writing.config_changed_error(app)
        return [RemoveSection(item.entry.header) for item in found]

    named = [
        (item.target.session_name or "", item.target.role)
        for item in found
        # A profile may name an invalid session, for which no options are saved.
        if item.target and SESSION_NAME.fullmatch(item.target.session_name or "")
    ]
    deadline = app.clock.deadline()
    with app.choices.hold_lock(deadline):
        before = _load_saved_options(app, [name for name, _ in named])
        if app.config.write(make_config_changes, deadline, before):
            removed = [RemoveSection(item.entry.header) for item in found]
            config_writing.add_config_write_to_journal(app, "profile rm", removed)
        for name, role in named:
            choices = app.choices.load(name)
            app.choices.save(name, choices._replace(removed=choices.removed | {role}))


def _load_saved_options(app: App, session_names: Iterable[str]) -> dict[str, Choices]:
    return {name: app.choices.load(name) for name in session_names}


# -- the request from which a sync of profiles is planned ----------------------------------------


def _make_sync_request(
    app: App, session: SsoSession, listing: Listing, choices: Choices
) -> SyncRequest:
    command = installation.find_profile_command(app.environ)
    installation.warn_if_exposed(app.environ, app.warn)
    taken = frozenset(app.config.read_credentials_sections())
    settings = app.settings
    is_in_keyring = app.storage.apply_setting() == "keyring"
    choices = default_regions.with_proposed_region(app, session, choices)
    return SyncRequest(
        session,
        listing,
        choices,
        command=command,
        template=checked_name_template(choices.template or settings.get("name_template")),
        form=PROCESS if is_in_keyring else choices.form or settings.get("form"),
        region=default_regions.default_region_of_session(app, session, choices),
        region_rules=tuple(settings.table("regions").items()),
        taken_names=taken,
        rules=app.vault.policy.rules,
        no_native=is_in_keyring,
    )


def _make_request_for_roles(
    app: App, session: SsoSession, listing: Listing, choices: Choices, roles: Collection[Role]
) -> SyncRequest:
    listed = listing.role_set()
    for role in roles:
        if role not in listed:
            raise listing.not_listed_error(session.name, role)
    unfit = adopting.find_unfit_profiles(app, roles)
    broken = profile_checks.find_broken_commands(app, unfit)
    return _make_sync_request(app, session, listing, choices)._replace(
        only_roles=frozenset(roles), not_counted=unfit - broken, broken=broken
    )


def _lower_case_names(names: Iterable[str]) -> set[str]:
    return {name.lower() for name in names}
