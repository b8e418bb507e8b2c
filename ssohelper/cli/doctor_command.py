"""The command doctor: finds what is wrong with the AWS setup, and names a cure for each finding."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from ssohelper.actions import doctor as examining
from ssohelper.actions.doctor import Report
from ssohelper.app import App
from ssohelper.cli import colors, output
from ssohelper.core import findings
from ssohelper.core.findings import Finding
from ssohelper.core.text import show_message
from ssohelper.errors import UsageProblem

# The sign before a finding, by its severity. The severity is printed as a word too, so it can
# be read without colours.
_MARKS = {"problem": "x", "sign-in": "!", "note": "-", "repaired": "v"}


@click.command("doctor", cls=output.Command)
@click.argument("profile", required=False)
@click.option("--fix", is_flag=True, help="Make the safe repairs, and nothing else.")
@click.option("--run", is_flag=True, help="Run the profile's program, also another tool's.")
def diagnose_setup(app: App, profile: str | None, fix: bool, run: bool) -> int:
    """Find what is wrong with your AWS setup, with the cure for each finding.

    \b
    Examples:
      ssohelper doctor                                      everything, in a few seconds
      ssohelper doctor payments-prod.ReadOnlyAccess         what each SDK does with this profile
      ssohelper doctor --fix                                make the safe repairs
      ssohelper doctor payments-prod.ReadOnlyAccess --run   run its program, another tool's too

    Exit code 0: nothing is wrong; 3: something is wrong; 4: only a sign-in is missing. It runs the
    credential process of one unguarded profile of each session, or that of PROFILE. Programs of
    other tools may open a browser: they run only with PROFILE and --run, for 10 s at most.
    """
    if profile == "":
        raise UsageProblem("the profile's name is empty", hint="see: ssohelper profile list")
    if run and profile is None:
        raise UsageProblem("--run needs a profile", hint="ssohelper doctor PROFILE --run")
    report = examining.examine_setup(app, profile, run=run)
    if fix:
        report = examining.repair(app, report)
    if not output.print_if_json(_report_json(report)):
        print_report(report)
    return findings.exit_code(report.findings)


def print_report(report: Report) -> None:
    """Print the findings: on a terminal grouped by subject, else one tab-separated row each."""
    is_terminal, found = sys.stdout.isatty(), report.findings
    if not is_terminal:
        output.print_rows(
            (), [[_word_of(one), one.id, one.subject, one.message, one.fix] for one in found]
        )
    if report.sdks:
        blank, first = ("-", []) if is_terminal else ("", ["sdk"])
        rows = [
            [*first, *one[1:4], one.account_id or blank, one.role_name or blank]
            for one in report.sdks
        ]
        output.print_rows(["sdk", "takes", "from", "account", "role"], rows)
    if is_terminal:
        if report.sdks:
            output.echo()
        print_findings(found)
    for name in report.proven:
        output.say(show_message(f'"{name}" gave credentials just now'))
    output.say(findings.summary(found))


def print_findings(found: Sequence[Finding]) -> None:
    subject = None
    for finding in found:
        if finding.subject != subject:
            subject = finding.subject
            output.echo(show_message(subject))
        word = _word_of(finding)
        sign = colors.styled(f"{_MARKS[word]} {word:<8}", colors.OF_SEVERITY[word])
        output.echo(f"  {sign}  {show_message(finding.message)}")
        if not finding.is_fixed:
            output.echo(f"      fix:    {show_message(finding.fix)}")


def _word_of(finding: Finding) -> str:
    return "repaired" if finding.is_fixed else finding.severity


def _report_json(report: Report) -> dict[str, Any]:
    return {
        "findings": [
            {name: getattr(one, name) for name in ("id", "severity", "subject", "message", "fix")}
            | {"fixable": one.repair is not None, "fixed": one.is_fixed}
            for one in report.findings
        ],
        "counts": findings.count_findings(report.findings),
        "sdks": [
            {
                "family": one.family,
                "takes": one.source,
                "from": one.detail,
                "account_id": one.account_id,
                "role_name": one.role_name,
            }
            for one in report.sdks
        ],
        "proven": list(report.proven),
    }
