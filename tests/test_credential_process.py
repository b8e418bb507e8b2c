"""credential-process as an SDK runs it: one JSON line, or an exit code with one line on stderr."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ssohelper.core.instants import from_iso, to_iso
from ssohelper.emulator.server import Emulator
from tests.conftest import SCRIPT, Home
from tests.endpoint.world import wait_for
from tests.long_rows import long_after
from tests.programs import require_program, run_program

ACCOUNT, ROLE = "000030000003", "ReadOnlyAccess"
KEY = ("--session", "corp", "--account-id", ACCOUNT, "--role-name", ROLE)


@pytest.fixture
def signed_in(home, emulator, run) -> Emulator:
    """ana has signed in to "corp" with our own login."""
    home.add_session("corp")
    home.browser()
    assert run("login", "corp").returncode == 0
    emulator.reset_counters()
    return emulator


def response_of(home: Home) -> Path:
    return home.runtime / "credentials" / "corp" / ACCOUNT / ROLE / "response"


def test_the_document_is_what_sdks_read(signed_in, run):
    answer = run("credential-process", *KEY)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.count("\n") == 1
    document = json.loads(answer.stdout)
    keys = "Version AccessKeyId SecretAccessKey SessionToken Expiration AccountId"
    assert " ".join(document) == keys
    assert (document["Version"], document["AccountId"]) == (1, ACCOUNT)
    assert from_iso(document["Expiration"]) > time.time() + 1800
    assert document["Expiration"].endswith("Z")


@pytest.mark.parametrize(("role_life", "ahead"), long_after(1, [(1200, 600), (28800, 1800)]))
def test_a_hit_sends_no_request_until_half_of_the_lifetime(home, signed_in, run, role_life, ahead):
    """Half of the credentials' lifetime, or of the access token's hour if that is sooner."""
    signed_in.faults.set(role_credentials_seconds=role_life)
    first = run("credential-process", *KEY)
    document = response_of(home)
    assert abs(document.stat().st_mtime - time.time() - ahead) < 60
    assert document.stat().st_mode & 0o777 == 0o600
    signed_in.stop()  # the emulator answers no request any more
    before = sorted(home.path.rglob("*"))
    assert run("credential-process", *KEY).stdout == first.stdout
    assert sorted(home.path.rglob("*")) == before


def test_stdin_is_not_read(home, signed_in):
    script = f'"{SCRIPT}" credential-process {" ".join(KEY)} >/dev/null && cat'
    assert run_program(["sh", "-c", script], home.env, input="the rest\n").stdout == "the rest\n"


def test_arguments_may_be_a_profile_or_in_any_order(home, signed_in, run):
    keys = f"sso_session = corp\nsso_account_id = {ACCOUNT}\nsso_role_name = {ROLE}\n"
    home.write_config(f"{home.config_file.read_text()}[profile ro]\n{keys}")
    answers = [
        run("credential-process", "--profile", "ro"),
        run("credential-process", *KEY[2:], *KEY[:2]),
        run("credential-process", f"--session={KEY[1]}", *KEY[2:]),
    ]
    assert [answer.returncode for answer in answers] == [0, 0, 0]
    assert len({answer.stdout for answer in answers}) == 1
    assert signed_in.counters["GetRoleCredentials"] == 1


def test_forty_at_once_on_an_expired_token_renew_once(home, emulator):
    home.add_session("corp")
    emulator.faults.rotation = "strict"
    seed_token(home, emulator, expires_in=-5)
    emulator.reset_counters()
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda _: credential_process(home), range(40)))
    assert [answer.stderr for answer in answers if answer.returncode] == []
    assert len({answer.stdout for answer in answers}) == 1
    assert emulator.counters["CreateToken.refresh_token"] == 1
    assert emulator.counters["GetRoleCredentials"] == 1


def test_expired_credentials_are_never_served(home, signed_in, run):
    run("credential-process", *KEY)
    make_old(home, left=-1, life=3600)
    signed_in.stop()
    answer = run("credential-process", *KEY)
    assert (answer.returncode, answer.stdout) == (6, "")


def test_after_half_of_their_lifetime_they_are_renewed_in_the_background(home, signed_in, run):
    first = run("credential-process", *KEY)
    make_old(home, left=1700, life=3600)
    # The renewal waits until all callers are answered, so each gets the earlier credentials.
    go_on = threading.Event()
    signed_in.faults.run_before("GetRoleCredentials", lambda: go_on.wait(60))
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: credential_process(home), range(20)))
    go_on.set()
    old = json.loads(first.stdout)["AccessKeyId"]
    assert [json.loads(answer.stdout)["AccessKeyId"] for answer in answers] == [old] * 20
    wait_for(lambda: response_of(home).stat().st_mtime > time.time() + 600)
    assert signed_in.counters["GetRoleCredentials"] == 2
    again = run("credential-process", *KEY)
    assert json.loads(again.stdout)["AccessKeyId"] != json.loads(first.stdout)["AccessKeyId"]
    assert signed_in.counters["GetRoleCredentials"] == 2


def test_the_background_renewal_holds_no_stream_and_can_be_disabled(home, signed_in, run):
    run("credential-process", *KEY)
    make_old(home, left=1700, life=3600)
    assert run("config", "set", "renew_ahead", "false").returncode == 0
    assert run("credential-process", *KEY).returncode == 0
    assert run("config", "set", "renew_ahead", "true").returncode == 0
    # AWS hangs: the caller must not, nor a process that reads its stdout to the end.
    signed_in.faults.hang("GetRoleCredentials", times=9)
    begun = time.monotonic()
    assert run("credential-process", *KEY).returncode == 0
    assert time.monotonic() - begun < 8
    assert signed_in.counters["GetRoleCredentials"] <= 2


def test_the_deadline_includes_the_start_of_the_process(home):
    code = "import ssohelper.fastpath.miss as miss; print(miss._measure_start_up_seconds(0))"
    script = ["/bin/sh", "-c", 'sleep 1; exec "$@"', "sh", sys.executable, "-c", code]
    found = float(run_program(script, home.env).stdout)
    # Zero: it took so long that it counts as another program's process.
    assert found == 0 or found >= 1


def test_a_token_after_half_of_its_lifetime_is_renewed_in_the_background(home, emulator):
    home.add_session("corp")
    seed_token(home, emulator, expires_in=1700)
    # Requested with a token past half of its lifetime.
    assert credential_process(home).returncode == 0
    emulator.reset_counters()
    assert credential_process(home).returncode == 0
    wait_for(lambda: emulator.counters["CreateToken.refresh_token"] == 1)

    def is_published_for_longer() -> bool:
        """Wait out the 30 s for which a due response is published, and call again."""
        os.utime(response_of(home), (time.time() - 1,) * 2)
        assert credential_process(home).returncode == 0
        return response_of(home).stat().st_mtime > time.time() + 600

    wait_for(is_published_for_longer)
    assert emulator.counters["CreateToken.refresh_token"] == 1
    assert emulator.counters["GetRoleCredentials"] == 0


@pytest.mark.parametrize("hours", [8, -8])
def test_credentials_expire_by_awss_clock(home, emulator, run, hours):
    """Our clock is eight hours off: one answer, served for half of its true lifetime."""
    emulator.faults.set(clock_offset_seconds=hours * 3610, role_credentials_seconds=900)
    home.add_session("corp")
    seed_token(home, emulator, expires_in=3600)
    first = run.ok("credential-process", *KEY)
    assert f"this machine's clock is {abs(hours)}h" in first.stderr
    assert abs(response_of(home).stat().st_mtime - time.time() - 450) < 60
    again = run("credential-process", *KEY)
    assert (again.stdout, again.stderr) == (first.stdout, "")
    assert emulator.counters["GetRoleCredentials"] == 1
    for command in (("status",), ("cache", "list")):
        # 900 s, less what the test took; a Date has whole seconds.
        assert re.search(rf"{ROLE}\t1[345]m", run(*command).stdout), command


def test_setting_the_clock_back_changes_no_answer(home, signed_in, run):
    """The time left is counted in uptime seconds, and no request is sent."""
    require_program("faketime")
    run("credential-process", *KEY)
    asked = signed_in.counters["GetRoleCredentials"]
    env = {**home.env, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
    faked = ["faketime", "-f", "-600s", SCRIPT, "credential-process", *KEY]
    answer = run_program(faked, env)
    assert answer.returncode == 0, answer.stderr
    assert signed_in.counters["GetRoleCredentials"] == asked


def test_a_session_revoked_at_aws_is_exit_4_with_one_request(home, signed_in, run):
    signed_in.end_sign_ins("ana")
    answers = [run("credential-process", *KEY) for _ in range(3)]
    assert {answer.returncode for answer in answers} == {4}
    assert {answer.stdout for answer in answers} == {""}
    assert all("ssohelper login corp" in answer.stderr for answer in answers)
    assert all(answer.stderr.count("\n") == 1 for answer in answers)
    # The failure is shared for 30 s: one try each, not three.
    assert signed_in.counters["GetRoleCredentials"] == 1
    assert signed_in.counters["CreateToken"] <= 1


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (KEY, 4),
        *(((), 2), (("--session", "corp"), 2), (("--profile", "a", *KEY), 2), (("--nonsense",), 2)),
        *((("--session", name, *KEY[2:]), 3) for name in ("nope", "../x")),
        (("--session", "", *KEY[2:]), 2),
        *(((*KEY[:3], account, *KEY[4:]), 3) for account in ("12345678901２", "1234")),
        *(((*KEY[:5], role), 3) for role in ("../../x", "..", "a\nb", "x" * 5000)),
        *((("--profile", name), 2) for name in ("nope", "a\x1b[31mb")),
    ],
)
def test_bad_arguments_and_a_missing_sign_in(home, emulator, run, argv, code):
    home.add_session("corp")
    answer = run("credential-process", *argv)
    assert answer.returncode == code, answer.stderr
    assert answer.stdout == ""
    assert answer.stderr.startswith("ssohelper: error: ")
    assert answer.stderr.count("\n") == 1 or code != 4
    assert "Traceback" not in answer.stderr
    assert "\x1b" not in answer.stderr


def test_a_closed_or_full_stdout_is_exit_7(home, signed_in):
    command = f'exec "{SCRIPT}" credential-process {" ".join(KEY)}'
    for redirection in (">/dev/full", ">&-"):
        for _hit_or_miss in range(2):
            answer = run_program(["sh", "-c", f"{command} {redirection}"], home.env)
            assert answer.returncode == 7, (redirection, answer.stderr)
            assert answer.stderr.count("\n") == 1
    # Once, the next file that was opened became stdout, and the credentials were written to it.
    files = [path for path in home.runtime.rglob("*") if path.is_file()]
    holders = [path for path in files if b"CNRYSAK" in path.read_bytes()]
    assert {path.parts[-5] for path in holders} <= {"credentials"}


def test_botocore_reads_the_process_form(home, signed_in):
    line = f"credential_process = {SCRIPT} credential-process {' '.join(KEY)}\n"
    home.write_config(f"{home.config_file.read_text()}[profile ro]\n{line}region = us-east-1\n")
    session = "import boto3; session = boto3.Session(profile_name='ro')\n"
    code = f"{session}print(session.client('sts').get_caller_identity()['Arn'])"
    answer = run_program([sys.executable, "-c", code], home.env)
    assert f":assumed-role/AWSReservedSSO_{ROLE}_" in answer.stdout, answer.stderr


# -- running credential-process, and preparing its token ---------------------------------------


def credential_process(home: Home) -> "subprocess.CompletedProcess[str]":
    return run_program([SCRIPT, "credential-process", *KEY], home.env)


def seed_token(home: Home, emulator: Emulator, *, expires_in: int) -> None:
    token = emulator.issue_token("ana")
    home.write_token({**token, "expiresAt": to_iso(int(time.time()) + expires_in)})


def make_old(home: Home, *, left: int, life: int) -> None:
    """Date the cached credentials back, as if time had passed: `left` seconds remain."""
    now = int(time.time())
    kept = home.runtime / "credentials" / "corp" / ACCOUNT / ROLE / "cached.json"
    content = json.loads(kept.read_text())
    content["expires_at"], content["received_at"] = now + left, now + left - life
    kept.write_text(json.dumps(content))
    os.utime(response_of(home), (now - 1, now - 1))


def test_a_token_file_that_was_open_to_others_is_named_once(home, signed_in, run):
    """The broker, which has no stderr of its own, sets the mode of the file."""
    found = home.token_folder.glob("*.json")
    [token] = [path for path in found if "accessToken" in path.read_text()]
    token.chmod(0o666)
    said = f'ssohelper: warning: "{token}" was open to other users: now it is not\n'
    for account, stderr in ((ACCOUNT, said), ("000030000001", "")):
        done = run("credential-process", *KEY[:3], account, *KEY[4:])
        assert (done.returncode, done.stderr) == (0, stderr)
    assert token.stat().st_mode & 0o777 == 0o600
