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
    protected_sign_ins,
    regions,
    selection,
)
from ssohelper.core import session_changes
from ssohelper.core.choices import NO_CHOICES
from ssohelper.core.config_edit import Change
from ssohelper.core.config_file import assumes_role
from ssohelper.core.model import SsoSession
from ssohelper.core.other_writes import NO_OTHER_WRITES, OtherWrites
from ssohelper.core.start_url import is_company_url
from ssohelper.core.text import SOME_NAMES, shortened_name_list, show
from ssohelper.errors import AwsUnreachable, UsageProblem

if TYPE_CHECKING:
    from ssohelper.actions.clocks import SessionClock
    from ssohelper.app import App
    from ssohelper.core.choices import Choices
    from ssohelper.core.config_file import ConfigFile, ProfileEntry


_REMOVE = "session rm"


class SessionEntry(NamedTuple):
    """A session and what ssohelper keeps for it.

    `others` are the profiles that ssohelper did not write, `files` the paths of tokens and client
    registrations.
    """

    clock: SessionClock
    further: Sequence[SsoSession]
    choices: Choices
    managed: tuple[str, ...]
    others: tuple[str, ...]
    files: tuple[str, ...]
    in_config: bool


class SessionPlan(NamedTuple):
    """A planned change of a session. `make` plans the changes again, for the config `data`.

    A plan without changes removes what is left of a session that the config lacks.
    """

    command: str
    session: SsoSession
    make: Callable[[ConfigFile], list[Change]]
    changes: tuple[Change, ...]
    data: bytes


def load_session_entry(app: App, session: SsoSession) -> SessionEntry:
    config = app.config.read()
    users = session_changes.find_dependent_profiles(config, session.name)
    portals = (session, *app.tokens.list_further_portal_sessions(session))
    return SessionEntry(
        clocks.load_session_clock(app, session),
        regions.list_further_portals(app, session),
        app.choices.load(session.name),
        tuple(entry.name for entry in users if entry.managed),
        tuple(entry.name for entry in users if not entry.managed),
        tuple(path for portal in portals for path, _content in app.tokens.list_files(portal)),
        selection.is_session_in_config(app, session),
    )


def plan_session_move(app: App, session: SsoSession, new: SsoSession) -> SessionPlan:
    """Raises: ConfigInvalid if the config lacks the session; Refused by the company's policy."""
    selection.check_session_in_config(app, session)
    if not is_company_url(new.start_url):  # otherwise the sign-in checks where the URL leads
        app.company_policy.check_portal(new)
    make = session_changes.changes_that_move_session
    return _make_plan(app, "session set-url", session, make, new)


def plan_session_removal(app: App, session: SsoSession) -> SessionPlan:
    """Return the plan that removes a session and its managed profiles.

    Raises: UsageProblem if other profiles use the session; ConfigInvalid if the config has another
    session of this name.
    """
    name, config = session.name, app.config.read()
    if config.session_header(name) is not None:
        selection.check_session_in_config(app, session)
        users = session_changes.find_dependent_profiles(config, name)
        others = [one for one in users if not one.managed]
        if others:
            raise _used_by_others(app, name, others)
    return _make_plan(app, _REMOVE, session, session_changes.changes_that_remove_session)


def _used_by_others(app: App, session: str, others: Sequence[ProfileEntry]) -> UsageProblem:
    adoptable = [one for one in others if not assumes_role(one.keys)]
    hints = [f"edit or remove them in {app.locations.aws_config_file}"]
    if adoptable:
        adopt = f"ssohelper profile sync --session {session} --adopt NAME"
        hints.append(f"to have them removed with the session, adopt them: {adopt}")
    if len(adoptable) < len(others):
        hints.append("--adopt does not take over profiles with role_arn")
    hints.append(f"to sign out but keep the session: ssohelper logout {session}")
    names = shortened_name_list([f'"{show(one.name, 60)}"' for one in others], SOME_NAMES)
    return UsageProblem(
        f'profiles that ssohelper did not write use the session "{session}": {names}',
        hint="; ".join(hints),
    )


def check_session_plan(app: App, plan: SessionPlan) -> None:
    config = app.config.read()
    config_writing.changes_as_shown(app, plan.data, plan.changes, config, plan.make)


def apply_session_plan(app: App, plan: SessionPlan) -> None:
    """Carry out the plan. A session to be removed is signed out first, so that no token remains.

    After an interruption, `session rm` completes the removal. Raises: Refused if an allow-list
    applies; LocalState if the config changed since the diff; AwsUnreachable, at the end, if AWS
    could not be told of the sign-out.
    """
    agents.refuse_if_limited(app, "change sessions", f"ssohelper {plan.command}")
    check_session_plan(app, plan)  # the plan is checked before the sign-out
    failure = None
    try:
        if plan.session.start_url:  # otherwise we have no sign-in to end
            login.log_out(app, plan.session)
    except AwsUnreachable as error:
        failure = error
    write_session_plan(app, plan)
    _forget_records(app, plan.session.name)
    if failure is not None:
        raise failure


def write_session_plan(app: App, plan: SessionPlan) -> None:
    name, others = plan.session.name, NO_OTHER_WRITES
    choices = {name: app.choices.load(name)}
    if plan.command == _REMOVE:
        found = app.settings.values.items()
        own = {
            key: (value, None) for key, (value, _) in found if key.startswith(f"sessions.{name}.")
        }
        others = OtherWrites(own)
    if plan.changes:
        config_writing.write_changes(
            app, plan.command, plan.data, plan.changes, plan.make, choices, others
        )


def check_name(app: App, session: SsoSession) -> None:
    """Raises: ConfigInvalid if the config lacks the session; UsageProblem if a sign-in with its
    name is at another portal.
    """
    protected_sign_ins.refuse_other_portal(app, session)
    if selection.find_unlisted_session(app, session.name) is None:
        selection.check_session_in_config(app, session)


def find_leftover_session(app: App, name: str) -> SsoSession | None:
    """Return a session that the config lacks, but of which files or settings remain.

    It has no start URL if ssohelper is not signed in to it.
    """
    if app.config.read().session_header(name):
        return None
    has_records = (
        app.settings.has_session(name)
        or app.choices.load(name) != NO_CHOICES
        or name in app.directory.list_session_names()
        or any(key.session_name == name for key in app.usage.load_all())
    )
    left_over = SsoSession(name, "", "", ()) if has_records else None
    return selection.find_unlisted_session(app, name) or left_over


def discard_sign_in(app: App, session: SsoSession) -> None:
    """Sign out, and delete the saved list of roles. Raises: AwsUnreachable, at the end."""
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
    app: App,
    command: str,
    session: SsoSession,
    make: Callable[[ConfigFile, SsoSession], list[Change]],
    new: SsoSession | None = None,
) -> SessionPlan:
    def plan_again(config: ConfigFile) -> list[Change]:
        return make(config, new or session)

    config = app.config.read()
    return SessionPlan(command, session, plan_again, tuple(plan_again(config)), config.text.data)


def _forget_records(app: App, name: str) -> None:
    own_settings.remove_session_settings(app, name)
    app.usage.forget_usage_of_session(name, app.clock.deadline())
    app.usage.forget_pages_of_session(name)
    app.choices.forget(name)
    app.directory.forget(name)
    app.tokens.forget_facts(name)
