"""Adds, renames and removes sessions, and lists what ssohelper keeps for each session.

`setup` adds a session too, together with its profiles. This module asks AWS for no roles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import (
    agents,
    clocks,
    config_writing,
    legacy_sign_ins,
    login,
    own_settings,
    protected_sign_ins,
    selection,
)
from ssohelper.core import adoption, guard_rules, session_changes
from ssohelper.core.choices import NO_CHOICES
from ssohelper.core.config_edit import Change, unified_diff
from ssohelper.core.config_file import assumes_role
from ssohelper.core.config_text import ConfigText
from ssohelper.core.further_portals import parse_further_portals
from ssohelper.core.model import SESSION_NAME, SignInFacts, SsoSession
from ssohelper.core.start_url import is_same_session, is_session_listed
from ssohelper.core.text import SOME_NAMES, shortened_name_list, show
from ssohelper.errors import AwsUnreachable, LocalState, UsageProblem

if TYPE_CHECKING:
    from ssohelper.actions.clocks import SessionClock
    from ssohelper.app import App
    from ssohelper.core.choices import Choices
    from ssohelper.core.config_file import ConfigFile, ProfileEntry
    from ssohelper.core.further_portals import FurtherPortal


class SessionEntry(NamedTuple):
    """A session with its clock, options, profiles and files.

    `managed` are the names of the session's managed profiles, `others` those of profiles that the
    user or another tool wrote. `files` are the paths of the saved tokens and client registrations.
    `in_config` is False if the config does not have the session, although it is signed in.
    """

    clock: SessionClock
    further: tuple[FurtherPortal, ...]
    choices: Choices
    managed: tuple[str, ...]
    others: tuple[str, ...]
    files: tuple[str, ...]
    in_config: bool


class SessionPlan(NamedTuple):
    """A planned change of a session. `make` returns the changes of the config.

    `data` is the config that the plan was made from. `command` names the user's command in errors
    and in the journal.
    """

    command: str
    session: SsoSession
    make: Callable[[ConfigFile], list[Change]]
    changes: tuple[Change, ...]
    data: bytes
    new_name: str | None = None


def load_session_entry(app: App, session: SsoSession) -> SessionEntry:
    """Return the session with its clock, options, profiles and files. Reads files only."""
    config = app.config.read()
    users = session_changes.find_profiles_that_need_session(config, session.name)
    # Legacy profiles, whose token file this session's sign-in writes, use the session too.
    names = {entry.name for entry in users}
    legacy = adoption.find_legacy_profiles_served_by(config, session)
    users += [entry for entry in legacy if entry.name not in names]
    portals = (session, *app.tokens.list_further_portal_sessions(session))
    return SessionEntry(
        clocks.load_session_clock(app, session),
        tuple(parse_further_portals(app.settings.get("regions", session=session.name))),
        app.choices.load(session.name),
        tuple(entry.name for entry in users if entry.managed),
        tuple(entry.name for entry in users if not entry.managed),
        (
            *(path for portal in portals for path, _content in app.tokens.list_files(portal)),
            *legacy_sign_ins.list_legacy_token_files(app, session),
        ),
        selection.is_session_in_config(app, session),
    )


def plan_new_session(app: App, session: SsoSession) -> SessionPlan:
    """Return the plan that adds the session to the config. It is empty if the session exists."""
    return _make_session_plan(
        app, "session add", session, lambda c: session_changes.changes_that_add_session(c, session)
    )


def check_new_session_name(app: App, session: SsoSession, new_name: str) -> None:
    """Raise UsageProblem unless the session can be renamed to this name.

    A name is refused if it is invalid, or if a session or sign-in has it; a rename is refused if a
    guard rule or tag names the session, and would no longer match the session's roles. Raises:
    ConfigInvalid if the config no longer has this session.
    """
    selection.check_session_in_config(app, session)
    if not SESSION_NAME.fullmatch(new_name):
        raise UsageProblem(
            f'"{show(new_name, 80)}" is not a valid name for a session',
            hint="use letters, digits, dot, dash and underscore, at most 64",
        )
    if app.config.read().session_header(new_name):
        raise UsageProblem(f'a session named "{new_name}" already exists')
    protected_sign_ins.refuse_name_of_recorded_sign_in(app, session, new_name)
    # The guard rules in force include rules that were deleted from the settings file: such a rule
    # ends only when the user confirms that with a typed word.
    patterns = [*app.vault.policy.rules]
    patterns += [each for tag in app.settings.tags().values() for each in tag]
    lost = guard_rules.find_pattern_of_renamed_session(patterns, session.name, new_name)
    if lost is not None:
        raise UsageProblem(
            f'the guard rule or tag "{show(lost, 80)}" names the session "{session.name}", and would '
            f'guard no role of "{new_name}"',
            hint="change it first; see: ssohelper guard list",
        )


def plan_session_rename(app: App, session: SsoSession, new_name: str) -> SessionPlan:
    """Return the plan that renames a session. Raises: the errors of `check_new_session_name`."""
    check_new_session_name(app, session, new_name)
    old = session.name
    plan = _make_session_plan(
        app,
        "session rename",
        session,
        lambda c: session_changes.changes_that_rename_session(c, old, new_name),
    )
    return plan._replace(new_name=new_name)


def plan_session_removal(app: App, session: SsoSession) -> SessionPlan:
    """Return the plan that removes a session and its managed profiles.

    Raises: UsageProblem if profiles that ssohelper did not write use the session; ConfigInvalid if
    the config no longer has this session.
    """
    selection.check_session_in_config(app, session)
    name, config = session.name, app.config.read()
    others = [
        one
        for one in session_changes.find_profiles_that_need_session(config, name)
        if not one.managed
    ]
    if others:
        raise _unmanaged_profiles_use_session_error(app, name, others)
    return _make_session_plan(
        app, "session rm", session, lambda c: session_changes.changes_that_remove_session(c, name)
    )


def _unmanaged_profiles_use_session_error(
    app: App, session: str, others: Sequence[ProfileEntry]
) -> UsageProblem:
    """Return the error for removing a session that profiles of other tools use.

    The hint says what to do with each kind of profile.
    """
    assuming = [one for one in others if assumes_role(one.keys)]
    ways = []
    if len(assuming) < len(others):
        ways.append(
            "to have these profiles removed too, adopt them: ssohelper profile sync "
            f"--session {session} --adopt NAME; else remove them from "
            f"{app.locations.aws_config_file} first"
        )
    if assuming:
        what = "assumes a role" if len(assuming) == 1 else "assume roles"
        ways.append(
            f"{_quoted_profile_names(assuming)} {what} with the credentials of a source_profile, which --adopt "
            f"does not take over: name another source_profile in {app.locations.aws_config_file}, "
            "or remove the profile there"
        )
    return UsageProblem(
        f'profiles that ssohelper did not write use the session "{session}": {_quoted_profile_names(others)}',
        hint="; ".join((*ways, f"to sign out but keep the session: ssohelper logout {session}")),
    )


def _quoted_profile_names(entries: Sequence[ProfileEntry]) -> str:
    return shortened_name_list([f'"{show(one.name, 60)}"' for one in entries], SOME_NAMES)


def diff_session_plan(app: App, plan: SessionPlan) -> Iterator[str]:
    """Return the lines of the unified diff that the plan makes in the config."""
    text = app.config.read().text
    return unified_diff(text, plan.changes, str(app.locations.aws_config_file))


def check_session_plan(app: App, plan: SessionPlan) -> None:
    """Raise LocalState if the config changed since the plan's diff was shown."""
    _make_changes_of_session_plan(app, plan, app.config.read())


