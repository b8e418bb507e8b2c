"""All checks of `doctor`, in the order in which findings are shown. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ssohelper.core.doctor import (
    config,
    file_permissions,
    machine_and_network,
    preferred_variables,
    profile_findings,
    profiles_without_role,
    sign_ins_and_lists,
    values,
    variables,
)
from ssohelper.core.doctor.facts import Facts
from ssohelper.core.doctor.findings import Finding, ProfilesSubject, sort_findings
from ssohelper.core.resolver import PROFILE_VARIABLES

Check = Callable[[Facts], Iterable[Finding]]
# If one of these checks finds a problem, AWS tools fail with every profile.
_OF_ALL_PROFILES: tuple[Check, ...] = (
    config.check_files_are_readable,
    preferred_variables.check_empty_file_variables,
    variables.check_variables_refused_by_aws_tools,
)
_OF_PROFILE_VARIABLES: tuple[Check, ...] = (
    preferred_variables.check_profile_variables,
    preferred_variables.check_empty_profile_variables,
)
# If one of these checks finds a problem, AWS tools that use AWS_PROFILE fail or take another
# identity. A command with `--profile` is not affected, since it ignores the variables that are
# checked here.
_OF_PROFILE_IN_USE: tuple[Check, ...] = (
    preferred_variables.check_variables_with_fixed_keys,
    *_OF_PROFILE_VARIABLES,
    preferred_variables.check_container_variables,
)
# If one of these checks finds a problem, the profile does not work.
OF_ONE_PROFILE: tuple[Check, ...] = (
    values.check_quoted_values,
    values.check_values_refused_by_aws_tools,
    profile_findings.check_profiles,
    profiles_without_role.check_managed_profiles_without_role,
    preferred_variables.check_credentials_sections,
    profile_findings.check_for_iam_role_as_permission_set,
    profile_findings.check_programs_of_profiles,
    sign_ins_and_lists.check_regions_of_portals,
)
# A profile with this finding works: the finding is that other users may replace its program.
_HARMLESS = ("program-replaceable",)
CHECKS: tuple[Check, ...] = (
    *config.CHECKS,
    *preferred_variables.CHECKS,
    *variables.CHECKS,
    *profile_findings.CHECKS,
    *profiles_without_role.CHECKS,
    *values.CHECKS,
    *sign_ins_and_lists.CHECKS,
    values.check_session_keys,
    *file_permissions.CHECKS,
    *machine_and_network.CHECKS,
)


def run_checks(facts: Facts, checks: Iterable[Check] = CHECKS) -> list[Finding]:
    """Return the findings of these checks: problems, then missing sign-ins, then notes."""
    return sort_findings(finding for check in checks for finding in check(facts))


def find_problem_of_profile(facts: Facts, profile_name: str) -> Finding | None:
    """Return the first finding that says why this profile does not work; None if there is none."""
    for one in run_checks(facts, OF_ONE_PROFILE):
        names = one.subject.names if isinstance(one.subject, ProfilesSubject) else ()
        if one.severity == "problem" and one.id not in _HARMLESS and profile_name in names:
            return one
    return None


def find_what_overrides_profile(facts: Facts, *, is_named: bool) -> list[Finding]:
    """Return the findings that `whoami` shows first: why AWS tools may not use the profile.

    `is_named`: the user named the profile, as for a command with `--profile`.
    """
    wanted = (*_OF_ALL_PROFILES, *_OF_PROFILE_IN_USE, *OF_ONE_PROFILE)
    return run_checks(facts, _checks_without_profile_variables(wanted, is_named))


def _checks_without_profile_variables(wanted: Iterable[Check], is_named: bool) -> list[Check]:
    return [one for one in wanted if not is_named or one not in _OF_PROFILE_VARIABLES]


def find_problem_of_shell(facts: Facts, profile_name: str, *, is_named: bool = False) -> str:
    """Return why AWS tools in this shell would not get the profile's role; "" if nothing is known.

    Only variables and unreadable files count: core.resolver says whether the profile works.
    `is_named` is as for `find_what_overrides_profile`.
    """
    wanted = _OF_ALL_PROFILES
    if is_profile_in_use(facts, profile_name):
        wanted += _OF_PROFILE_IN_USE
    found = run_checks(facts, _checks_without_profile_variables(wanted, is_named))
    problems = [
        one for one in found if one.severity == "problem" and one.id != "token-without-keys"
    ]
    return problems[0].message if problems else ""


def is_profile_in_use(facts: Facts, profile_name: str) -> bool:
    """Return whether AWS_PROFILE or AWS_DEFAULT_PROFILE of this shell names the profile."""
    return profile_name in (facts.environ.get(each) for each in PROFILE_VARIABLES)
