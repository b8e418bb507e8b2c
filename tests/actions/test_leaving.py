"""`install --uninstall --profiles`: everything works on without ssohelper, and can be undone."""

import json
import shutil

import pytest

from ssohelper.actions.flows.setting_change import WORD as LOOSEN_WORD
from ssohelper.actions.leaving import plan_leaving
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.portal_address import PortalAddress
from tests.cli.test_profile_commands_sync import identity, ok, rows, saved, signed_in
from tests.core.test_profile_plan import DEV, PAY, SESSION, native, process
from tests.long_rows import long_after

__all__ = ["saved", "signed_in"]  # fixtures

LEAVE = ("install", "--uninstall", "--profiles")
FILES = (".bashrc", ".zshrc", ".config/fish/conf.d/ssohelper.fish")
DEPLOY = f"arn:aws:iam::{PAY}:role/Deploy"


def test_leaving_makes_every_profile_work_without_us(saved, run):
    for file in FILES[:2]:
        (saved.path / file).write_text("# mine\n")
    for shell in ("bash", "zsh", "fish"):
        ok(run("install", "--shell", shell, "--yes"))
    with (saved.path / ".bashrc").open("a") as bashrc:
        bashrc.write("  ssohelper_prompt_on\nalias x=y # ssohelper_prompt_on\n")
    ok(run("profile", "sync", "--yes"))
    ok(run("profile", "add", "top", "--assume", DEPLOY, "--via", "pay.Admin", "--yes"))
    before = saved.config_file.read_bytes()
    assert run(*LEAVE, "--dry-run").stdout.count("-ssohelper_managed = true") == 4
    assert saved.config_file.read_bytes() == before
    printed = ok(run("install", "--uninstall", "--profiles", "--yes"))
    assert "4 profiles changed; undo with: ssohelper undo" in printed
    assert f"removed from {saved.path / '.bashrc'}; running shells are not affected" in printed
    assert "sign in from now on with: aws sso login --sso-session corp" in printed
    assert b"ssohelper" not in saved.config_file.read_bytes()
    forms = {"pay.Admin": "sso", "pay.Read": "sso", "dev.Read": "sso", "top": "chain"}
    assert rows(run) == forms
    own = "# mine\n  ssohelper_prompt_on\nalias x=y # ssohelper_prompt_on\n"
    assert (saved.path / ".bashrc").read_text() == own
    assert "your line with ssohelper_prompt is still in that file: remove it" in printed
    assert (saved.path / ".zshrc").read_text() == "# mine\n"
    assert not (saved.path / FILES[2]).exists()
    assert "nothing to change" in ok(run(*LEAVE, "--yes"))
    ok(run("profile", "undo", "--yes"))
    assert saved.config_file.read_bytes() == before


def test_botocore_goes_on_without_us(signed_in, run, emulator):
    ok(run("profile", "sync", "--yes", "--account", "sandbox-*"))
    before = signed_in.config_file.read_bytes()
    done = run(*LEAVE, "--yes", env={"SSOHELPER_ALLOW": "corp:*/Read"})  # a limited program
    assert (done.returncode, signed_in.config_file.read_bytes()) == (9, before)
    ok(run(*LEAVE, "--yes"))
    shutil.rmtree(signed_in.runtime, ignore_errors=True)
    account_id, arn = identity(signed_in, "sandbox-ana.SandboxAdmin")
    assert (account_id, "AWSReservedSSO_SandboxAdmin_" in arn) == ("000050000001", True)
    assert emulator.counters["GetRoleCredentials"] == 1


def test_leaving_off_a_terminal_needs_yes_and_json_says_what(saved, run):
    ok(run("profile", "sync", "--yes"))
    assert run(*LEAVE).returncode == 2
    done = run(*LEAVE, "--yes", "--json")
    data = json.loads(done.stdout)["data"]
    assert (data["profiles"], data["kept"]) == (["pay.Admin", "pay.Read", "dev.Read"], [])
    assert data["written"] == [str(saved.config_file)]
    assert list(data["diffs"]) == [str(saved.config_file)]
    assert "-ssohelper_managed = true" in data["diffs"][str(saved.config_file)]
    data = run.data(*LEAVE, "--yes")
    assert (data["diffs"], data["written"]) == ({}, [])  # the command has nothing left to change
    assert run("install", "--profiles").returncode == 2


def test_guarded_roles_need_a_typed_word_and_a_dry_run_lists_them(saved, run, terminal):
    ok(run("profile", "sync", "--yes"))
    guarded = "this guarded role could be used without a grant: corp:001234567890/Admin\n"
    assert "without a grant" not in ok(run(*LEAVE, "--dry-run"))
    ok(run("config", "set", "guard.rules", "*/Admin"))
    assert guarded in ok(run(*LEAVE, "--dry-run"))
    before = saved.config_file.read_bytes()
    done = run(*LEAVE, "--yes")
    assert (done.returncode, saved.config_file.read_bytes()) == (9, before)
    child = terminal(*LEAVE, "--yes")
    child.talk(
        "these guarded roles need no grant: corp:001234567890/Admin",
        (f"type {LOOSEN_WORD} to go on: ", LOOSEN_WORD),
    )
    assert child.ended()[0] == 0
    assert b"ssohelper" not in saved.config_file.read_bytes()


