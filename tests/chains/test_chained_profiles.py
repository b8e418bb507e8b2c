"""Profiles on top of SSO roles, with the real program and the emulator's STS."""

import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ssohelper.emulator.server import Emulator
from tests.chains.conftest import (
    AUDIT_ARN,
    DEPLOY_ACCOUNT,
    DEPLOY_ARN,
    JUMP_ACCOUNT,
    JUMP_ARN,
    SSO_ACCOUNT,
    SSO_PROFILE,
    chain,
)

LAUNCHER = str(Path(__file__).resolve().parents[2] / "shell" / "ssohelper-credentials")


def arn_of(emulator: Emulator, text: str) -> str:
    found = emulator.issued.get(json.loads(text)["AccessKeyId"])
    assert found is not None
    return found.arn


def test_three_levels_give_the_role_at_the_end_and_one_call_each(chained, run):
    answer = run("credential-process", "--profile", "audit")
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["AccountId"] == DEPLOY_ACCOUNT
    assert arn_of(chained.emulator, answer.stdout).endswith(":assumed-role/Audit/ssohelper")
    assert chained.issued == (1, 3)
    again = run("credential-process", "--profile", "audit")
    assert again.stdout == answer.stdout
    assert run("credential-process", "--profile", "deploy").returncode == 0
    assert chained.issued == (1, 3)


def test_many_processes_at_once_share_one_call_for_each_level(chained, run):
    with ThreadPoolExecutor(12) as pool:
        answers = list(
            pool.map(lambda _: run("credential-process", "--profile", "audit"), range(12))
        )
    assert {answer.returncode for answer in answers} == {0}
    assert len({answer.stdout for answer in answers}) == 1
    assert chained.issued == (1, 3)


def test_exec_env_and_whoami_take_a_chain_as_any_other(chained, run):
    done = run("exec", "audit", "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID $AWS_ACCOUNT_ID")
    assert done.returncode == 0, done.stderr
    assert f'account {DEPLOY_ACCOUNT}, role "Audit": these keys end in ' in done.stderr
    key_id, account = done.stdout.split()
    found = chained.emulator.issued.get(key_id)
    assert found is not None
    assert (found.role_name, account) == ("Audit", DEPLOY_ACCOUNT)
    who = json.loads(run("whoami", "audit", "--json").stdout)["data"]
    assert (who["account_id"], who["role_name"], who["confirmed"]) == (
        DEPLOY_ACCOUNT,
        "Audit",
        True,
    )
    shown = json.loads(run("env", "audit", "--format", "json").stdout)
    assert shown["AWS_ACCESS_KEY_ID"] == key_id
    assert chained.issued == (1, 3)


def test_use_names_the_profile_and_the_prompt_shows_it(chained, run):
    done = run("use", "audit", env={"_SSOHELPER_SHELL": "bash"})
    assert done.returncode == 0, done.stderr
    assert "AWS_PROFILE=audit" in done.stdout or "AWS_PROFILE='audit'" in done.stdout
    assert f'account {DEPLOY_ACCOUNT}, role "Audit"' in done.stderr
    prompt = run(
        "prompt", "--format", "{profile} {account_id} {role}", env={"AWS_PROFILE": "audit"}
    )
    assert prompt.stdout.strip() == f"audit {DEPLOY_ACCOUNT} Audit"


def test_lists_show_a_chain_with_its_role(chained, run):
    rows = json.loads(run("profile", "list", "--json").stdout)["data"]
    audit = next(row for row in rows if row["name"] == "audit")
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
    assert run("credential-process", "--profile", "jump").returncode == 0
    kept = json.loads(run("status", "--json").stdout)["data"]["credentials"]
    assert [(one["role_name"], one.get("chain")) for one in kept] == [
        ("ReadOnlyAccess", None),
        ("ReadOnlyAccess", "jump"),
    ]
    lines = json.loads(run("audit", "--json").stdout)["data"]
    issued = [one for one in lines if one["event"] == "issue"]
    assert [(one["chain"], one["role_arn"]) for one in issued] == [(None, None), ("jump", JUMP_ARN)]


def test_tab_offers_chains(chained, run):
    offered = run("completion", "--words", "bash", "ssohelper", "exec", "")
    assert offered.returncode in (0, 2)
    # The index that TAB reads has the chain, with its session.
    from ssohelper.app import App

    app = App(chained.home.env)
    index = app.name_index.load(lambda: app.config)
    assert [(one.name, one.session_name, one.has_role) for one in index.profiles] == [
        (name, "corp", True) for name in ("base", "jump", "deploy", "audit")
    ]


