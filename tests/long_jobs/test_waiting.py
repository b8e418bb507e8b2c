"""`wait_for_sign_in` and `exec --hold`: a call waits for a sign-in instead of exit code 4."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SCRIPT
from tests.endpoint.world import wait_for
from tests.long_jobs.world import ROLE, Job, arguments
from tests.long_rows import long_after

WAITS = [SCRIPT, "credential-process", *arguments()]
BY_NAME = [SCRIPT, "credential-process", "--profile", "job"]


@pytest.fixture(autouse=True)
def _waits(job):
    job.change_settings(wait_for_sign_in='"1h"')


def start(job: Job, argv, stdout, stderr, **env: str):
    words = {"stdin": subprocess.DEVNULL, "stdout": stdout, "stderr": stderr}
    return subprocess.Popen(argv, env={**job.home.env, **env}, cwd=job.home.path, **words)


class Waiting:
    """A program of ours that waits for a sign-in; its stderr goes to a file."""

    def __init__(self, job: Job, *argv: str, **env: str) -> None:
        self._err = job.home.path / f"err-{os.urandom(4).hex()}"
        with self._err.open("wb") as err:
            self.process = start(job, argv or WAITS, subprocess.PIPE, err, **env)

    def stderr(self) -> str:
        """Return what the program has printed on stderr so far."""
        return self._err.read_text()

    def wait_until_waiting(self) -> "Waiting":
        """Wait until the program says that it waits for a sign-in."""
        wait_for(lambda: "waiting up to" in self.stderr() or self.process.poll() is not None)
        assert self.process.poll() is None, self.stderr()
        return self

    def wait_for_end(self) -> tuple[int, str]:
        """Wait for the program's end; return exit code and stdout."""
        out, _ = self.process.communicate(timeout=60)
        return self.process.returncode, out.decode()


@pytest.mark.parametrize("argv", long_after(1, [WAITS, BY_NAME]), ids=["by the broker", "by name"])
def test_a_call_waits_for_a_login_in_another_shell(job, argv):
    waiting = Waiting(job, *argv).wait_until_waiting()
    notice = 'waiting up to 1h for a sign-in to "corp": ssohelper login corp'
    assert waiting.stderr() == f"ssohelper: notice: {notice}\n"
    job.log_in()
    code, out = waiting.wait_for_end()
    assert code == 0
    assert job.emulator.issued.get(json.loads(out)["AccessKeyId"])
    assert waiting.stderr().count("\n") == 1


def test_a_token_that_aws_rejects_does_not_end_the_wait(job):
    waiting = Waiting(job).wait_until_waiting()
    path = job.home.write_token({**job.emulator.issue_token("ana"), "accessToken": "dead"})
    asked = job.emulator.counters["GetRoleCredentials"]
    wait_for(lambda: job.emulator.counters["GetRoleCredentials"] > asked)
    assert waiting.process.poll() is None
    path.unlink()
    job.log_in()
    assert waiting.wait_for_end()[0] == 0


@pytest.mark.long
def test_forty_waiting_calls_make_one_role_call(job):
    waiting = [Waiting(job) for _ in range(40)]
    for each in waiting:
        each.wait_until_waiting()
    job.log_in()
    assert [each.wait_for_end()[0] for each in waiting] == [0] * 40
    # One for all calls, and one with which login found out the user.
    assert job.emulator.counters["GetRoleCredentials"] == 2


def test_the_broker_ends_while_a_call_waits(job):
    waiting = Waiting(job).wait_until_waiting()
    brokers = job.home.runtime / "brokers"
    assert any(path.is_socket() for path in brokers.iterdir())
    wait_for(lambda: not any(path.is_socket() for path in brokers.iterdir()))
    assert waiting.process.poll() is None
    job.log_in()
    assert waiting.wait_for_end()[0] == 0


