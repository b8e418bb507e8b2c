"""Builds the questions and results of `setup` that CLI and TUI show in the same words."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from ssohelper.actions import adopting
from ssohelper.actions.adopting import ProfileOfOtherTool
from ssohelper.core.plan_text import profile_count_text
from ssohelper.core.text import FEW_NAMES, SOME_NAMES, shortened_name_list, show, show_message

if TYPE_CHECKING:
    from ssohelper.actions.doctor import Report
    from ssohelper.core.model import SsoSession

ADOPT_LATER = "to adopt these profiles too: ssohelper profile sync --adopt '*'"
# Empty screens show this to a user who may have no Identity Center.
TRY_THE_DEMO = "To try it without AWS: ssohelper demo"
SIGNED_OUT = "signed out again"
NO_ACCOUNT = "no account is assigned to you yet; ask your administrator"
# How many problems that `doctor` found are shown at the end of a setup.
_MOST_PROBLEMS = 3


def kept_sign_in_line(session: SsoSession) -> str:
    """Return what a user who wrote nothing is told: the next `setup` needs no sign-in."""
    command = f"ssohelper setup {shlex.quote(session.start_url)}"
    sign_out = f"ssohelper logout {session.name}"
    return (
        f'you stay signed in to "{show(session.name)}"; go on with: {command}; end it: {sign_out}'
    )


def proposed_region_text(region: str) -> str:
    return (
        f"region {region}, that of [default] or of this shell; for another one: "
        "ssohelper profile sync --default-region R"
    )


def other_profile_lines(found: Sequence[ProfileOfOtherTool]) -> Iterator[str]:
    """Yield lines that say which profiles of other tools or of the user work, grouped by reason.

    Yields nothing if there are no such profiles. All lines are safe for a terminal.
    """
    if found:
        yield "profiles that other tools or you wrote:"
    kinds = defaultdict[tuple[str, str], list[str]](list)
    for one in found:
        kinds[one.candidate.origin.tool, _state_of_profile(one)].append(show(one.name, 60))
    for (tool, state), names in kinds.items():
        yield f"  {profile_count_text(len(names))} of {tool}: {state}"
        yield f"    {shortened_name_list(names, SOME_NAMES)}"


def _state_of_profile(profile: ProfileOfOtherTool) -> str:
    if profile.unknown:
        return f"not checked: {show_message(profile.unknown)}"
    if profile.problem:
        return f"not working now: {show_message(profile.problem)}"
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
    return f"working {condition}"


def adopted_profiles_text(names: Collection[str]) -> str:
    shown = shortened_name_list([show(name, 40) for name in sorted(names)], FEW_NAMES)
    return f"adopt {profile_count_text(len(names))}, names unchanged ({shown})"


def adoptable_count_text(found: Sequence[ProfileOfOtherTool]) -> str:
    able = len(adopting.choose_adoptable(found))
    of = "" if able == len(found) else f"{able} of "
    return f"{of}{profile_count_text(len(found))} of other tools"


def guarded_roles_text(rules: Sequence[str]) -> str:
    return f"guard roles, so that each use needs a typed reason: {', '.join(rules)}"


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
        name = shlex.quote(show(report.proven[0]))
        aws = f"aws sts get-caller-identity --profile {name}"
        yield f"try it: {aws if has_aws else f'ssohelper whoami {name}'}"
    yield f"for all your roles: ssohelper list --session {session_name}"
    if not report.has_shell_lines:
        yield "for `use`, the prompt and TAB completion in your shell: ssohelper install"