def apply_session_plan(app: App, plan: SessionPlan) -> None:
    """Carry out the plan. A session to be renamed or removed is signed out first.

    Otherwise the token of a session that no command finds any more could remain. A renamed
    session's settings, options and lists are copied to the new name before the config is written,
    and removed from the old name afterwards; after an interruption in between,
    `remove_records_of_missing_session` completes this. Raises: LocalState if the config changed
    since the diff was shown; AwsUnreachable, after everything else is done, if AWS could not be
    told of the sign-out.
    """
    name = plan.session.name
    agents.refuse_if_allow_list_applies(app, "change sessions", f"ssohelper {plan.command}")
    check_session_plan(app, plan)  # the plan is checked before the sign-out
    failure = None
    if plan.command != "session add":
        try:
            login.log_out(app, plan.session)
        except AwsUnreachable as error:
            failure = error
    if plan.new_name is not None:
        _copy_session_records(app, name, plan.new_name, replace=True)
    choices = {name: app.choices.load(name)}
    if app.config.write(
        lambda c: _make_changes_of_session_plan(app, plan, c), app.clock.deadline(), choices
    ):
        config_writing.add_config_write_to_journal(app, plan.command, plan.changes)
    if plan.command != "session add":
        _forget_session_records(app, name)
    if failure is not None:
        raise failure


def check_name_belongs_to_session(app: App, session: SsoSession) -> None:
    """Raise an error if the records under this session's name are those of another session.

    Raises: ConfigInvalid if the config no longer has the session; UsageProblem if the sign-in of
    that name is at the portal that the config named for it earlier.
    """
    recorded = selection.find_session_not_in_config(app, session.name)
    if recorded is None:
        selection.check_session_in_config(app, session)
    elif not is_same_session(recorded, session):
        raise UsageProblem(
            f'the sign-in to "{session.name}" is at another portal, {recorded.start_url} in '
            f"{recorded.region}: nothing was changed",
            hint=f"end it first: ssohelper logout {session.name}",
        )