@pytest.mark.parametrize("answer", long_after(1, ["y", "n"]))
def test_leaving_asks_once_for_all_files(saved, run, terminal, answer):
    for file in FILES[:2]:
        (saved.path / file).write_text("# mine\n")
    for shell in ("bash", "zsh", "fish"):
        ok(run("install", "--shell", shell, "--yes"))
    ok(run("profile", "sync", "--yes"))
    paths = (saved.config_file, *(saved.path / file for file in FILES))
    before = [path.read_bytes() for path in paths]
    child = terminal(*LEAVE)
    child.expect_exact("3 profiles to change — write")
    assert child.before.count("-# >>> ssohelper") == len(FILES), child.before
    child.talk(("[y/N]", answer))
    assert child.ended()[0] == 0  # the program has ended without another question
    after = [path.read_bytes() if path.exists() else b"" for path in paths]
    if answer == "n":
        assert after == before
    else:
        assert not any(b"ssohelper" in content for content in after)


def test_uninstall_alone_warns_of_the_profiles_that_stop_working(saved, run):
    uninstall = ("install", "--shell", "bash", "--uninstall")
    assert "stop working" not in ok(run(*uninstall, "--yes"))
    ok(run("profile", "sync", "--yes"))
    for more in ("--dry-run", "--yes"):
        said = ok(run(*uninstall, more))
        assert f"3 profiles in {saved.config_file} will stop working without ssohelper" in said
        assert "to keep them working: ssohelper install --uninstall --profiles" in said


def left(text: str, address: PortalAddress | None = None) -> tuple[str, list[str]]:
    """Return the config after leaving, and the names of the profiles that still need us."""
    addresses = {"corp": address} if address else {}
    config = ConfigFile.parse(text.encode(), "config", addresses)
    plan = plan_leaving(config)
    return config.with_changes(plan.changes).decode(), [one.name for one in plan.kept]


def test_both_forms_become_native_without_our_mark_and_what_cannot_is_said():
    own = native("a", PAY, "Read", marked=False)
    for profile in (process("a", PAY, "Read"), native("a", PAY, "Read")):
        assert left(SESSION + profile) == (SESSION + own, [])
    chain = f"{SESSION}{own}[profile c]\nrole_arn = {DEPLOY}\nsource_profile = a\n"
    assert left(chain + "ssohelper_managed = true\n") == (chain, [])
    gone = process("gone", PAY, "Read").replace("--session corp", "--session gone")
    mine = process("mine", DEV, "Read").replace("ssohelper_managed = true\n", "")
    assert left(SESSION + gone + mine) == (SESSION + gone + mine, ["gone", "mine"])


def test_a_chain_names_a_profile_of_its_first_role():
    chain = process("top", PAY, "Read").replace("Read\n", "Read --chain top\n", 1)
    chain += f"ssohelper_role_arn = {DEPLOY}\nssohelper_external_id = abc\n"
    text, kept = left(SESSION + chain)
    assert (text, kept) == (SESSION + chain, ["top"])
    text, kept = left(SESSION + chain + process("a", PAY, "Read"))
    assert kept == []
    expected = f"role_arn = {DEPLOY}\nsource_profile = a\nexternal_id = abc\nregion = eu-west-1\n"
    assert f"[profile top]\n{expected}" in text


def test_a_companys_own_url_is_replaced_by_the_portals():
    own = SESSION.replace("https://d-0000000000.awsapps.com/start", "https://sso.example.com/x")
    url = "https://ssoins-1234.portal.eu-west-1.app.aws"
    address = PortalAddress("https://sso.example.com/x", url, "eu-west-1", "eu-west-1")
    text, _ = left(own + process("a", PAY, "Read"), address)
    assert f"sso_start_url = {url}\n" in text


@pytest.mark.parametrize(
    "base",
    [
        process("base", PAY, "Read").replace("--session corp", "--session gone"),
        "\n[profile base]\nregion = x\n",
        "",
    ],
    ids=["session gone", "no role", "no profile"],
)
def test_a_chain_whose_first_role_cannot_be_read_is_kept_with_the_reason(base):
    chain = (
        f"\n[profile top]\nrole_arn = arn:aws:iam::{PAY}:role/Deploy\nsource_profile = base\n"
        "ssohelper_managed = true\n"
    )
    plan = plan_leaving(ConfigFile.parse((SESSION + base + chain).encode(), "config"))
    assert plan.profiles == ()
    reasons = {one.name: one.reason for one in plan.kept}
    assert reasons["top"] == "the SSO role that the chain begins with cannot be read"
