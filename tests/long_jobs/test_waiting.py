"""`wait_for_sign_in` and `exec --hold`: a call waits for a person in place of exit code 4."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SCRIPT
from tests.long_jobs.world import ROLE, Job, arguments, wait_for

WAITS = (SCRIPT, "credential-process", *arguments())
BY_NAME = (SCRIPT, "credential-process", "--profile", "job")


@pytest.fixture(autouse=True)
def _waits(job: Job) -> None:
    job.settings(wait_for_sign_in='"1h"')


class Waiting:
    """A program of ours that waits: what it has said on stderr goes to a file."""

    def __init__(self, job: Job, *argv: str, **env: str) -> None:
        self._err = job.home.path / f"err-{os.urandom(4).hex()}"
        with self._err.open("wb") as err:
            self.process = subprocess.Popen(
                argv or WAITS,
                env={**job.home.env, **env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=err,
                cwd=job.home.path,
            )

    def said(self) -> str:
        return self._err.read_text()

    def begins(self) -> "Waiting":
        """Wait until it waits."""
        wait_for(lambda: "waiting up to" in self.said() or self.process.poll() is not None)
        assert self.process.poll() is None, self.said()
        return self

    def ends(self) -> tuple[int, str]:
        """Return exit code and stdout."""
        out, _ = self.process.communicate(timeout=60)
        return self.process.returncode, out.decode()


@pytest.mark.parametrize("argv", [WAITS, BY_NAME], ids=["by the broker", "by name"])
def test_a_call_waits_for_a_login_in_another_shell(job: Job, argv: tuple[str, ...]) -> None:
    waiting = Waiting(job, *argv).begins()
    assert waiting.said() == (
        'ssohelper: notice: waiting up to 1h for a sign-in to "corp": ssohelper login corp\n'
    )
    job.log_in()
    code, out = waiting.ends()
    assert code == 0
    assert job.emulator.identity_of(json.loads(out)["AccessKeyId"])
    assert waiting.said().count("\n") == 1


def test_another_tool_s_sign_in_counts(job: Job) -> None:
    waiting = Waiting(job).begins()
    job.write_token()
    assert waiting.ends()[0] == 0


def test_a_file_that_is_no_sign_in_is_waited_through(job: Job) -> None:
    waiting = Waiting(job).begins()
    path = job.home.write_token({**job.emulator.token_for("ana"), "accessToken": "dead"})
    asked = job.emulator.counters["GetRoleCredentials"]
    wait_for(lambda: job.emulator.counters["GetRoleCredentials"] > asked)
    assert waiting.process.poll() is None
    path.unlink()
    job.log_in()
    assert waiting.ends()[0] == 0


def test_it_is_told_once_for_all_that_wait(job: Job) -> None:
    waiting = [Waiting(job).begins() for _ in range(3)]
    wait_for(job.told)
    job.log_in()
    assert [each.ends()[0] for each in waiting] == [0] * 3
    [told] = job.told()
    assert told.message.startswith('"corp" is signed out')
    assert (told.session, told.at, told.command) == ("corp", "", "ssohelper login corp")


def test_the_next_sign_out_is_told_again(job: Job) -> None:
    for number in (1, 2):
        waiting = Waiting(job).begins()
        wait_for(lambda number=number: len(job.told()) == number)
        job.log_in()
        assert waiting.ends()[0] == 0
        job.output(SCRIPT, "logout", "corp")


def test_a_crowd_that_waits_makes_one_role_call(job: Job) -> None:
    waiting = [Waiting(job) for _ in range(40)]
    for each in waiting:
        each.begins()
    job.log_in()
    assert [each.ends()[0] for each in waiting] == [0] * 40
    # One for the crowd, one by which the login asked who had signed in.
    assert job.emulator.counters["GetRoleCredentials"] == 2


def test_no_broker_lives_as_long_as_a_call_waits(job: Job) -> None:
    waiting = Waiting(job).begins()
    brokers = job.home.runtime / "brokers"
    assert [path for path in brokers.iterdir() if path.is_socket()]
    wait_for(lambda: not [path for path in brokers.iterdir() if path.is_socket()])
    assert waiting.process.poll() is None
    job.log_in()
    assert waiting.ends()[0] == 0


@pytest.mark.parametrize("argv", [WAITS, BY_NAME], ids=["by the broker", "by name"])
@pytest.mark.parametrize(
    ("number", "codes"), [(signal.SIGTERM, (-15, 143)), (signal.SIGINT, (-2, 130))]
)
def test_a_signal_ends_the_wait_at_once(
    job: Job, argv: tuple[str, ...], number: signal.Signals, codes: tuple[int, int]
) -> None:
    waiting = Waiting(job, *argv).begins()
    waiting.process.send_signal(number)
    code, out = waiting.ends()
    assert code in codes
    assert out == ""
    assert "Traceback" not in waiting.said()


@pytest.mark.parametrize("argv", [WAITS, BY_NAME], ids=["by the broker", "by name"])
def test_after_the_time_it_is_exit_4(job: Job, argv: tuple[str, ...]) -> None:
    job.settings(wait_for_sign_in='"1s"')
    code, out = Waiting(job, *argv).ends()
    assert (code, out) == (4, "")


def test_only_a_missing_sign_in_is_waited_for(job: Job) -> None:
    job.write_token()
    job.emulator.stop()
    waiting = Waiting(job)
    assert waiting.ends() == (6, "")
    assert "waiting" not in waiting.said()
    job.emulator.start()
    job.write_token()
    assert job.ask(account="999999999999").returncode == 5


def test_a_session_s_own_setting_wins(job: Job) -> None:
    job.settings(**{"sessions.corp.wait_for_sign_in": '"0"'})
    assert job.ask().returncode == 4


def test_the_end_of_the_sdk_ends_the_wait(job: Job) -> None:
    waiting = Waiting(job).begins()
    assert waiting.process.stdout
    waiting.process.stdout.close()
    assert waiting.process.wait(60) == 4


def test_the_end_of_an_sdk_that_reads_a_socket_ends_the_wait(job: Job) -> None:
    """Node gives its children sockets in place of pipes."""
    ours, theirs = socket.socketpair()
    err = job.home.path / "err"
    with ours, theirs, err.open("wb") as said:
        program = subprocess.Popen(
            WAITS,
            env=job.home.env,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=said,
            cwd=job.home.path,
        )
        theirs.close()
        wait_for(lambda: "waiting up to" in err.read_text())
        ours.close()
        assert program.wait(60) == 4


def test_a_boto3_job_goes_on_after_a_login(job: Job) -> None:
    job.emulator.faults.token_seconds = 3
    job.emulator.faults.role_credentials_seconds = 15
    job.sign_in()
    program = job.start()
    assert program.stdout
    try:
        assert ROLE in program.stdout.readline()
        job.emulator.revoke_session("ana")
        wait_for(lambda: any("is over" in told.message for told in job.told()))
        asked = job.emulator.counters["GetRoleCredentials"]
        job.log_in()
        wait_for(lambda: job.emulator.counters["GetRoleCredentials"] > asked)
        assert ROLE in program.stdout.readline()
    finally:
        program.kill()
        program.communicate()


def test_exec_hold_waits_and_passes_it_on(job: Job) -> None:
    job.settings(wait_for_sign_in='"0"')
    show = 'echo "$SSOHELPER_WAIT_FOR_SIGN_IN $AWS_ACCESS_KEY_ID"'
    waiting = Waiting(job, SCRIPT, "exec", "--hold", "job", "--", "sh", "-c", show).begins()
    assert "waiting up to 12h" in waiting.said()
    job.log_in()
    code, out = waiting.ends()
    assert code == 0
    wait, key_id = out.split()
    assert wait == "12h"
    assert job.emulator.identity_of(key_id)


def test_what_runs_below_exec_hold_waits_too(job: Job) -> None:
    job.settings(wait_for_sign_in='"0"')
    job.sign_in()
    done = job.home.path / "signed-out"
    script = f"{SCRIPT} logout corp && touch {done} && {' '.join(WAITS)}"
    waiting = Waiting(job, SCRIPT, "exec", "--hold", "job", "--", "sh", "-c", script)
    wait_for(done.exists)
    waiting.begins()
    job.log_in()
    code, out = waiting.ends()
    assert code == 0
    assert '"AccessKeyId"' in out


def test_without_hold_exec_fails_at_once(job: Job) -> None:
    waiting = Waiting(job, SCRIPT, "exec", "job", "--", "true")
    assert waiting.ends()[0] == 4
    assert "waiting" not in waiting.said()


def test_exec_hold_with_a_server_waits_before_it_starts(job: Job) -> None:
    ask = "import boto3; print(boto3.Session().client('sts').get_caller_identity()['Arn'])"
    words = ("exec", "--hold", "--server", "job", "--", sys.executable, "-c", ask)
    waiting = Waiting(job, SCRIPT, *words).begins()
    job.log_in()
    code, out = waiting.ends()
    assert code == 0, waiting.said()
    assert ROLE in out


def test_the_socket_of_serve_waits(job: Job) -> None:
    job.sign_in()
    path = Path("s.sock")
    serving = Waiting(job, SCRIPT, "serve", "job", "--socket", str(path))
    wait_for(lambda: "until Ctrl-C" in serving.said())
    assert job.start(SCRIPT, "logout", "corp").communicate()
    curl = ("curl", "-sf", "--unix-socket", str(path), "http://localhost/")
    asking = Waiting(job, *curl)
    wait_for(lambda: "signed out" in serving.said())
    assert asking.process.poll() is None
    job.log_in()
    code, out = asking.ends()
    assert (code, '"AccessKeyId"' in out) == (0, True)
    serving.process.send_signal(signal.SIGTERM)
    assert serving.ends()[0] == 143
