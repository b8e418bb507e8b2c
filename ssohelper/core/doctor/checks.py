"""All checks of `doctor`, in the order in which findings are shown. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ssohelper.core.doctor import config, environment, files, machine, profiles, sessions, values
from ssohelper.core.doctor.facts import Facts
from ssohelper.core.doctor.findings import Finding, sort_findings

Check = Callable[[Facts], Iterable[Finding]]
# The checks whose findings `whoami` shows first: why a program may not use the profile.
SHADOWING: tuple[Check, ...] = (
    environment.check_key_variables,
    environment.check_container_variables,
    environment.check_credentials_sections,
    profiles.check_credential_processes,
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