@pytest.mark.parametrize("argv", [WAITS, BY_NAME], ids=["by the broker", "by name"])
@pytest.mark.parametrize(
    ("number", "codes"), long_after(1, [(signal.SIGTERM, (-15, 143)), (signal.SIGINT, (-2, 130))])
)
def test_a_signal_ends_the_wait_at_once(job, argv, number, codes):
    waiting = Waiting(job, *argv).wait_until_waiting()
    waiting.process.send_signal(number)
    code, out = waiting.wait_for_end()
    assert code in codes
    assert out == ""
    assert "Traceback" not in waiting.stderr()


@pytest.mark.parametrize("argv", [WAITS, BY_NAME], ids=["by the broker", "by name"])
def test_without_a_sign_in_in_time_the_exit_code_is_4(job, argv):
    job.change_settings(wait_for_sign_in='"1s"')
    code, out = Waiting(job, *argv).wait_for_end()
    assert (code, out) == (4, "")


def test_the_wait_ends_when_the_sdk_closes_its_socket(job):
    """Node gives its children sockets instead of pipes."""
    ours, theirs = socket.socketpair()
    err = job.home.path / "err"
    with ours, theirs, err.open("wb") as stderr:
        program = start(job, WAITS, theirs, stderr)
        theirs.close()
        wait_for(lambda: "waiting up to" in err.read_text())
        ours.close()
        assert program.wait(60) == 4


def test_a_boto3_job_goes_on_after_a_login(job):
    job.emulator.faults.set(token_seconds=3, role_credentials_seconds=15)
    job.sign_in()
    program = job.start()
    assert program.stdout
    try:
        assert ROLE in program.stdout.readline()
        job.emulator.end_sign_ins("ana")
        wait_for(lambda: any("is over" in notice.message for notice in job.received_notices()))
        asked = job.emulator.counters["GetRoleCredentials"]
        job.log_in()
        wait_for(lambda: job.emulator.counters["GetRoleCredentials"] > asked)
        assert ROLE in program.stdout.readline()
    finally:
        program.kill()
        program.communicate()


def test_exec_hold_waits_and_sets_the_variable_for_its_command(job):
    job.change_settings(wait_for_sign_in='"0"')
    show = 'echo "$SSOHELPER_WAIT_FOR_SIGN_IN $AWS_ACCESS_KEY_ID"'
    words = (SCRIPT, "exec", "--hold", "job", "--", "sh", "-c", show)
    waiting = Waiting(job, *words).wait_until_waiting()
    assert "waiting up to 12h" in waiting.stderr()
    job.log_in()
    code, out = waiting.wait_for_end()
    assert code == 0
    wait, key_id = out.split()
    assert wait == "12h"
    assert job.emulator.issued.get(key_id)


@pytest.mark.long
def test_exec_hold_with_a_server_waits_before_it_starts(job):
    ask = "import boto3; print(boto3.Session().client('sts').get_caller_identity()['Arn'])"
    words = ("exec", "--hold", "--server", "job", "--", sys.executable, "-c", ask)
    waiting = Waiting(job, SCRIPT, *words).wait_until_waiting()
    job.log_in()
    code, out = waiting.wait_for_end()
    assert code == 0, waiting.stderr()
    assert ROLE in out


@pytest.mark.long
def test_the_socket_of_serve_waits(job):
    job.sign_in()
    path = Path("s.sock")
    serving = Waiting(job, SCRIPT, "serve", "job", "--socket", str(path))
    wait_for(lambda: "until Ctrl-C" in serving.stderr())
    assert job.start(SCRIPT, "logout", "corp").communicate()
    curl = ("curl", "-sf", "--unix-socket", str(path), "http://localhost/")
    asking = Waiting(job, *curl)
    wait_for(lambda: "signed out" in serving.stderr())
    assert asking.process.poll() is None
    job.log_in()
    code, out = asking.wait_for_end()
    assert (code, '"AccessKeyId"' in out) == (0, True)
    serving.process.send_signal(signal.SIGTERM)
    assert serving.wait_for_end()[0] == 143
