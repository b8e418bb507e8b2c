"""A valid token without a sign-in: renewed before its end, once for all callers."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ssohelper.actions import credentials, tokens
from ssohelper.app import App
from ssohelper.core.model import Role, SsoSession
from ssohelper.core.policy import Way
from ssohelper.errors import LoginRequired
from tests.conftest import SCRIPT
from tests.long_rows import long_after

ROLE = ("000030000001", "ReadOnlyAccess")
COMMAND = ["credential-process", "--session", "corp"]
COMMAND += ["--account-id", ROLE[0], "--role-name", ROLE[1]]


@pytest.fixture
def session(home, emulator) -> SsoSession:
    world = emulator.world
    home.add_session("corp", world.start_url, world.region)
    return SsoSession("corp", world.start_url, world.region, ("sso:account:access",))


@pytest.fixture
def sign_in(home, emulator) -> Callable[..., Path]:
    """Return a function that writes a token file that expires after the given seconds."""

    def write(seconds: float = 3600, **more: str | None) -> Path:
        content = {**emulator.issue_token("ana", seconds=max(seconds, 1)), **more}
        if seconds <= 0:
            content["expiresAt"] = "2020-01-01T00:00:00Z"
        return home.write_token({k: v for k, v in content.items() if v is not None})

    return write


def test_with_a_damaged_token_file_good_role_credentials_are_served(
    app, session, sign_in, emulator
):
    def release():
        words = (session, Role(*ROLE), Way.CREDENTIAL_PROCESS, app.clock.deadline())
        return credentials.release_credentials(app, *words)

    path = sign_in(3000)
    given = release()
    path.write_text("{")
    app.credentials.delete_response(session.key_of(Role(*ROLE)))
    assert release() == given
    with pytest.raises(LoginRequired, match="is damaged"):
        tokens.ensure_valid_token(app, session, app.clock.deadline())


def test_a_token_near_its_end_and_a_rejected_one_are_renewed(app: App, session, sign_in, emulator):
    path = sign_in(1190)
    token = tokens.ensure_valid_token(app, session, app.clock.deadline())
    assert token.expires_at - app.clock.now() > 3000
    assert json.loads(path.read_text())["accessToken"] == token.value.reveal()
    assert path.stat().st_mode & 0o777 == 0o600
    assert emulator.counters["CreateToken.refresh_token"] == 1
    # A rejected token is renewed whatever its expiry.
    fresh = tokens.renew_token(app, session, token, app.clock.deadline())
    assert fresh.value != token.value
    assert tokens.renew_token(app, session, token, app.clock.deadline()).value == fresh.value
    assert emulator.counters["CreateToken.refresh_token"] == 2


@pytest.mark.usefixtures("session")
def test_a_refusal_is_shared_until_the_token_file_changes(run, emulator, sign_in):
    sign_in(0)
    emulator.end_sign_ins("ana")
    for _ in range(3):
        result = run(*COMMAND)
        assert (result.returncode, result.stdout) == (4, "")
        assert 'the session "corp" expired' in result.stderr
    assert emulator.counters["CreateToken.refresh_token"] == 1
    sign_in(0)
    assert run(*COMMAND).returncode == 0
    assert emulator.counters["CreateToken.refresh_token"] == 2


def test_threads_at_once_make_one_refresh(app: App, session, sign_in, emulator):
    emulator.faults.rotation = "strict"
    sign_in(0)

    def ask(_number: int) -> str:
        own = App(app.environ)
        return tokens.ensure_valid_token(own, session, own.clock.deadline()).value.reveal()

    with ThreadPoolExecutor(10) as pool:
        assert len(set(pool.map(ask, range(10)))) == 1
    assert emulator.counters["CreateToken.refresh_token"] == 1


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(
    "number",
    long_after(2, [signal.SIGINT, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP]),
    ids=lambda n: n.name,
)
def test_a_caller_that_ends_during_the_renewal_loses_no_sign_in(home, emulator, sign_in, number):
    """The signal hits the caller's whole process group, as Ctrl-C and a closed terminal do."""
    emulator.faults.set(rotation="strict", strict_revokes_session=True)
    path = sign_in(0)
    before = path.read_bytes()
    asked, answer = threading.Event(), threading.Event()

    def wait() -> None:
        asked.set()
        answer.wait(30)

    emulator.faults.run_before("CreateToken", wait)
    caller = subprocess.Popen(
        [SCRIPT, *COMMAND], env=home.env, stdout=subprocess.PIPE, start_new_session=True
    )
    assert asked.wait(30)
    os.killpg(caller.pid, number)
    caller.communicate(timeout=30)
    answer.set()
    ends_at = time.monotonic() + 30
    while path.read_bytes() == before and time.monotonic() < ends_at:
        time.sleep(0.01)
    done = subprocess.run([SCRIPT, *COMMAND], env=home.env, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert emulator.counters["CreateToken.refresh_token"] == 1


def test_no_output_of_a_failure_holds_a_secret(run, home, emulator, session, sign_in):
    sign_in(0)
    emulator.faults.fail("CreateToken", "InvalidGrantException", times=9)
    began = time.monotonic()
    result = run(*COMMAND)
    assert time.monotonic() - began < 20
    assert (result.returncode, result.stdout) == (4, "")
    assert result.stderr.count("\n") == 1
    assert "CNRY" not in result.stderr
    assert emulator.canary not in result.stderr
