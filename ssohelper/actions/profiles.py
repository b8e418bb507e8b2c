"""Profiles in ~/.aws/config: plan, apply, add, remove, undo. Each apply is one write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.core import profile_plan
from ssohelper.core.choices import FORMS, NO_CHOICES, Choices
from ssohelper.core.config_edit import Change, RemoveSection, unified_diff
from ssohelper.core.config_text import ConfigText
from ssohelper.core.config_undo import inverse
from ssohelper.core.endpoints import checked_region
from ssohelper.core.model import SESSION_NAME, Role
from ssohelper.core.nearest import did_you_mean
from ssohelper.core.profile_names import checked_name, checked_template
from ssohelper.core.profile_plan import Plan, SyncRequest
from ssohelper.errors import ConfigInvalid, LocalState, RoleNotAssigned, UsageProblem
from ssohelper.system import installation

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.config_file import ConfigFile, ProfileEntry, Target
    from ssohelper.core.listing import Listing
    from ssohelper.core.model import SsoSession
    from ssohelper.stores.config_versions import Version


class ConfigProfile(NamedTuple):
    """A profile of the config with the role that it points at, if it points at one."""

    entry: ProfileEntry
    target: Target | None


def merge_choices(app: App, session: SsoSession, given: Choices = NO_CHOICES) -> Choices:
    """Return the session's remembered choices with what is said now in their place.

    Raises: UsageProblem for a template, form or region that cannot be.
    """
    kept = app.choices.load(session.name)
    if given.form is not None and given.form not in FORMS:
        raise UsageProblem(f'no form "{given.form}"', hint="forms: process, sso")
    region = given.default_region
    return kept._replace(
        accounts=given.accounts or kept.accounts,
        roles=given.roles or kept.roles,
        template=checked_template(given.template) if given.template else kept.template,
        form=given.form or kept.form,
        default_region=_checked_region(region) if region else kept.default_region,
    )


def check_installation(app: App) -> None:
    """Raise UsageProblem when profiles could not name this installation's command."""
    installation.profile_command(app.environ)


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
) -> Plan:
    """Return what brings the session's profiles in line with the listing; writes nothing.

    `convert`: a form was said now. `has_new_filters`: filters were said now.
    Raises: UsageProblem from a throw-away installation, ConfigInvalid with file and line.
    """
    request = _sync_request(app, session, listing, choices)._replace(
        convert=convert, rename=rename, prune=prune, has_new_filters=has_new_filters
    )
    return profile_plan.plan_sync(app.config.read(), request)


def plan_add(
    app: App, session: SsoSession, listing: Listing, choices: Choices, role: Role, name: str | None
) -> Plan:
    """Return what adds a profile for this role; an empty plan when it has one already.

    Raises: RoleNotAssigned when the list does not have the role, UsageProblem for the name.
    """
    roles = listing.roles()
    if role not in roles:
        names = [other.name for other in roles if other.account_id == role.account_id]
        raise RoleNotAssigned(
            f'no role "{role.name}" in account {role.account_id} for session "{session.name}"',
            hint=did_you_mean(role.name, names)
            + f"see: ssohelper list --refresh --session {session.name}",
        )
    request = _sync_request(app, session, listing, choices)._replace(only_role=role)
    config = app.config.read()
    if name is not None:
        taken = {entry.name.lower() for entry in config.profiles()} | _lower(request.taken_names)
        if checked_name(name).lower() in taken | {"default"}:
            raise UsageProblem(
                f'there is a profile named "{name}" already', hint="choose another: --name NAME"
            )
        request = request._replace(name=name)
    return profile_plan.plan_sync(config, request)


def diff_plan(app: App, plan: Plan) -> Iterator[str]:
    """Return the lines of the unified diff that the plan is."""
    return unified_diff(app.config.read().text, plan.changes, str(app.aws_config_file))


def apply(app: App, plan: Plan) -> None:
    """Write the plan, then remember its choices.

    The config is read again under the lock: when it was changed meanwhile and the plan would be
    another one now, nothing is written. Raises: LocalState, ConfigInvalid.
    """

    def changes_for(config: ConfigFile) -> Sequence[Change]:
        if config.data == plan.data:
            return plan.changes
        again = profile_plan.plan_sync(config, plan.request)
        if not again.same_as(plan):
            raise LocalState(
                f'"{app.aws_config_file}" was changed meanwhile',
                hint="look again: run it once more",
            )
        return again.changes

    app.config.write(changes_for, app.deadline(), _choices_of(app, [plan.request.session.name]))
    remember(app, plan)


def remember(app: App, plan: Plan) -> None:
    """Keep the plan's choices for the next bare sync; an added role counts as wanted again."""
    session_name = plan.request.session.name
    if plan.request.only_role is None:
        app.choices.save(session_name, plan.request.choices)
        return
    kept = app.choices.load(session_name)
    app.choices.save(session_name, kept._replace(removed=kept.removed - {plan.request.only_role}))