def has_records_of_missing_session(app: App, name: str) -> bool:
    """Return whether files or settings remain of a session that the config lacks.

    This happens after an interrupted `session rename` or `session rm`, and after an edit of the
    config by hand.
    """
    if app.config.read().session_header(name):
        return False
    return (
        selection.find_session_not_in_config(app, name) is not None
        or app.settings.has_session(name)
        or app.choices.load(name) != NO_CHOICES
        or name in app.directory.list_session_names()
        or any(key.session_name == name for key in app.usage.load_all())
    )


def refuse_if_session_already_renamed(app: App, name: str, new_name: str) -> None:
    """Raise UsageProblem if no session `name` is left to rename, and session `new_name` exists."""
    header = app.config.read().session_header
    is_gone = not (
        header(name)
        or has_records_of_missing_session(app, name)
        or list_profiles_of_missing_session(app, name)
    )
    if is_gone and header(new_name):
        raise UsageProblem(
            f'there is no session "{show(name, 64)}", and "{show(new_name, 64)}" exists: it may be '
            "renamed already",
            hint=f"see: ssohelper session show {new_name}",
        )


def list_profiles_of_missing_session(app: App, name: str) -> list[str]:
    """Return the names of the profiles that name the session `name`, which the config lacks."""
    return [
        entry.name for entry in session_changes.find_profiles_of_session(app.config.read(), name)
    ]


def remove_records_of_missing_session(app: App, name: str, new_name: str | None = None) -> None:
    """Remove the files and settings that remain of a session that the config lacks.

    With `new_name`, first copies to the session `new_name` those that it lacks. Signs out of a
    remaining sign-in.
    Raises: Refused if an allow-list applies; AwsUnreachable, after everything was removed here, if
    AWS could not be told of the sign-out.
    """
    agents.refuse_if_allow_list_applies(app, "change sessions", "ssohelper session rm")
    if new_name is not None:
        _copy_session_records(app, name, new_name, replace=False)
    session = selection.find_session_not_in_config(app, name)
    try:
        if session is not None:
            login.log_out(app, session)
    finally:
        _forget_session_records(app, name)


def sign_out_and_forget_listing(app: App, session: SsoSession) -> None:
    """Sign out after a setup that wrote nothing, and delete the session's saved list of roles.

    Raises: AwsUnreachable, after everything was removed here, if AWS was not told of the sign-out.
    """
    app.directory.forget(session.name)
    try:
        login.log_out(app, session)
    finally:
        app.tokens.forget_facts(session.name)


def has_config_section(app: App, session: SsoSession) -> bool:
    """Return whether the config has a section for a session of this name."""
    return app.config.read().session_header(session.name) is not None


def sign_out_after_unfinished_setup(app: App, session: SsoSession) -> bool:
    """Sign out after a setup that wrote no session; return whether a sign-out was needed.

    A session in the config stays signed in. Raises: AwsUnreachable, as
    `sign_out_and_forget_listing`.
    """
    if has_config_section(app, session):
        return False
    sign_out_and_forget_listing(app, session)
    return True


def _make_session_plan(
    app: App, command: str, session: SsoSession, make: Callable[[ConfigFile], list[Change]]
) -> SessionPlan:
    config = app.config.read()
    return SessionPlan(command, session, make, tuple(make(config)), config.text.data)


def _make_changes_of_session_plan(
    app: App, plan: SessionPlan, config: ConfigFile
) -> Sequence[Change]:
    is_new = plan.command == "session add"
    if not is_new and not is_session_listed(plan.session, config.sso_sessions()):
        raise config_writing.config_changed_error(app)
    if config.text.data != plan.data:
        if tuple(plan.make(config)) != plan.changes:
            raise config_writing.config_changed_error(app)
        shown = ConfigText(plan.data, str(app.locations.aws_config_file))
        config_writing.check_write_is_as_shown(
            app, (shown, plan.changes), (config.text, plan.changes)
        )
    return plan.changes


def _copy_session_records(app: App, old: str, new: str, *, replace: bool) -> None:
    """Copy a session's records to its new name.

    Without `replace`, records that already exist under the new name stay as they are.
    """
    own_settings.copy_session_settings(app, old, new, replace=replace)
    app.usage.copy_usage_of_session(old, new, app.clock.deadline(), replace=replace)
    with suppress(LocalState):  # pages and listing are caches
        app.console_visits.copy_pages_of_session(old, new, replace=replace)
        listing = app.directory.load(old)
        if listing is not None and (replace or app.directory.load(new) is None):
            app.directory.save(new, listing)
    if replace or app.choices.load(new) == NO_CHOICES:
        app.choices.save(new, app.choices.load(old))
    with app.tokens.lock_state(new, app.clock.deadline()):
        if replace or app.tokens.load_facts(new) == SignInFacts():
            app.tokens.save_facts(new, app.tokens.load_facts(old))


def _forget_session_records(app: App, name: str) -> None:
    own_settings.remove_session_settings(app, name)
    app.usage.forget_usage_of_session(name, app.clock.deadline())
    with suppress(LocalState):
        app.console_visits.forget_pages_of_session(name)
    app.choices.forget(name)
    app.directory.forget(name)
    app.tokens.forget_facts(name)
