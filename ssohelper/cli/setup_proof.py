"""The end of `setup`: the short form of `doctor`, which proves that a profile works."""

from ssohelper.actions import doctor
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.core.model import SsoSession
from ssohelper.core.text import show_message

_MOST_PROBLEMS = 3


def prove(app: App, session: SsoSession) -> str | None:
    """Run the helper of one profile of the session and print the problems that `doctor` finds.

    Returns the profile that gave credentials just now; None if none did, or if all are guarded.
    """
    report = doctor.prove_session(app, session)
    for finding in report.findings[:_MOST_PROBLEMS]:
        output.say(show_message(f"problem: {finding.subject}: {finding.message}"))
        output.say(show_message(f"  fix: {finding.fix}"))
    if len(report.findings) > _MOST_PROBLEMS:
        output.say("for the other problems: ssohelper doctor")
    return report.proven[0] if report.proven else None