def read_profiles(app: App) -> list[ConfigProfile]:
    """Return every profile of the config with the role that it points at."""
    config = app.config.read()
    return [ConfigProfile(entry, config.target_or_none(entry)) for entry in config.profiles()]


def read_managed(app: App, names: Iterable[str]) -> list[ConfigProfile]:
    """Return these profiles, all of them ours. Raises: UsageProblem for the person's own."""
    config = app.config.read()
    found = []
    for name in dict.fromkeys(names):
        entry = config.profile(name)
        if entry is None:
            raise UsageProblem(
                f'no profile named "{name}" in {app.aws_config_file}',
                hint=did_you_mean(name, [one.name for one in config.profiles() if one.managed])
                + "list them with: ssohelper profile list",
            )
        if not entry.managed:
            raise UsageProblem(
                f'the profile "{name}" is not managed by ssohelper: it stays',
                hint=f"it stands in {app.aws_config_file}, line {entry.line}",
            )
        found.append(ConfigProfile(entry, config.target_or_none(entry)))
    return found


def diff_removal(app: App, found: Sequence[ConfigProfile]) -> Iterator[str]:
    """Return the diff of removing these profiles."""
    changes = [RemoveSection(item.entry.header) for item in found]
    return unified_diff(app.config.read().text, changes, str(app.aws_config_file))


def remove(app: App, found: Sequence[ConfigProfile]) -> None:
    """Remove the profiles and remember their roles: sync does not bring them back."""

    def changes_for(config: ConfigFile) -> Sequence[Change]:
        now = [config.profile(item.entry.name) for item in found]
        return [RemoveSection(entry.header) for entry in now if entry is not None and entry.managed]

    named = [
        (item.target.session_name or "", item.target.role)
        for item in found
        # A profile may name what cannot be a session: there is nothing to remember of it.
        if item.target and SESSION_NAME.fullmatch(item.target.session_name or "")
    ]
    app.config.write(changes_for, app.deadline(), _choices_of(app, [name for name, _ in named]))
    for name, role in named:
        kept = app.choices.load(name)
        app.choices.save(name, kept._replace(removed=kept.removed | {role}))


# -- undo ----------------------------------------------------------------------------------------


def load_last_write(app: App, *, redo: bool = False) -> Version:
    """Return the last writing command's version; with `redo` that of the last undo.

    Raises: UsageProblem when none is kept, LocalState when what is kept is damaged.
    """
    version = app.config.load_last_version(is_undone=redo)
    if version is None and redo:
        raise UsageProblem(f"no undo in {app.aws_config_file} is kept: there is nothing to redo")
    if version is None:
        raise UsageProblem(f"no write of {app.aws_config_file} is kept: there is nothing to undo")
    return version


def diff_undo(app: App, version: Version) -> Iterator[str]:
    """Return the diff of reversing this write in the config as it is now."""
    config = app.config.read()
    return unified_diff(config.text, _undo_changes(app, version, config), str(app.aws_config_file))


def undo(app: App, version: Version) -> None:
    """Put the config and the choices back as they were before this write, or undo.

    A config that was edited since loses only what we wrote.
    """
    present = _choices_of(app, version.choices)
    app.config.undo(
        version, lambda config: _undo_changes(app, version, config), app.deadline(), present
    )
    for session_name, choices in version.choices.items():
        app.choices.save(session_name, choices)


def _choices_of(app: App, session_names: Iterable[str]) -> dict[str, Choices]:
    return {name: app.choices.load(name) for name in session_names}


def _undo_changes(app: App, version: Version, config: ConfigFile) -> list[Change]:
    origin = str(app.aws_config_file)
    before = ConfigText(version.before or b"", origin)
    return inverse(before, ConfigText(version.after or b"", origin), config.text)


# -- pieces --------------------------------------------------------------------------------------


def _sync_request(app: App, session: SsoSession, listing: Listing, choices: Choices) -> SyncRequest:
    command = installation.profile_command(app.environ)
    installation.warn_of_exposed(app.environ, app.warn)
    taken = frozenset(app.config.read_credentials_names())
    settings = app.settings
    return SyncRequest(
        session,
        listing,
        choices,
        command=command,
        template=checked_template(choices.template or settings.get("name_template")),
        form=choices.form or settings.get("form"),
        region=choices.default_region or settings.get("default_region") or session.region,
        taken_names=taken,
    )


def _checked_region(text: str) -> str:
    try:
        return checked_region(text)
    except ConfigInvalid as error:
        raise UsageProblem(error.message, hint=error.hint) from error


def _lower(names: Iterable[str]) -> set[str]:
    return {name.lower() for name in names}
