"""Builds the questions and results of `setup` that CLI and TUI show in the same words."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from ssohelper.actions import adopting
from ssohelper.actions.adopting import ProfileOfOtherTool
from ssohelper.core.plan_text import profile_count_text
from ssohelper.core.resolver import unusable_source_text
from ssohelper.core.text import FEW_NAMES, SOME_NAMES, shortened_name_list, show, show_message

if TYPE_CHECKING:
    from ssohelper.actions.doctor import Report
    from ssohelper.app import App
    from ssohelper.core.model import SsoSession

ADOPT_LATER = "to adopt these profiles later: ssohelper profile sync --adopt '*'"
DEFAULT_REGION = "default region of the profiles"
GUARD_QUESTION = "guard these roles?"
# Empty screens show this to a user who may have no Identity Center.
TRY_THE_DEMO = "To try it without AWS: ssohelper demo"
SIGNED_OUT_AGAIN = "signed out again: no token and no profile is left of this setup"
SIGNED_OUT = "signed out again"
NO_ACCOUNT = "no account is assigned to you yet; ask your administrator"
# How many problems that `doctor` found are shown at the end of a setup.
_MOST_PROBLEMS = 3


def session_written_text(app: App, session: SsoSession, key: str = "") -> str:
    """Return the message that the session was written, and how to write its profiles later.

    `key` is the keyboard key that opens the list of profiles, "" for the CLI.
    """
    sessions = app.config.read().session_names()
    named = f" --session {session.name}" if len(sessions) > 1 else ""
    way = f"{key}, or " if key else ""
    return (
        f"the session was written; to write its profiles later: {way}ssohelper profile sync{named}"
    )


def default_region_line(region: str) -> str:
    return (
        f"{DEFAULT_REGION}: {region}, that of [default] or of this shell; for another one: "
        "ssohelper profile sync --default-region R"
    )


def other_profile_lines(
    found: Sequence[ProfileOfOtherTool], *, with_names: bool = True
) -> Iterator[str]:
    """Yield lines that say which profiles of other tools or of the user work, grouped by reason.

    Yields nothing if there are no such profiles. All lines are safe for a terminal.
    """
    if found:
        yield "profiles that other tools or you wrote:"
    kinds = defaultdict[tuple[str, tuple[str, str, str]], list[str]](list)
    for one in found:
        kinds[one.tool, _state_of_profile(one)].append(show(one.name, 60))
    for (tool, state), names in kinds.items():
        number = len(names)
        verb, negated = ("works", "does not work") if number == 1 else ("work", "do not work")
        problem, unknown, condition = state
        shown = f"{negated} now: {show_message(problem)}" if problem else f"{verb} {condition}"
        if unknown:
            shown = f"not checked: {show_message(unknown)}"
        yield f"  {profile_count_text(number)} of {tool}: {shown}"
        if with_names:
            yield f"    {shortened_name_list(names, SOME_NAMES)}"
    yield from _broken_source_lines(found, with_names=with_names)


def _broken_source_lines(found: Sequence[ProfileOfOtherTool], *, with_names: bool) -> Iterator[str]:
    named: set[str] = set()
    for one in found:
        users = [name for name in one.users if name not in named]
        if not one.problem or not users:
            continue
        named.update(users)
        problem = show_message(unusable_source_text(one.name, one.problem, users=len(users)))
        state = "that assumes a role: does" if len(users) == 1 else "that assume roles: do"
        yield f"  {profile_count_text(len(users))} {state} not work now: {problem}"
        if with_names:
            yield f"    {shortened_name_list([show(name, 60) for name in users], SOME_NAMES)}"


def _state_of_profile(profile: ProfileOfOtherTool) -> tuple[str, str, str]:
    program = profile.candidate.origin.program
    condition = "while you are signed in"
    if program is not None:
        condition = f"if {show(program, 80)} works (it was not run)"
    elif profile.candidate.origin.is_legacy:
        condition = "by a sign-in of `aws sso login` only"
    if profile.differs_by_sdk:
        condition = f"in the AWS CLI and boto3 {condition} (another SDK may take other credentials)"
    if profile.lacks_region:
        condition += ", if you give --region (the profile has none)"
    return (
        profile.problem,
        profile.unknown,
        condition if not profile.problem and not profile.unknown else "",
    )


def adopt_profiles_question(needing: Collection[str]) -> str:
    profiles = profile_count_text(len(needing))
    names = shortened_name_list([show(name, 40) for name in sorted(needing)], FEW_NAMES)
    if len(needing) == 1:
        return f"adopt {profiles} that needs ssohelper to work, with its name ({names})?"
    return f"adopt {profiles} that need ssohelper to work, with their names ({names})?"


def adopt_all_question(found: Sequence[ProfileOfOtherTool]) -> str:
    one = len(adopting.choose_adoptable(found)) == 1
    return f"adopt {adoptable_count_text(found)}, with {'its name' if one else 'their names'}?"


def adoptable_count_text(found: Sequence[ProfileOfOtherTool]) -> str:
    able = len(adopting.choose_adoptable(found))
    of = "" if able == len(found) else f"{able} of "
    return f"{of}{profile_count_text(len(found))} of other tools"


def adoption_not_shown_message(count: int) -> str:
    """Return the remark that the shown command does not name the profiles to adopt."""
    return f"the command asks whether to adopt the {count} profiles; with --yes it adopts none"


def keep_session_question(name: str) -> str:
    return f'write the session "{show(name)}" without profiles, and stay signed in?'


def keep_sign_in_question(name: str) -> str:
    return f'stay signed in to "{show(name)}"?'


def sign_out_question(name: str) -> str:
    """Return the TUI's question after a setup that wrote nothing; Esc keeps the sign-in."""
    return f'sign out of "{show(name)}" again?'


def proposed_guard_rules_line(rules: Sequence[str]) -> str:
    return f"guarded roles need a grant with a reason: {', '.join(rules)}"


def guard_rules_command(rules: Sequence[str]) -> str:
    return "ssohelper config set guard.rules " + " ".join(map(shlex.quote, rules))


def setup_result_lines(report: Report, session_name: str, *, has_aws: bool) -> Iterator[str]:
    """Yield the problems after a setup, a command that works, and the next commands to try.

    If all roles are guarded, no command was tried. All lines are safe for a terminal.
    """
    for finding in report.findings[:_MOST_PROBLEMS]:
        yield show_message(f"problem: {finding.subject}: {finding.message}")
        yield show_message(f"  fix: {finding.fix}")
    if len(report.findings) > _MOST_PROBLEMS:
        yield "for the other problems: ssohelper doctor"
    if report.proven:
        yield f"try it: {command_to_try_profile(report.proven[0], has_aws=has_aws)}"
    yield f"for all your roles: ssohelper list --session {session_name}"
    if not report.has_shell_lines:
        yield "for `use`, the prompt and TAB completion in your shell: ssohelper install"


def command_to_try_profile(name: str, *, has_aws: bool) -> str:
    shown = shlex.quote(show(name))
    if has_aws:
        return f"aws sts get-caller-identity --profile {shown}"
    return f"ssohelper whoami {shown}"
