"""All checks of `doctor`, in the order in which findings are shown. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ssohelper.core import process_command
from ssohelper.core.adoption import OTHER_ROLE_IN_SECTION
from ssohelper.core.config_file import assumes_role
from ssohelper.core.doctor import (
    config,
    credential_sources,
    environment,
    files,
    lost_roles,
    machine,
    profiles,
    sdk_order,
    session_keys,
    sessions,
    values,
)
from ssohelper.core.doctor.facts import ConfigFacts, Facts, ProfileFact, ProgramFact
from ssohelper.core.doctor.findings import Finding, sort_findings
from ssohelper.core.text import show

Check = Callable[[Facts], Iterable[Finding]]
# The checks whose findings `whoami` shows first: why a program may not use the profile.
SHADOWING: tuple[Check, ...] = (
    environment.check_key_variables,
    environment.check_container_variables,
    environment.check_credentials_sections,
    profiles.check_credential_processes,
)
# The checks whose problems make the AWS CLI and boto3 stop with an error for a profile.
UNUSABLE: tuple[Check, ...] = (
    profiles.check_invalid_profiles,
    profiles.check_incomplete_keys,
    *values.CHECKS,
)
CHECKS: tuple[Check, ...] = (
    *config.CHECKS,
    *environment.CHECKS,
    *profiles.CHECKS,
    *credential_sources.CHECKS,
    *lost_roles.CHECKS,
    *values.CHECKS,
    *sessions.CHECKS,
    *session_keys.CHECKS,
    *files.CHECKS,
    *machine.CHECKS,
)


def run_checks(facts: Facts, checks: Iterable[Check] = CHECKS) -> list[Finding]:
    """Return the findings of these checks: problems, then missing sign-ins, then notes."""
    return sort_findings(finding for check in checks for finding in check(facts))


def find_profile_trouble(
    config: ConfigFacts, profile: ProfileFact, programs: Mapping[str, ProgramFact] = {}
) -> str:
    """Return why the AWS CLI and boto3 cannot use the role of a profile; "" if they should.

    No other function decides whether a profile works as its role. Only ~/.aws/config,
    ~/.aws/credentials and the profile's program, if `programs` has it, are checked: no sign-in, and
    no program is run.
    """
    section = config.credentials.get(profile.name, {})
    if sdk_order.has_other_role_in_section(profile, config.file, section):
        return OTHER_ROLE_IN_SECTION
    found = run_checks(Facts(config=config, profiles=(profile,)), UNUSABLE)
    problems = [one.message for one in found if one.severity == "problem"]
    if problems:
        return problems[0]
    if assumes_role(profile.entry.keys):
        return ""
    [taken] = sdk_order.resolve_for_each_sdk(profile, config.file, section, {}, [sdk_order.BOTO3])
    if taken.kind == "error":
        return taken.detail
    if taken.kind not in ("sso", "program"):
        return f"AWS tools take the profile's credentials from another source: {taken.kind}"
    return _find_program_trouble(profile, programs) if taken.kind == "program" else ""


def find_doubt_about_program(profile: ProfileFact, programs: Mapping[str, ProgramFact]) -> str:
    """Return why only a run would show whose credentials the profile's helper gives; "" if none.

    So it is with a program that has ssohelper's name and does not belong to this installation.
    """
    program = _find_program(profile, programs)
    if program is None or not program.is_own or program.is_of_this_installation:
        return ""
    of = " of another installation of ssohelper" if program.is_of_another_installation else ""
    return f'the profile runs another program{of}: "{show(program.path or program.word, 200)}"'


def _find_program_trouble(profile: ProfileFact, programs: Mapping[str, ProgramFact]) -> str:
    program = _find_program(profile, programs)
    if program is not None and program.path is None:
        return f'there is no program "{show(program.word, 80)}"'
    if program is not None and program.only_has_our_name:
        return find_doubt_about_program(profile, programs)
    return ""


def _find_program(profile: ProfileFact, programs: Mapping[str, ProgramFact]) -> ProgramFact | None:
    words = process_command.split_command(profile.entry.keys.get("credential_process", ""))
    return programs.get(words[0]) if words else None
