"""Moves and removes sessions, and lists what ssohelper keeps for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import (
    agents,
    clocks,
    config_writing,
    login,
    own_settings,
    selection,
)
from ssohelper.core import session_changes
from ssohelper.core.choices import NO_CHOICES
from ssohelper.core.config_edit import Change
from ssohelper.core.config_file import assumes_role
from ssohelper.core.further_portals import parse_further_portals
from ssohelper.core.model import SsoSession
from ssohelper.core.start_url import is_company_url, is_same_session, is_session_listed
from ssohelper.core.text import SOME_NAMES, shortened_name_list, show
from ssohelper.errors import AwsUnreachable, UsageProblem

if TYPE_CHECKING:
    from ssohelper.actions.clocks import SessionClock
    from ssohelper.app import App
    from ssohelper.core.choices import Choices
    from ssohelper.core.config_file import ConfigFile, ProfileEntry
    from ssohelper.core.further_portals import FurtherPortal


class SessionEntry(NamedTuple):
    """A session with its clock, options, profiles and files.

    `others` are the profiles that ssohelper did not write, `files` the paths of saved tokens and
    client registrations.
    """

    clock: SessionClock
    further: tuple[FurtherPortal, ...]
    choices: Choices
    managed: tuple[str, ...]
    others: tuple[str, ...]
    files: tuple[str, ...]
    in_config: bool


class SessionPlan(NamedTuple):
    """A planned change of a session. `make` returns the changes of the config `data`."""

    command: str
    session: SsoSession
    make: Callable[[ConfigFile], list[Change]]
    changes: tuple[Change, ...]
    data: bytes

    @property
    def is_new(self) -> bool:
        return self.command == "setup"


def load_session_entry(app: App, session: SsoSession) -> SessionEntry:
    config = app.config.read()
    users = session_changes.find_dependent_profiles(config, session.name)
    portals = (session, *app.tokens.list_further_portal_sessions(session))
    return SessionEntry(
        clocks.load_session_clock(app, session),
        tuple(parse_further_portals(app.settings.get("regions", session=session.name))),
        app.choices.load(session.name),
        tuple(entry.name for entry in users if entry.managed),
        tuple(entry.name for entry in users if not entry.managed),
        tuple(path for portal in portals for path, _content in app.tokens.list_files(portal)),
        selection.is_session_in_config(app, session),
    )


def plan_new_session(app: App, session: SsoSession) -> SessionPlan:
    return _make_plan(
        app, "setup", session, lambda c: session_changes.changes_that_add_session(c, session)
    )


def plan_session_move(app: App, session: SsoSession, new: SsoSession) -> SessionPlan:
    """Return the plan that gives the session the start URL and region of `new`.

    Raises: ConfigInvalid if the config lacks the session; Refused by the company's policy.
    """
    selection.check_session_in_config(app, session)
    if not is_company_url(new.start_url):  # else the sign-in checks where the URL leads
        app.company_policy.check_portal(new)
    return _make_plan(
        app, "session set-url", session, lambda c: session_changes.changes_that_move_session(c, new)
    )


def plan_session_removal(app: App, session: SsoSession) -> SessionPlan:
    """Return the plan that removes a session and its managed profiles.

    Raises: UsageProblem if other profiles use the session; ConfigInvalid if the config lacks it.
    """
    selection.check_session_in_config(app, session)
    name, config = session.name, app.config.read()
    users = session_changes.find_dependent_profiles(config, name)
    others = [one for one in users if not one.managed]
    if others:
        raise _used_by_others(app, name, others)
    return _make_plan(
        app, "session rm", session, lambda c: session_changes.changes_that_remove_session(c, name)
    )


def _used_by_others(app: App, session: str, others: Sequence[ProfileEntry]) -> UsageProblem:
    file = app.locations.aws_config_file
    assuming = [one for one in others if assumes_role(one.keys)]
    ways = []
    if len(assuming) < len(others):
        ways.append(
            "to have these profiles removed too, adopt them: ssohelper profile sync "
            f"--session {session} --adopt NAME; else remove them from {file} first"
        )
    if assuming:
        what = "assumes a role" if len(assuming) == 1 else "assume roles"
        ways.append(
            f"{_quoted_names(assuming)} {what} with the credentials of a source_profile, which "
            f"--adopt does not take over: name another source_profile in {file}, or remove the "
            "profile there"
        )
    return UsageProblem(
        f'profiles that ssohelper did not write use the session "{session}": {_quoted_names(others)}',
        hint="; ".join((*ways, f"to sign out but keep the session: ssohelper logout {session}")),
    )


def _quoted_names(entries: Sequence[ProfileEntry]) -> str:
    return shortened_name_list([f'"{show(one.name, 60)}"' for one in entries], SOME_NAMES)


def check_session_plan(app: App, plan: SessionPlan) -> None:
    _changes_now(app, plan, app.config.read())


def apply_session_plan(app: App, plan: SessionPlan) -> None:
    """Carry out the plan. A session to be removed is signed out first, so that no token remains.

    After an interruption, `remove_records` completes this. Raises: LocalState if the config changed
    since the diff; AwsUnreachable, at the end, if AWS could not be told of the sign-out.
    """
    agents.refuse_if_limited(app, "change sessions", f"ssohelper {plan.command}")
    check_session_plan(app, plan)  # the plan is checked before the sign-out
    failure = None
    if not plan.is_new:
        try:
            login.log_out(app, plan.session)
        except AwsUnreachable as error:
            failure = error
    write_session_plan(app, plan)
    if not plan.is_new:
        _forget_records(app, plan.session.name)
    if failure is not None:
        raise failure


def write_session_plan(app: App, plan: SessionPlan) -> None:
    choices = {plan.session.name: app.choices.load(plan.session.name)}
    if app.config.write(lambda c: _changes_now(app, plan, c), app.clock.deadline(), choices):
        config_writing.add_to_journal(app, plan.command, plan.changes)


def check_name(app: App, session: SsoSession) -> None:
    """Check that the records under this session's name are its own.

    Raises: ConfigInvalid if the config lacks the session; UsageProblem if the sign-in of that name
    is at another portal.
    """
    recorded = selection.find_unlisted_session(app, session.name)
    if recorded is None:
        selection.check_session_in_config(app, session)
    elif not is_same_session(recorded, session):
        raise UsageProblem(
            f'the sign-in to "{session.name}" is at another portal, {recorded.start_url} in '
            f"{recorded.region}: nothing was changed",
            hint=f"end it first: ssohelper logout {session.name}",
        )


def has_records(app: App, name: str) -> bool:
    """Return whether files or settings remain of a session that the config lacks."""
    if app.config.read().session_header(name):
        return False
    return (
        selection.find_unlisted_session(app, name) is not None
        or app.settings.has_session(name)
        or app.choices.load(name) != NO_CHOICES
        or name in app.directory.list_session_names()
        or any(key.session_name == name for key in app.usage.load_all())
    )


def remove_records(app: App, name: str) -> None:
    """Sign out, and remove what remains of a session that the config lacks.

    Raises: Refused if an allow-list applies; AwsUnreachable, at the end, as `apply_session_plan`.
    """
    agents.refuse_if_limited(app, "change sessions", "ssohelper session rm")
    session = selection.find_unlisted_session(app, name)
    try:
        if session is not None:
            login.log_out(app, session)
    finally:
        _forget_records(app, name)


def discard_sign_in(app: App, session: SsoSession) -> None:
    """Sign out after a setup that wrote nothing, and delete the saved list of roles.

    Raises: AwsUnreachable, after everything was removed here.
    """
    app.directory.forget(session.name)
    try:
        login.log_out(app, session)
    finally:
        app.tokens.forget_facts(session.name)


def has_config_section(app: App, session: SsoSession) -> bool:
    return app.config.read().session_header(session.name) is not None


def discard_unfinished(app: App, session: SsoSession) -> bool:
    """Sign out of a session that setup did not write; return whether that was needed."""
    if has_config_section(app, session):
        return False
    discard_sign_in(app, session)
    return True


def _make_plan(
    app: App, command: str, session: SsoSession, make: Callable[[ConfigFile], list[Change]]
) -> SessionPlan:
    config = app.config.read()
    return SessionPlan(command, session, make, tuple(make(config)), config.text.data)


def _changes_now(app: App, plan: SessionPlan, config: ConfigFile) -> Sequence[Change]:
    if not plan.is_new and not is_session_listed(plan.session, config.sso_sessions()):
        raise config_writing.config_changed_error(app)
    return config_writing.changes_as_shown(app, plan.data, plan.changes, config, plan.make)


def _forget_records(app: App, name: str) -> None:
    own_settings.remove_session_settings(app, name)
    app.usage.forget_usage_of_session(name, app.clock.deadline())
    app.usage.forget_pages_of_session(name)
    app.choices.forget(name)
    app.directory.forget(name)
    app.tokens.forget_facts(name)
