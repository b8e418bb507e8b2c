"""Profiles on top of SSO roles, with the real program and the emulator's STS."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ssohelper.app import App
from tests.chains.conftest import (
    AUDIT_ARN,
    DEPLOY_ACCOUNT,
    DEPLOY_ARN,
    JUMP_ACCOUNT,
    JUMP_ARN,
    SSO_ACCOUNT,
    SSO_PROFILE,
    Chained,
    chain,
)

LAUNCHER = Path(__file__).resolve().parents[2] / "shell" / "ssohelper-credentials"
CN_ARN = JUMP_ARN.replace("arn:aws:", "arn:aws-cn:")
# An ARN's profile "x" on top of the SSO role: what `profile add` takes.
ADD = ("x", "--assume", JUMP_ARN, "--via", "base")
Done = subprocess.CompletedProcess[str]


@pytest.fixture
def ask(run) -> Callable[..., Done]:
    def run_credential_process(name: str = "jump", **environ: str) -> Done:
        return run("credential-process", "--profile", name, env=environ)

    return run_credential_process


def session_of(chained: Chained, done: Done) -> str:
    """Return ROLE/SESSION of the printed credentials."""
    assert done.returncode == 0, done.stderr
    found = chained.emulator.issued.get(json.loads(done.stdout)["AccessKeyId"])
    assert found is not None
    return found.arn.partition(":assumed-role/")[2]


def data_of(done: Done) -> Any:
    return json.loads(done.stdout)["data"]


def test_three_levels_give_the_role_at_the_end_and_share_one_call_each(chained, ask):
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: ask("audit"), range(12)))
    assert {answer.returncode for answer in answers} == {0}, answers[0].stderr
    [text] = {answer.stdout for answer in answers}
    assert json.loads(text)["AccountId"] == DEPLOY_ACCOUNT
    assert session_of(chained, answers[0]) == "Audit/ssohelper"
    assert ask("audit").stdout == text
    assert ask("deploy").returncode == 0
    assert chained.issued == (1, 3)


def test_exec_env_and_whoami_take_a_chain_as_any_other(chained, run):
    done = run.ok("exec", "audit", "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID $AWS_ACCOUNT_ID")
    assert f'account {DEPLOY_ACCOUNT}, role "Audit": these keys end in ' in done.stderr
    key_id, account = done.stdout.split()
    assert (chained.emulator.issued[key_id].role_name, account) == ("Audit", DEPLOY_ACCOUNT)
    who = run.data("whoami", "audit")
    assert who.items() >= {"account_id": DEPLOY_ACCOUNT, "role_name": "Audit"}.items()
    assert who["confirmed"] is True
    assert json.loads(run("env", "audit", "--format", "json").stdout)["AWS_ACCESS_KEY_ID"] == key_id
    assert chained.issued == (1, 3)


def test_use_names_the_profile_and_the_prompt_and_tab_show_it(chained, run):
    done = run.ok("use", "audit", env={"_SSOHELPER_SHELL": "bash"})
    assert "AWS_PROFILE=audit" in done.stdout.replace("'", "")
    assert f'account {DEPLOY_ACCOUNT}, role "Audit"' in done.stderr
    form = ("prompt", "--format", "{profile} {account_id} {role}")
    prompt = run(*form, env={"AWS_PROFILE": "audit"})
    assert prompt.stdout.strip() == f"audit {DEPLOY_ACCOUNT} Audit"
    # The index that TAB reads has the chain, with its session.
    assert run("completion", "--words", "bash", "ssohelper", "exec", "").returncode in (0, 2)
    app = App(chained.home.env)
    index = app.name_index.load(lambda: app.config)
    assert [(one.name, one.session_name, one.has_role) for one in index.profiles] == [
        (name, "corp", True) for name in ("base", "jump", "deploy", "audit")
    ]


def test_lists_show_a_chain_with_its_role(chained, run, ask):
    audit = next(row for row in run.data("profile", "list") if row["name"] == "audit")
    assert audit | {"region": None} == {
        "name": "audit",
        "session": "corp",
        "account_id": DEPLOY_ACCOUNT,
        "role_name": "Audit",
        "form": "chain",
        "role_arn": AUDIT_ARN,
        "region": None,
        "managed": False,
    }
    assert ask().returncode == 0
    kept = run.data("status")["credentials"]
    assert [(one["role_name"], one.get("chain")) for one in kept] == [
        ("ReadOnlyAccess", None),
        ("ReadOnlyAccess", "jump"),
    ]
    issued = [one for one in run.data("audit") if one["event"] == "issue"]
    assert [(one["chain"], one["role_arn"]) for one in issued] == [(None, None), ("jump", JUMP_ARN)]


@pytest.mark.parametrize("is_asked_for", [False, True])
def test_an_edited_chain_serves_nothing_of_before(chained, ask, is_asked_for):
    """Also if it is edited while its role is assumed."""
    chained.emulator.world.add_iam_role(JUMP_ACCOUNT, "Other", trusts=[SSO_ACCOUNT])
    text = chain("jump", JUMP_ARN.replace("Jump", "Other"), "base")
    if is_asked_for:
        chained.emulator.faults.run_before("AssumeRole", lambda: chained.write(text))
    else:
        assert session_of(chained, ask()).startswith("Jump/")
        chained.write(text)
    assert session_of(chained, ask()).startswith("Other/")
    assert is_asked_for or chained.issued == (1, 2)


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ({"duration_seconds": "3601"}, "STS takes 900 to 3600"),
        ({"mfa_serial": "arn:aws:iam::000030000001:mfa/ana"}, "a device of an IAM user"),
    ],
)
def test_what_sts_refuses_a_chain_is_exit_3_with_the_line(chained, run, ask, keys, what):
    chained.write(chain("jump", JUMP_ARN, "base", **keys))
    for done in (ask(), run("exec", "jump", "--", "true")):
        assert (done.returncode, done.stdout) == (3, "")
        assert what in done.stderr
        assert f"{chained.home.config_file}:15:" in done.stderr
    assert chained.issued == (0, 0)


def test_a_loop_and_a_missing_source_are_exit_3(chained, ask):
    chained.write(
        chain("one", JUMP_ARN, "two") + chain("two", JUMP_ARN, "one") + chain("x", JUMP_ARN, "gone")
    )
    for name, what in (("one", "in a loop: one -> two -> one"), ("x", 'source_profile "gone"')):
        done = ask(name)
        assert (done.returncode, what in done.stderr) == (3, True), done.stderr


def test_a_role_that_does_not_trust_is_exit_5_and_sts_down_is_exit_6(chained, ask):
    chained.write(chain("jump", JUMP_ARN, "base", external_id="wrong-one"))
    chained.emulator.world.add_iam_role(
        JUMP_ACCOUNT, "Jump", trusts=[SSO_ACCOUNT], external_id="right-one"
    )
    denied = ask()
    assert (denied.returncode, denied.stdout) == (5, "")
    assert JUMP_ARN in denied.stderr
    assert len(denied.stderr.splitlines()) == 1
    chained.write(chain("jump", JUMP_ARN, "base", external_id="right-one"))
    chained.emulator.faults.set(down={"AssumeRole": 503})
    down = ask()
    assert (down.returncode, down.stdout) == (6, "")
    chained.emulator.faults.set(down={})
    first = ask()
    assert first.returncode == 0
    # Unexpired credentials are served meanwhile.
    chained.emulator.faults.set(down={"AssumeRole": 503, "GetRoleCredentials": 503})
    again = ask()
    assert (again.returncode, again.stdout) == (0, first.stdout)


def test_an_expired_sign_in_below_is_told_as_that(chained, ask):
    chained.home.write_token(chained.emulator.issue_token("ana", scopes=(), seconds=-60))
    done = ask("audit")
    assert (done.returncode, done.stdout) == (4, "")
    assert "ssohelper login corp" in done.stderr
    assert chained.issued == (0, 0)


def test_a_sign_out_forgets_the_chains_too(chained, run, ask):
    assert ask().returncode == 0
    assert run("logout", "corp").returncode == 0
    assert ask().returncode == 4
    assert not list(chained.home.runtime.rglob("cached.json"))


def test_a_revoked_source_is_renewed_once(chained, ask):
    assert ask("base").returncode == 0
    with chained.emulator.lock:
        chained.emulator.issued.clear()
    answer = ask()
    assert answer.returncode == 0, answer.stderr
    assert chained.issued == (2, 2)


def test_the_launcher_answers_a_hit_of_a_chain(chained, run):
    chained.write("")
    run.ok("profile", "add", "jump", "--assume", JUMP_ARN, "--via", "base", "--yes")
    line = chained.home.config_file.read_text().split("credential_process = ")[1].splitlines()[0]
    argv = line.split()
    assert argv[-2:] == ["--chain", "jump"]
    # Nothing is published under a config that was written less than 2 s ago.
    written_at = time.time() - 60
    os.utime(chained.home.config_file, (written_at, written_at))
    first = run.ok("credential-process", *argv[1:])
    assert chained.issued == (1, 1)
    # Beside no program: only the launcher itself can answer.
    copy = chained.home.path / "alone" / "ssohelper-credentials"
    copy.parent.mkdir()
    copy.write_bytes(LAUNCHER.read_bytes())
    copy.chmod(0o755)
    for name, expected in (("jump", first.stdout), ("other", ""), ("", ""), ("..", "")):
        done = subprocess.run(
            [copy, *argv[1:-1], name], env=chained.home.env, capture_output=True, text=True
        )
        assert done.stdout == expected


@pytest.mark.parametrize("rule", ["*/ReadOnlyAccess", f"{JUMP_ACCOUNT}/Jump"])
def test_guards_are_those_of_each_role_on_the_way(chained, run, ask, rule):
    assert ask().returncode == 0
    assert run("config", "set", "guard.rules", rule).returncode == 0
    for command in (
        ("credential-process", "--profile", "jump"),
        ("exec", "jump", "--", "true"),
        ("env", "jump"),
        ("whoami", "jump"),
        ("exec", "deploy", "--", "true"),
    ):
        done = run(*command)
        assert (done.returncode, rule in done.stderr) == (9, True), done.stderr
        assert f"ssohelper guard grant {'deploy' if 'deploy' in command else 'jump'}" in done.stderr
    assert chained.issued == (1, 1)


def test_the_allow_list_names_each_role_on_the_way(chained, run, ask):
    for allowed, code in (
        ("*/ReadOnlyAccess", 9),
        ("*/Jump", 9),
        ("*/ReadOnlyAccess,*/Jump", 0),
        ("jump", 9),  # a profile's name in the variable stands for no role
    ):
        assert ask(SSOHELPER_ALLOW=allowed).returncode == code
    child = run("exec", "--allow", "jump", "base", "--", "sh", "-c", "echo $SSOHELPER_ALLOW")
    assert child.stdout.strip() == f"corp:{SSO_ACCOUNT}/ReadOnlyAccess,corp:{JUMP_ACCOUNT}/Jump"


def test_add_writes_a_chain_in_process_form_that_sync_never_touches(chained, run, ask):
    chained.write("")
    common = ("--yes", "--json")
    one = run("profile", "add", "low", "--assume", JUMP_ARN, "--via", "base", *common)
    assert data_of(one)["add"] == ["low"]
    run.ok(
        "profile", "add", "high", "--assume", f"arn:aws:iam::{DEPLOY_ACCOUNT}:role/Deploy",
        "--via", "low", "--external-id", "x-1", "--role-session-name", "ana",
        "--duration", "900", "--region", "eu-west-1", *common,
    )  # fmt: skip
    text = chained.home.config_file.read_text()
    command, *keys = text.split("[profile high]\n")[1].splitlines()
    assert "\nrole_arn" not in text
    assert command.endswith(
        f"--session corp --account-id {SSO_ACCOUNT} --role-name ReadOnlyAccess --chain high"
    )
    assert keys == [
        f"ssohelper_role_arn = arn:aws:iam::{DEPLOY_ACCOUNT}:role/Deploy",
        "ssohelper_source_profile = low",
        "ssohelper_external_id = x-1",
        "ssohelper_role_session_name = ana",
        "ssohelper_duration_seconds = 900",
        "region = eu-west-1",
        "ssohelper_managed = true",
    ]
    assert session_of(chained, ask("high")) == "Deploy/ana"
    run.ok("profile", "sync", "--yes", "--rename", "--prune", "--refresh")
    after = chained.home.config_file.read_text()
    for name in ("low", "high"):
        assert text.split(f"[profile {name}]\n")[1].split("[profile")[0].rstrip() in after
    assert run("profile", "rm", "high", "--yes").returncode == 0
    assert "[profile high]" not in chained.home.config_file.read_text()


@pytest.mark.parametrize("form", ["sso", "process"])
def test_rm_says_which_chains_stand_on_the_profile(chained, run, form):
    chained.write("")
    common = ("--yes", "--form", form)
    run("profile", "add", "low", "--assume", JUMP_ARN, "--via", "base", *common)
    run("profile", "add", "high", "--assume", DEPLOY_ARN, "--via", "low", *common)
    said = 'the profile "high" gets its credentials from "low", and cannot be used without it'
    assert said in run("profile", "rm", "low", "--dry-run").stderr
    assert said in run("profile", "rm", "low", "--yes").stderr
    assert run("profile", "undo", "--yes").returncode == 0
    assert said not in run("profile", "rm", "low", "high", "--yes").stderr


def test_add_in_form_sso_writes_what_sdks_follow_themselves(chained, run, ask):
    chained.write("")
    run.ok("profile", "add", *ADD, "--form", "sso", "--yes")
    section = chained.home.config_file.read_text().split("[profile x]\n")[1]
    assert section.splitlines()[:2] == [f"role_arn = {JUMP_ARN}", "source_profile = base"]
    assert ask("x").returncode == 0


@pytest.mark.parametrize(
    ("argv", "what"),
    [
        (ADD[:3], "takes NAME, --assume and --via"),
        (("x", *ADD[3:]), "takes NAME, --assume and --via"),
        (("base", *ADD[1:]), "already exists"),
        (("Static", *ADD[1:]), "already exists"),  # in the credentials file
        (("x", "--assume", "Jump", *ADD[3:]), "not the ARN of a role"),
        ((*ADD, "--duration", "3601"), "900 to 3600"),
        ((*ADD, "--external-id", "a b"), "external_id"),
        ((*ADD, "--role-session-name", "é"), "session_name"),
        ((*ADD[:4], "gone"), "no profile named"),
        (("x", "--assume", CN_ARN, *ADD[3:]), "no role is assumed across partitions"),
        (
            ("x", "--assume", CN_ARN, *ADD[3:], "--region", "cn-north-1"),
            "no role is assumed across partitions",
        ),
    ],
)
def test_a_bad_add_is_exit_2_and_writes_nothing(chained, run, argv, what):
    credentials = chained.home.config_file.with_name("credentials")
    credentials.write_text("[static]\naws_access_key_id = AKIAEXAMPLE\n")
    before = chained.home.config_file.read_bytes()
    done = run("profile", "add", *argv, "--yes")
    assert (done.returncode, what in done.stderr) == (2, True), done.stderr
    assert chained.home.config_file.read_bytes() == before


def test_add_asks_first_and_a_dry_run_writes_nothing(chained, run):
    before = chained.home.config_file.read_bytes()
    shown = run("profile", "add", *ADD, "--dry-run")
    assert (shown.returncode, "+[profile x]" in shown.stdout) == (0, True)
    assert run("profile", "add", *ADD).returncode == 2
    assert chained.home.config_file.read_bytes() == before


def test_the_console_opens_as_the_chains_role_and_the_portal_has_no_link(chained, run):
    done = run("console", "jump", "--print")
    assert (done.returncode, done.stdout) == (2, "")
    chained.home.browser()
    opened = run.ok("console", "jump", "--json")
    data = data_of(opened)
    assert (data["account_id"], data["role_name"], data["link"]) == (JUMP_ACCOUNT, "Jump", None)
    # Across partitions it does not say that it opens.
    chained.write(chain("bad", CN_ARN, "base"))
    done = run("console", "bad")
    assert (done.returncode, done.stdout) == (3, "")
    assert "no role is assumed across partitions" in done.stderr
    assert "opening" not in done.stderr


def test_the_sso_profile_of_the_tests_is_native():
    assert "credential_process" not in SSO_PROFILE
