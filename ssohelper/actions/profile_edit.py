"""Adds, changes and removes profiles in ~/.aws/config. Writes once per command."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ssohelper.actions import adopting, agents, config_writing, profile_checks, sync_choices
from ssohelper.core import (
    adoption,
    chains,
    filter_rows,
    plan_text,
    process_command,
    profile_plan,
)
from ssohelper.core.choices import NO_CHOICES, PROCESS, Choices, has_wildcard
from ssohelper.core.config_edit import Change, RemoveSection
from ssohelper.core.config_profiles import ConfigProfile, make_config_profiles
from ssohelper.core.model import SESSION_NAME, Role
from ssohelper.core.other_writes import NO_OTHER_WRITES, OtherWrites
from ssohelper.core.profile_names import checked_name_template, checked_profile_name
from ssohelper.core.profile_plan import Plan
from ssohelper.core.similar_names import did_you_mean
from ssohelper.core.sync_request import SyncRequest
from ssohelper.core.text import compile_glob
from ssohelper.errors import UsageProblem
from ssohelper.system import installation

if TYPE_CHECKING:
    from ssohelper.actions.adopting import ProfileOfOtherTool
    from ssohelper.app import App
    from ssohelper.core.config_file import ConfigFile
    from ssohelper.core.filter_rows import FilterRow
    from ssohelper.core.listing import Listing
    from ssohelper.core.model import SsoSession


def plan_sync(
    app: App,
    session: SsoSession,
    listing: Listing,
    choices: Choices,
    given: Choices = NO_CHOICES,
    *,
    rename: bool = False,
    prune: bool = False,
    adopt: Collection[str] = (),
    others: Sequence[ProfileOfOtherTool] | None = None,
    is_portable: bool | None = None,
) -> Plan:
    """Return the plan that makes the session's profiles match the listing.

    `choices` are the options in force, `given` the options of this command. `others` is the result
    of `adopting.list_other_profiles`, if known: it takes 0.3 s for 12,000 profiles. `is_portable`:
    profiles run ssohelper by its name, not its path; None: as the managed profiles do now. Raises:
    UsageProblem in a throw-away installation, ConfigInvalid with file and line.
    """
    if others is None:
        others = adopting.list_other_profiles(app, session, listing)
    before = app.choices.load(session.name)
    has_new_region = given.default_region is not None
    request = _make_sync_request(app, session, listing, choices, is_portable)._replace(
        old_region=sync_choices.default_region(app, session, before) if has_new_region else None,
        convert=given.form is not None,
        rename=rename,
        prune=prune,
        has_new_filters=bool(given.accounts or given.roles),
        adopt=frozenset(adopt),
        not_counted=frozenset(one.name for one in others if one.is_unusable),
        refused=frozenset(
            one.name for one in others if one.candidate.reason == adoption.OTHER_ROLE_IN_SECTION
        ),
        written_roles=app.config.find_written_roles(app.config.read()),
    )
    plan = profile_plan.plan_sync(app.config.read(), request)
    converted = [change for change in plan.change if "sso_session" in change.before]
    if request.no_native and converted:
        app.warn(
            f"{plan_text.profile_count_text(len(converted))} changed to the form that runs ssohelper: the "
            "sign-in is in the keyring, where other programs cannot read it"
        )
    return plan


def plan_with_role_filters(app: App, plan: Plan, rows: Iterable[FilterRow]) -> Plan:
    request = plan.request
    choices = filter_rows.choices_with_filter_rows(request.choices, rows)
    request = request._replace(choices=choices, has_new_filters=True)
    return profile_plan.plan_sync(app.config.read(), request)


def plan_new_profiles(
    app: App,
    session: SsoSession,
    listing: Listing,
    choices: Choices,
    roles: Collection[Role],
    *,
    name: str | None = None,
    region: str | None = None,
) -> Plan:
    """Return the plan that adds a profile for each role without one.

    `name` is for a single role. Raises: RoleNotAssigned if a role is not listed, UsageProblem for
    an invalid or taken name.
    """
    listed = listing.role_set()
    for role in roles:
        if role not in listed:
            raise listing.not_listed_error(session.name, role)
    unfit = adopting.find_unfit_profiles(app, roles)
    broken = profile_checks.find_broken_commands(app, unfit)
    request = _make_sync_request(app, session, listing, choices)._replace(
        only_roles=frozenset(roles), not_counted=unfit - broken, broken=broken
    )
    if region is not None:
        region = sync_choices.parse_region_name(region)
        request = request._replace(region=region, region_rules=())
    config = app.config.read()
    if name is not None:
        check_new_profile_name(app, config, name)
        request = request._replace(name=name)
    return profile_plan.plan_sync(config, request)


def check_new_profile_name(app: App, config: ConfigFile, name: str) -> None:
    taken = {entry.name for entry in config.profiles()} | {*app.config.read_credentials_sections()}
    if checked_profile_name(name).lower() in {one.lower() for one in taken} | {"default"}:
        raise UsageProblem(f'a profile named "{name}" already exists', hint="choose another name")


def write_profile_plan(
    app: App, plan: Plan, command: str | None = None, others: OtherWrites = NO_OTHER_WRITES
) -> None:
    """Write the plan's changes to the config, if any, then save its options for the session.

    An undo also takes back `others`, which the caller writes next.
    """
    command = command or ("profile add" if plan.request.only_roles else "profile sync")
    name = plan.request.session.name
    with app.choices.hold_lock(app.clock.deadline()):
        if plan.changes:
            config_writing.write_changes(
                app,
                command,
                plan.data,
                plan.changes,
                lambda config: profile_plan.plan_sync(config, plan.request).changes,
                {name: app.choices.load(name)},
                others,
            )
        sync_choices.save_choices(app, plan)


def read_profiles(app: App) -> list[ConfigProfile]:
    config = app.config.read()
    return make_config_profiles(config, config.profiles())


def read_managed_profiles(app: App, names: Iterable[str]) -> list[ConfigProfile]:
    """Raises: UsageProblem if a profile is not managed, or a name or pattern matches none."""
    config = app.config.read()
    managed = {entry.name: entry for entry in config.profiles() if entry.managed}
    found: list[str] = []
    for typed in names:
        entry = config.profile(typed)
        if entry is not None and not entry.managed:
            raise UsageProblem(
                f'the profile "{typed}" is not managed by ssohelper: it was not removed',
                hint=f"it is in {app.locations.aws_config_file}, line {entry.line}",
            )
        matching = [typed] if entry else []
        if entry is None and has_wildcard(typed):
            matching = list(filter(compile_glob(typed).match, managed))
        if not matching:
            raise UsageProblem(
                f'no managed profile fits "{typed}"',
                hint=f"{did_you_mean(typed, managed)}list them with: ssohelper profile list",
            )
        found += matching
    return make_config_profiles(config, [managed[name] for name in dict.fromkeys(found)])


def find_profiles_losing_source(app: App, found: Sequence[ConfigProfile]) -> list[tuple[str, str]]:
    """Return pairs of a profile that stays and its source profile, which is to be removed."""
    gone = {item.entry.name for item in found}
    pairs = chains.list_source_names(app.config.read())
    return [(name, source) for source, name in pairs if source in gone and name not in gone]


def diff_profile_removal(app: App, found: Sequence[ConfigProfile]) -> Iterator[str]:
    changes = [RemoveSection(item.entry.header) for item in found]
    return config_writing.diff_changes(app, app.config.read().text.data, changes)


def remove_profiles(app: App, found: Sequence[ConfigProfile]) -> None:
    """Remove the profiles and record their roles, so that sync does not add them again.

    Raises: LocalState if a profile was edited after it was read.
    """
    agents.refuse_if_limited(app, "change profiles", "ssohelper profile rm")
    removals = [RemoveSection(item.entry.header) for item in found]

    def make_config_changes(config: ConfigFile) -> Sequence[Change]:
        for item in found:
            entry = config.profile(item.entry.name)
            is_same = entry is not None and entry._replace(line=item.entry.line) == item.entry
            if not is_same or config.target_or_none(item.entry) != item.target:
                raise config_writing.config_changed_error(app)
        return removals

    named = [
        (item.target.session_name or "", item.target.role)
        for item in found
        # A profile may name an invalid session, for which no options are saved.
        if item.target and SESSION_NAME.fullmatch(item.target.session_name or "")
    ]
    deadline = app.clock.deadline()
    with app.choices.hold_lock(deadline):
        before = {name: app.choices.load(name) for name, _ in named}
        if app.config.write(make_config_changes, deadline, before):
            config_writing.add_to_journal(app, "profile rm", removals)
        for name, role in named:
            choices = app.choices.load(name)
            app.choices.save(name, choices._replace(removed=choices.removed | {role}))


# -- planning a sync ------------------------------------------------------------------------------


def find_profile_command(app: App, is_portable: bool | None = None) -> str:
    """Return the command that profiles run: the path of ssohelper, or its name if managed profiles
    use that.
    """
    if is_portable is None:
        is_portable = any(
            entry.managed
            and process_command.runs_ssohelper_by_name(entry.keys.get("credential_process", ""))
            for entry in app.config.read().profiles()
        )
    return installation.find_profile_command(app.environ, is_portable=is_portable)


def _make_sync_request(
    app: App,
    session: SsoSession,
    listing: Listing,
    choices: Choices,
    is_portable: bool | None = None,
) -> SyncRequest:
    command = find_profile_command(app, is_portable)
    installation.warn_if_exposed(app.environ, app.warn)
    taken = frozenset(app.config.read_credentials_sections())
    settings = app.settings
    is_in_keyring = app.storage.apply_setting() == "keyring"
    choices = sync_choices.with_proposed_region(app, session, choices)
    return SyncRequest(
        session,
        listing,
        choices,
        command=command,
        template=checked_name_template(choices.template or settings.get("name_template")),
        form=PROCESS if is_in_keyring else choices.form or settings.get("form"),
        region=sync_choices.default_region(app, session, choices),
        region_rules=tuple(settings.table("regions").items()),
        taken_names=taken,
        rules=app.vault.policy.rules,
        no_native=is_in_keyring,
    )
