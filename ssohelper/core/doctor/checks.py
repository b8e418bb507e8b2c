"""All checks of `doctor`, in the order in which findings are shown. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ssohelper.core.doctor import (
    config,
    environment,
    files,
    machine,
    profiles,
    sdk_order,
    sessions,
    values,
)
from ssohelper.core.doctor.facts import ConfigFacts, Facts, ProfileFact
from ssohelper.core.doctor.findings import Finding, sort_findings

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
    *values.CHECKS,
    *sessions.CHECKS,
    *files.CHECKS,
    *machine.CHECKS,
)


def run_checks(facts: Facts, checks: Iterable[Check] = CHECKS) -> list[Finding]:
    """Return the findings of these checks: problems, then missing sign-ins, then notes."""
    return sort_findings(finding for check in checks for finding in check(facts))


def find_profile_trouble(config: ConfigFacts, profile: ProfileFact) -> str:
    """Return why the AWS CLI and boto3 cannot use the role of a profile; "" if they should.

    Only ~/.aws/config and ~/.aws/credentials are checked, no sign-in and no program.
    """
    found = run_checks(Facts(config=config, profiles=(profile,)), UNUSABLE)
    problems = [one.message for one in found if one.severity == "problem"]
    if problems:
        return problems[0]
    keys = config.credentials.get(profile.name, {})
    [taken] = sdk_order.resolve_for_each_sdk(profile, config.file, keys, {}, [sdk_order.BOTO3])
    if taken.kind in ("sso", "program"):
        return ""
    return (
        taken.detail
        if taken.kind == "error"
        else f"AWS tools take the profile's credentials from another source: {taken.kind}"
    )
