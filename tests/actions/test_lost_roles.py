"""doctor names managed profiles that lost their role, and each command that it prints helps."""

import pytest

from ssohelper.actions import doctor
from ssohelper.actions.doctor_facts import Setup
from ssohelper.app import App
from ssohelper.core.findings import Finding
from tests.cli.test_profile_commands_sync import ok, saved
from tests.conftest import Home, Run
from tests.core.test_written_roles import parse
from tests.long_rows import long_after
from tests.saved_listing import DEV, PAY, listed_account, save_listing

__all__ = ["saved"]  # fixture
NAME = "pay.Admin"


@pytest.fixture
def synced(saved, run) -> Home:
    ok(run("profile", "sync", "--yes"))
    return saved


@pytest.fixture
def lost(synced) -> Home:
    """A home in which the command of the managed profile pay.Admin was removed."""
    edit_command(synced, "")
    return synced


def edit_command(home: Home, text: str) -> None:
    """Replace the command of the managed profile pay.Admin."""
    lines = home.config_file.read_text().splitlines()
    number = lines.index(f"[profile {NAME}]") + 1
    assert lines[number].startswith("credential_process")
    lines[number : number + 1] = text.splitlines()
    home.write_config("\n".join(lines) + "\n")


def find(home: Home, chosen: str | None = None, id: str = "role-unreadable") -> Finding | None:
    found = doctor.run_checks(Setup(App(home.env), chosen))
    return next((one for one in found if one.id == id), None)


def find_edited(home: Home, chosen: str | None = None) -> Finding | None:
    return find(home, chosen, "edited-role")


def names_in(home: Home) -> list[str]:
    return [one.name for one in parse(home.config_file.read_text()).profiles()]


def forget_writes(home: Home) -> None:
    for version in (home.path / ".local/state/ssohelper/config-versions").rglob("*"):
        if version.is_file():
            version.unlink()


EDITS = {
    "keys": ("aws_access_key_id = AKIAX\naws_secret_access_key = x", "fixed keys"),
    "a chain": (
        f"role_arn = arn:aws:iam::{DEV}:role/Deploy\nsource_profile = dev.Read",
        "role_arn",
    ),
    "a program": ("credential_process = /usr/bin/env true", "credential_process"),
}


@pytest.mark.parametrize("is_synced", [False, True])
@pytest.mark.parametrize(("text", "what"), long_after(2, list(EDITS.values())), ids=EDITS)
def test_the_fix_of_an_edit_into_another_source_restores_the_name(
    synced, run, text, what, is_synced
):
    assert find_edited(synced) is None
    edit_command(synced, text)
    if is_synced:
        ok(run("profile", "rm", "dev.Read" if what != "role_arn" else "pay.Read", "--yes"))
        names = names_in(synced)
        said = run("profile", "sync", "--yes")
        assert f'"{NAME}" had this role before an edit' in said.stderr + said.stdout
        assert names_in(synced) == names
    for chosen in (None, NAME):
        found = find_edited(synced, chosen)
        assert (found.severity, found.subject) == ("problem", f'profile "{NAME}"')
        assert f"{PAY}/Admin" in found.message
        assert what in found.message
    run_fix(run, found.fix)
    assert role_of_profile(synced) == f"{PAY}/Admin"
    assert find_edited(synced) is None


def test_an_edited_profile_of_an_unknown_role_is_removed(synced, run):
    edit_command(synced, EDITS["a program"][0])
    forget_writes(synced)
    found = find_edited(synced)
    assert found.fix.startswith(f"ssohelper profile rm {NAME}, or ")
    run_fix(run, found.fix.split(", or ")[0])
    assert find_edited(synced) is None
    edit = EDITS["a chain"][0]  # such a profile may be one that ssohelper wrote
    text = f"[profile c]\n{edit}\nssohelper_managed = true\n"
    synced.write_config(synced.config_file.read_text() + text)
    assert find_edited(synced) is None


def test_a_chain_that_ssohelper_wrote_is_not_edited(synced, run):
    ok(run("profile", "rm", NAME, "--yes"))
    arn = f"arn:aws:iam::{DEV}:role/Deploy"
    options = ("--via", "dev.Read", "--form", "sso", "--yes")
    ok(run("profile", "add", NAME, "--assume", arn, *options))
    assert "role_arn = " in synced.config_file.read_text()
    assert find_edited(synced) is None


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


def add_other_session(home: Home) -> None:
    home.add_session("other", "https://other.awsapps.com/start", "eu-west-1")


@pytest.mark.parametrize(
    ("prepare", "chosen", "fix"),
    [
        (lambda _: None, None, "ssohelper profile sync,"),
        (lambda _: None, NAME, "ssohelper profile sync,"),
        (forget_writes, None, "ACCOUNT/ROLE"),
        (add_other_session, None, "--session corp"),
    ],
)
def test_the_earlier_role_is_written_under_the_old_name(lost, run, prepare, chosen, fix):
    prepare(lost)
    found, names = find(lost, chosen), names_in(lost)
    assert (found.severity, found.subject) == ("problem", f'profile "{NAME}"')
    assert fix in found.fix
    run_fix(run, found.fix)
    assert role_of_profile(lost) == f"{PAY}/Admin"
    assert sorted(names_in(lost)) == sorted(names)
    assert find(lost) is None


def test_a_role_that_is_no_longer_listed_is_removed(lost, run):
    save_listing(lost, listed_account(PAY, "pay", "Read"), listed_account(DEV, "dev", "Read"))
    found = find(lost)
    assert found.fix == f"ssohelper profile rm {NAME}"
    run_fix(run, found.fix)
    assert NAME not in lost.config_file.read_text()
