"""Whole processes on days when this machine or the sign-in is not as it should be."""

import json

import pytest

from tests.conftest import SCRIPT
from tests.long_rows import long_after
from tests.programs import require_program
from tests.test_planted import KEY
from tests.torture.ground import Ground
from tests.torture.rows import Answer


@pytest.fixture
def place(home, emulator) -> Ground:
    """A home that leads to the emulator; the token in it is over."""
    emulator.auto_approve = "ana"
    made = Ground(home, emulator)
    made.sign_in(expires_in=-60)
    return made


def ask(place: Ground, *before: str) -> Answer:
    return place.run(*before, SCRIPT, "credential-process", *KEY)


@pytest.mark.parametrize("error", long_after(1, ["ENOLCK", "ENOSYS", "EINTR:when=1..3"]))
def test_a_file_system_that_refuses_locks_costs_no_answer(place, error):
    strace = [require_program("strace"), "-f", "-qq", "-o", "/dev/null", "-e", "trace=flock"]
    answer = ask(place, *strace, "-e", f"inject=flock:error={error}")
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["AccountId"] == KEY[3]
    assert place.emulator.counters["CreateToken.refresh_token"] == 1
    if error.startswith("EN"):
        assert "warning: continuing without the lock" in answer.err


def test_a_registration_that_is_over_is_a_new_sign_in(place):
    """A good token serves to its end; then one command registers and signs in again."""
    place.sign_in()
    token = json.loads(place.token_file.read_text())
    token["registrationExpiresAt"] = "2020-01-01T00:00:00Z"
    place.token_file.write_text(json.dumps(token))
    assert ask(place).code == 0
    token["expiresAt"] = "2020-01-01T00:00:00Z"
    place.token_file.write_text(json.dumps(token))
    place.emulator.reset_counters()
    cached = place.runtime / "credentials" / "corp" / KEY[3]
    cached.rename(cached.with_name("away"))
    answer = ask(place)
    assert (answer.code, answer.out) == (4, "")
    assert "sign in with: ssohelper login corp" in answer.err
    assert place.emulator.counters["CreateToken"] == 0
    login = place.run(SCRIPT, "login", "corp", "--device-code", "--no-browser")
    assert login.code == 0, login.err
    assert place.emulator.counters["RegisterClient"] == 1
    assert ask(place).code == 0


def test_problem_of_this_machine_is_not_shared(place):
    """The first lock of each process fails: no broker, and then no renewal; the next caller asks."""
    strace = [require_program("strace"), "-f", "-qq", "-o", "/dev/null", "-e", "trace=flock"]
    answer = ask(place, *strace, "-e", "inject=flock:error=EIO:when=1")
    assert (answer.code, answer.out) == (7, "")
    assert ".lock" in answer.err
    assert place.emulator.counters["CreateToken"] == 0
    assert ask(place).code == 0