def test_an_edited_chain_serves_nothing_of_before(chained, run):
    first = run("credential-process", "--profile", "jump")
    chained.emulator.world.add_iam_role(JUMP_ACCOUNT, "Other", trusts=[SSO_ACCOUNT])
    chained.write(chain("jump", JUMP_ARN.replace("Jump", "Other"), "base"))
    second = run("credential-process", "--profile", "jump")
    assert second.returncode == 0, second.stderr
    assert arn_of(chained.emulator, first.stdout).split("/")[1] == "Jump"
    assert arn_of(chained.emulator, second.stdout).split("/")[1] == "Other"
    assert chained.issued == (1, 2)


def test_a_chain_that_is_edited_while_it_is_asked_for_gives_the_new_role(chained, run):
    world = chained.emulator.world
    world.add_iam_role(JUMP_ACCOUNT, "Other", trusts=[SSO_ACCOUNT])
    text = chain("jump", JUMP_ARN.replace("Jump", "Other"), "base")
    chained.emulator.faults.run_before("AssumeRole", lambda: chained.write(text))
    answer = run("credential-process", "--profile", "jump")
    assert answer.returncode == 0, answer.stderr
    assert arn_of(chained.emulator, answer.stdout).split("/")[1] == "Other"


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ({"duration_seconds": "3601"}, "STS takes 900 to 3600"),
        ({"mfa_serial": "arn:aws:iam::000030000001:mfa/ana"}, "a device of an IAM user"),
    ],
)
def test_what_sts_refuses_a_chain_is_exit_3_with_the_line(chained, run, keys, what):
    chained.write(chain("jump", JUMP_ARN, "base", **keys))
    for command in (("credential-process", "--profile", "jump"), ("exec", "jump", "--", "true")):
        done = run(*command)
        assert (done.returncode, done.stdout) == (3, "")
        assert what in done.stderr
        assert f"{chained.home.config_file}:15:" in done.stderr
    assert chained.issued == (0, 0)


def test_a_loop_and_a_missing_source_are_exit_3(chained, run):
    chained.write(
        chain("one", JUMP_ARN, "two") + chain("two", JUMP_ARN, "one") + chain("x", JUMP_ARN, "gone")
    )
    loop = run("credential-process", "--profile", "one")
    assert loop.returncode == 3
    assert "in a loop: one -> two -> one" in loop.stderr
    missing = run("credential-process", "--profile", "x")
    assert missing.returncode == 3
    assert 'source_profile "gone"' in missing.stderr


def test_a_role_that_does_not_trust_is_exit_5_and_sts_down_is_exit_6(chained, run):
    chained.write(chain("jump", JUMP_ARN, "base", external_id="wrong-one"))
    chained.emulator.world.add_iam_role(
        JUMP_ACCOUNT, "Jump", trusts=[SSO_ACCOUNT], external_id="right-one"
    )
    denied = run("credential-process", "--profile", "jump")
    assert (denied.returncode, denied.stdout) == (5, "")
    assert JUMP_ARN in denied.stderr
    assert len(denied.stderr.splitlines()) == 1
    chained.write(chain("jump", JUMP_ARN, "base", external_id="right-one"))
    chained.emulator.faults.set(down={"AssumeRole": 503})
    down = run("credential-process", "--profile", "jump")
    assert (down.returncode, down.stdout) == (6, "")
    chained.emulator.faults.set(down={})
    assert run("credential-process", "--profile", "jump").returncode == 0


def test_unexpired_credentials_of_a_chain_are_served_while_sts_is_down(chained, run):
    first = run("credential-process", "--profile", "jump")
    chained.emulator.faults.set(down={"AssumeRole": 503, "GetRoleCredentials": 503})
    again = run("credential-process", "--profile", "jump")
    assert (again.returncode, again.stdout) == (0, first.stdout)


def test_an_expired_sign_in_below_is_told_as_that(chained, run):
    chained.home.write_token(chained.emulator.issue_token("ana", scopes=(), seconds=-60))
    done = run("credential-process", "--profile", "audit")
    assert (done.returncode, done.stdout) == (4, "")
    assert "ssohelper login corp" in done.stderr
    assert chained.issued == (0, 0)


def test_a_sign_out_forgets_the_chains_too(chained, run):
    assert run("credential-process", "--profile", "jump").returncode == 0
    assert run("logout", "corp").returncode == 0
    assert run("credential-process", "--profile", "jump").returncode == 4
    assert not list(chained.home.runtime.rglob("cached.json"))


