"""Finds what is wrong with the AWS setup of this user, and proves which parts work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import (
    agents,
    doctor_machine,
    doctor_profiles,
    doctor_proofs,
    doctor_sessions,
)
from ssohelper.actions.doctor_facts import Setup
from ssohelper.core.findings import Finding
from ssohelper.core.resolver import Resolved
from ssohelper.errors import SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.model import SsoSession

Check = Callable[[Setup], Iterable[Finding]]
# These checks read only: they change nothing, run no program and ask no host.
CHECKS: tuple[Check, ...] = (
    *(doctor_machine.check_config, doctor_machine.check_variables),
    *(doctor_profiles.check_credentials_file, doctor_machine.check_leftovers),
    *(doctor_machine.check_storage, doctor_machine.check_installation, doctor_machine.check_shell),
    *(*doctor_profiles.PROFILE_CHECKS, doctor_profiles.check_regions),
    *(doctor_profiles.check_guarded_roles, doctor_proofs.check_programs_not_run),
    *(doctor_sessions.check_sign_ins, doctor_sessions.check_lists),
)


class Report(NamedTuple):
    """What `doctor` found. `sdks`: how each SDK resolves the profile, for `doctor PROFILE` only.

    `proven` are the profiles whose program, run now, gave credentials of the right account.
    `has_shell_lines`: the shell's rc file has the lines that `install` writes.
    """

    findings: tuple[Finding, ...]
    sdks: tuple[Resolved, ...] = ()
    proven: tuple[str, ...] = ()
    has_shell_lines: bool = False


def run_checks(setup: Setup, *first: Check) -> list[Finding]:
    """Return the findings of all checks. `first` are checks that run programs or ask hosts."""
    # The files' modes are checked first and last, because reading a token of ours sets its file's
    # mode.
    files = list(doctor_machine.check_files(setup))
    found = setup.find(lambda _: files, *first, *CHECKS)
    left = {one[:4] for one in doctor_machine.check_files(setup)}
    is_of_mode = ("readable-by-others", "writable-by-others")
    return [
        one._replace(is_fixed=True) if one.id in is_of_mode and one[:4] not in left else one
        for one in found
    ]


def examine_setup(app: App, chosen: str | None, *, run: bool) -> Report:
    """Examine the user's whole AWS setup, or what concerns one profile or `[SESSION:]ACCOUNT/ROLE`.

    With `run`, another tool's program is run too. Raises: the errors of `resolve_profile`.
    """
    setup = Setup(app, chosen)
    prove = partial(doctor_proofs.prove_profiles, run=run)
    found = run_checks(setup, doctor_proofs.check_hosts, prove)
    has_profile = chosen is not None and setup.resolver.has_profile(chosen)
    sdks = setup.resolver.resolve_all(chosen or "", in_shell=True) if has_profile else []
    return Report(tuple(found), tuple(sdks), setup.proven)


def prove_session(app: App, session: SsoSession) -> Report:
    setup = Setup(app)
    setup.sessions = [session]
    prove = partial(doctor_proofs.prove_profiles, seconds=doctor_proofs.UNHURRIED_SECONDS)
    found = run_checks(setup, prove)
    problems = [one for one in found if one.severity == "problem" and not one.is_fixed]
    return Report(tuple(problems), (), setup.proven, setup.has_shell_lines)


def repair(app: App, report: Report) -> Report:
    """Make the safe repairs; return the report with repaired findings marked.

    A repair that fails gives a warning. Raises: Refused if this process has an allow-list.
    """
    agents.refuse_if_limited(app, "repair", "ssohelper doctor --fix")
    findings = list(report.findings)
    for number, one in enumerate(findings):
        if one.repair is not None and not one.is_fixed:
            try:
                one.repair()
                findings[number] = one._replace(is_fixed=True)
            except SsoHelperError as error:
                app.warn(f"not repaired: {error.message}")
    return report._replace(findings=tuple(findings))
