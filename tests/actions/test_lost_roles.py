"""doctor names managed profiles that lost their role, and each command that it prints helps."""

import pytest

from ssohelper.actions import doctor
from ssohelper.app import App
from ssohelper.core.doctor import checks
from ssohelper.core.doctor.findings import Finding
from tests.cli.test_profile_sync import ok, saved
from tests.conftest import Home, Run
from tests.core.test_written_roles import parse
from tests.saved_listing import DEV, PAY, listed_account, save_listing

__all__ = ["saved"]  # fixture
NAME = "pay.Admin"


@pytest.fixture
def lost(saved: Home, run: Run) -> Home:
    """A home in which the command of the managed profile pay.Admin was removed."""
    ok(run("profile", "sync", "--yes"))
    remove_command(saved)
    return saved


def remove_command(home: Home) -> None:
    lines = home.config_file.read_text().splitlines(keepends=True)
    del lines[lines.index(f"[profile {NAME}]\n") + 1]
    assert "credential_process" in home.config_file.read_text()
    home.write_config("".join(lines))


def find(home: Home, chosen: str | None = None) -> Finding | None:
    found = checks.run_checks(doctor.gather_facts(App(home.env), chosen))
    return next((one for one in found if one.id == "role-unreadable"), None)


def role_of_profile(home: Home) -> str:
    config = parse(home.config_file.read_text())
    entry = config.profile(NAME)
    target = config.target_or_none(entry) if entry else None
    return f"{target.role.account_id}/{target.role.name}" if target else ""


def run_fix(run: Run, fix: str) -> None:
    for command in fix.split(", then: "):
        words = command.split(",")[0].replace("ACCOUNT/ROLE", f"{PAY}/Admin").split()
        assert words[0] == "ssohelper"
        ok(run(*words[1:], "--yes"))


@pytest.mark.parametrize("chosen", [None, NAME])
def test_sync_writes_the_earlier_role(lost: Home, run: Run, chosen: str | None) -> None:
    found = find(lost, chosen)
    assert found is not None
    assert (found.severity, found.subject) == ("problem", f'profile "{NAME}"')
    assert found.fix.startswith("ssohelper profile sync,")
    names = [one.name for one in parse(lost.config_file.read_text()).profiles()]
    run_fix(run, found.fix)
    assert role_of_profile(lost) == f"{PAY}/Admin"
    assert [one.name for one in parse(lost.config_file.read_text()).profiles()] == names
    assert find(lost) is None


def test_a_role_that_is_in_no_saved_write_is_added_under_the_old_name(lost: Home, run: Run) -> None:
    for version in (lost.path / ".local/state/ssohelper/config-versions").rglob("*"):
        if version.is_file():
            version.unlink()
    found = find(lost)
    assert found is not None
    assert "ACCOUNT/ROLE" in found.fix
    run_fix(run, found.fix)
    assert role_of_profile(lost) == f"{PAY}/Admin"
    assert find(lost) is None


def test_a_role_that_is_no_longer_listed_is_removed(lost: Home, run: Run) -> None:
    save_listing(lost, listed_account(PAY, "pay", "Read"), listed_account(DEV, "dev", "Read"))
    found = find(lost)
    assert found is not None
    assert found.fix == f"ssohelper profile rm {NAME}"
    run_fix(run, found.fix)
    assert NAME not in lost.config_file.read_text()


def test_of_several_sessions_the_fix_names_the_right_one(lost: Home, run: Run) -> None:
    lost.add_session("other", "https://other.awsapps.com/start", "eu-west-1")
    found = find(lost)
    assert found is not None
    assert "--session corp" in found.fix
    run_fix(run, found.fix)
    assert find(lost) is None