def test_a_revoked_source_is_renewed_once(chained, run):
    assert run("credential-process", "--profile", "base").returncode == 0
    with chained.emulator.lock:
        chained.emulator.issued.clear()
    answer = run("credential-process", "--profile", "jump")
    assert answer.returncode == 0, answer.stderr
    assert chained.issued == (2, 2)


def test_the_launcher_answers_a_hit_of_a_chain(chained, run):
    chained.write("")
    added = run("profile", "add", "jump", "--assume", JUMP_ARN, "--via", "base", "--yes")
    assert added.returncode == 0, added.stderr
    line = chained.home.config_file.read_text().split("credential_process = ")[1].splitlines()[0]
    argv = line.split()
    assert argv[-2:] == ["--chain", "jump"]
    # Nothing is published under a config that was written less than 2 s ago.
    written_at = time.time() - 60
    os.utime(chained.home.config_file, (written_at, written_at))
    first = run("credential-process", *argv[1:])
    assert first.returncode == 0, first.stderr
    assert chained.issued == (1, 1)
    # Beside no program: only the launcher itself can answer.
    alone = chained.home.path / "alone"
    alone.mkdir()
    copy = alone / "ssohelper-credentials"
    copy.write_bytes(Path(LAUNCHER).read_bytes())
    copy.chmod(0o755)
    hit = subprocess.run(
        [str(copy), *argv[1:]], env=chained.home.env, capture_output=True, text=True, check=False
    )
    assert hit.stdout == first.stdout
    for other in (["--chain", "other"], ["--chain", ""], ["--chain", ".."]):
        miss = subprocess.run(
            [str(copy), *argv[1:-2], *other], env=chained.home.env, capture_output=True, check=False
        )
        assert miss.stdout == b""


@pytest.mark.parametrize("rule", ["*/ReadOnlyAccess", f"{JUMP_ACCOUNT}/Jump"])
def test_guards_are_those_of_each_role_on_the_way(chained, run, rule):
    assert run("credential-process", "--profile", "jump").returncode == 0
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


def test_the_allow_list_names_each_role_on_the_way(chained, run):
    def ask(allowed: str) -> int:
        return run(
            "credential-process", "--profile", "jump", env={"SSOHELPER_ALLOW": allowed}
        ).returncode

    assert ask("*/ReadOnlyAccess") == 9
    assert ask("*/Jump") == 9
    assert ask("*/ReadOnlyAccess,*/Jump") == 0
    assert ask("jump") == 9  # a profile's name in the variable stands for no role
    child = run("exec", "--allow", "jump", "base", "--", "sh", "-c", "echo $SSOHELPER_ALLOW")
    assert child.stdout.strip() == f"corp:{SSO_ACCOUNT}/ReadOnlyAccess,corp:{JUMP_ACCOUNT}/Jump"


def test_add_writes_a_chain_in_process_form_that_sync_never_touches(chained, run):
    chained.write("")
    common = ("--yes", "--json")
    one = run("profile", "add", "low", "--assume", JUMP_ARN, "--via", "base", *common)
    assert json.loads(one.stdout)["data"]["add"] == ["low"]
    two = run(
        "profile", "add", "high", "--assume", f"arn:aws:iam::{DEPLOY_ACCOUNT}:role/Deploy",
        "--via", "low", "--external-id", "x-1", "--role-session-name", "ana",
        "--duration", "900", "--region", "eu-west-1", *common,
    )  # fmt: skip
    assert two.returncode == 0, two.stderr
    text = chained.home.config_file.read_text()
    high = text.split("[profile high]\n")[1]
    assert "\nrole_arn" not in text
    assert high.splitlines()[0].endswith(
        f"--session corp --account-id {SSO_ACCOUNT} --role-name ReadOnlyAccess --chain high"
    )
    assert high.splitlines()[1:] == [
        f"ssohelper_role_arn = arn:aws:iam::{DEPLOY_ACCOUNT}:role/Deploy",
        "ssohelper_source_profile = low",
        "ssohelper_external_id = x-1",
        "ssohelper_role_session_name = ana",
        "ssohelper_duration_seconds = 900",
        "region = eu-west-1",
        "ssohelper_managed = true",
    ]
    done = run("credential-process", "--profile", "high")
    assert done.returncode == 0, done.stderr
    assert arn_of(chained.emulator, done.stdout).endswith("assumed-role/Deploy/ana")
    synced = run("profile", "sync", "--yes", "--rename", "--prune", "--refresh")
    assert synced.returncode == 0, synced.stderr
    after = chained.home.config_file.read_text()
    for name in ("low", "high"):
        section = text.split(f"[profile {name}]\n")[1].split("[profile")[0].rstrip()
        assert section in after
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


