"""cron and systemd timers: no terminal, hardly a variable; the same cache as the login shell.

/run/user/<uid> is part of the question, so each test has a /run of its own (bubblewrap).
"""

import json
import os
import subprocess
from collections.abc import Callable

import pytest

from ssohelper.emulator.server import Emulator
from tests.conftest import SCRIPT, Home
from tests.long_rows import long_after
from tests.programs import require_program, run_program

pytestmark = pytest.mark.network_client

DEV = "000040000001"
PROFILE = "payments-dev.Developer"
WHO = ("sts", "get-caller-identity", "--query", "Arn", "--output", "text", "--profile", PROFILE)
LINE = f"{SCRIPT}-credentials --session corp --account-id {DEV} --role-name Developer"
# What they set by themselves (crontab(5), systemd.exec(5)), beside HOME, LOGNAME, USER.
JOBS = {
    "cron": {"SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"},
    "system timer": {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
        "LANG": "C.UTF-8",
        "INVOCATION_ID": "0" * 32,
        "SYSTEMD_EXEC_PID": "1",
    },
}

Within = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(params=["with /run/user", "without /run/user"])
def within(request, home, tmp_path) -> Within:
    """Run a program in this home with exactly these variables, in a session of its own."""
    runtime = f"/run/user/{os.geteuid()}"
    mounts = ["--dev-bind", "/", "/", "--tmpfs", "/run"]
    if request.param == "with /run/user":
        (tmp_path / "run-user").mkdir(mode=0o700)
        mounts += ["--bind", str(tmp_path / "run-user"), runtime]
        home.env["XDG_RUNTIME_DIR"] = runtime
    else:
        del home.env["XDG_RUNTIME_DIR"]
    bwrap, setsid = [require_program("bwrap"), *mounts, "--"], require_program("setsid")
    if subprocess.run([*bwrap, "/bin/true"], capture_output=True).returncode:
        pytest.skip("bubblewrap may not make namespaces here")

    def run(variables: dict[str, str], *argv: str) -> "subprocess.CompletedProcess[str]":
        pairs = [f"{name}={value}" for name, value in variables.items()]
        env = [require_program("env"), "-i", *pairs]
        return run_program([*bwrap, *env, setsid, "--wait", *argv], cwd="/")

    return run


@pytest.fixture
def signed_in(home, emulator) -> Home:
    """ana is signed in; a profile is written as `profile sync` writes it."""
    home.add_session("corp")
    home.write_token(emulator.issue_token("ana"))
    home.write_config(
        f"{home.config_file.read_text()}[profile {PROFILE}]\n"
        f"credential_process = {LINE}\nregion = eu-west-1\n"
    )
    return home


def job(name: str, home: Home, emulator: Emulator) -> dict[str, str]:
    """Return the job's variables; the emulator's addresses stand in the crontab or unit."""
    person = {"HOME": str(home.path), "LOGNAME": "ana", "USER": "ana"}
    return {**person, **JOBS[name], **emulator.environment()}


@pytest.mark.parametrize(
    ("within", "name"),
    long_after(
        1,
        [
            *(("with /run/user", "cron"), ("without /run/user", "system timer")),
            *(("with /run/user", "system timer"), ("without /run/user", "cron")),
        ],
    ),
    indirect=["within"],
)
def test_a_job_meets_what_a_login_shell_fetched_and_vice_versa(name, within, signed_in, emulator):
    shell, variables = signed_in.env, job(name, signed_in, emulator)
    fetched = within(shell, "/bin/sh", "-c", LINE)
    done = within(variables, require_program("aws"), *WHO)
    expected = emulator.world.session_arn(DEV, "Developer", "ana")
    assert (done.returncode, done.stdout.strip()) == (0, expected), done.stderr
    assert emulator.counters["GetRoleCredentials"] == 1

    assert within(shell, SCRIPT, "cache", "clear", "--yes").returncode == 0
    fetched_by_job = within(variables, "/bin/sh", "-c", LINE)
    assert fetched_by_job.stdout not in ("", fetched.stdout)
    assert within(shell, "/bin/sh", "-c", LINE).stdout == fetched_by_job.stdout
    assert emulator.counters["GetRoleCredentials"] == 2


def test_a_hit_needs_no_variable_but_home(within, signed_in, emulator):
    assert within(signed_in.env, "/bin/sh", "-c", LINE).returncode == 0
    emulator.stop()  # the job cannot ask AWS any more
    done = within({"HOME": str(signed_in.path)}, "/bin/sh", "-c", LINE)
    assert (done.returncode, done.stderr) == (0, "")
    found = emulator.issued.get(json.loads(done.stdout)["AccessKeyId"])
    assert found is not None
    assert (found.account_id, found.role_name) == (DEV, "Developer")


def test_a_job_that_needs_a_person_says_so_and_asks_nobody(within, signed_in, emulator):
    emulator.end_sign_ins("ana")
    done = within(job("cron", signed_in, emulator), "/bin/sh", "-c", LINE)
    assert (done.returncode, done.stdout) == (4, "")
    assert "ssohelper login corp" in done.stderr
    assert emulator.counters["authorize"] + emulator.counters["StartDeviceAuthorization"] == 0
