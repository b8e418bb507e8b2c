"""What `doctor` finds in files as a test writes them; the machine is not looked at."""

from pathlib import Path

from ssohelper.actions import doctor_machine, doctor_profiles, doctor_proofs, doctor_sessions
from ssohelper.actions.doctor_facts import Setup
from ssohelper.app import App
from ssohelper.core.findings import Finding

CHECKS = (
    *(doctor_machine.check_config, doctor_machine.check_variables),
    *(*doctor_profiles.PROFILE_CHECKS, doctor_proofs.check_programs_not_run),
    doctor_sessions.check_lists,
)


def make_setup(
    folder: Path, config, *, credentials="", chosen=None, environ=None, listings=None, programs=None
) -> Setup:
    """Return the setup of these files; `programs` are the programs that there are, by their word."""
    home = folder / "home"
    (home / ".aws").mkdir(parents=True, exist_ok=True)
    (home / ".aws" / "config").write_text(config)
    (home / ".aws" / "credentials").write_text(credentials)
    app = App({"HOME": str(home), "SSOHELPER_HOME": str(home), **(environ or {})})
    for name, listing in (listings or {}).items():
        app.directory.save(name, listing)
    setup = Setup(app, chosen)
    setup.__dict__["command"] = "/x/ssohelper-credentials"
    if programs is not None:
        found = dict(programs)
        setup.find_program = found.get  # type: ignore[assignment]
    return setup


def find_in(setup: Setup) -> list[Finding]:
    """Return what the checks find that look at files and variables."""
    return setup.find(*CHECKS)