def test_a_console_across_partitions_does_not_say_that_it_opens(chained, run):
    chained.write(chain("bad", JUMP_ARN.replace("arn:aws:", "arn:aws-cn:"), "base"))
    chained.home.browser()
    done = run("console", "bad")
    assert (done.returncode, done.stdout) == (3, "")
    assert "no role is assumed across partitions" in done.stderr
    assert "opening" not in done.stderr


def test_add_in_form_sso_writes_what_sdks_follow_themselves(chained, run):
    chained.write("")
    done = run(
        "profile", "add", "low", "--assume", JUMP_ARN, "--via", "base", "--form", "sso", "--yes"
    )
    assert done.returncode == 0, done.stderr
    section = chained.home.config_file.read_text().split("[profile low]\n")[1]
    assert section.splitlines()[:2] == [f"role_arn = {JUMP_ARN}", "source_profile = base"]
    assert run("credential-process", "--profile", "low").returncode == 0


@pytest.mark.parametrize(
    ("argv", "what"),
    [
        (("x", "--assume", JUMP_ARN), "takes NAME, --assume and --via"),
        (("x", "--via", "base"), "takes NAME, --assume and --via"),
        (("base", "--assume", JUMP_ARN, "--via", "base"), "already exists"),
        (("x", "--assume", "Jump", "--via", "base"), "not the ARN of a role"),
        (("x", "--assume", JUMP_ARN, "--via", "base", "--duration", "3601"), "900 to 3600"),
        (("x", "--assume", JUMP_ARN, "--via", "base", "--external-id", "a b"), "external_id"),
        (("x", "--assume", JUMP_ARN, "--via", "base", "--role-session-name", "é"), "session_name"),
        (("x", "--assume", JUMP_ARN, "--via", "gone"), "no profile named"),
        (
            ("x", "--assume", JUMP_ARN.replace("arn:aws:", "arn:aws-cn:"), "--via", "base"),
            "no role is assumed across partitions",
        ),
        (
            (
                *("x", "--assume", JUMP_ARN.replace("arn:aws:", "arn:aws-cn:"), "--via", "base"),
                *("--region", "cn-north-1"),
            ),
            "no role is assumed across partitions",
        ),
    ],
)
def test_a_bad_add_is_exit_2_and_writes_nothing(chained, run, argv, what):
    before = chained.home.config_file.read_bytes()
    done = run("profile", "add", *argv, "--yes")
    assert (done.returncode, what in done.stderr) == (2, True), done.stderr
    assert chained.home.config_file.read_bytes() == before


def test_add_takes_no_name_of_the_credentials_file(chained, run):
    credentials = chained.home.config_file.with_name("credentials")
    credentials.write_text("[static]\naws_access_key_id = AKIAEXAMPLE\n")
    before = chained.home.config_file.read_bytes()
    done = run("profile", "add", "Static", "--assume", JUMP_ARN, "--via", "base", "--yes")
    assert (done.returncode, "already exists" in done.stderr) == (2, True), done.stderr
    assert chained.home.config_file.read_bytes() == before


def test_add_asks_first_and_a_dry_run_writes_nothing(chained, run):
    before = chained.home.config_file.read_bytes()
    argv = ("profile", "add", "x", "--assume", JUMP_ARN, "--via", "base")
    shown = run(*argv, "--dry-run")
    assert shown.returncode == 0
    assert "+[profile x]" in shown.stdout
    assert run(*argv).returncode == 2
    assert chained.home.config_file.read_bytes() == before


def test_the_console_opens_as_the_chains_role_and_the_portal_has_no_link(chained, run):
    done = run("console", "jump", "--print")
    assert (done.returncode, done.stdout) == (2, "")
    chained.home.browser()
    opened = run("console", "jump", "--json")
    assert opened.returncode == 0, opened.stderr
    data = json.loads(opened.stdout)["data"]
    assert (data["account_id"], data["role_name"], data["link"]) == (JUMP_ACCOUNT, "Jump", None)


def test_the_sso_profile_of_the_tests_is_native():
    assert "credential_process" not in SSO_PROFILE
