"""A container ends as soon as its call has returned, or soon after: the sign-in lives on.

When the first process of a PID namespace ends, the kernel kills all others (pid_namespaces(7)).
"""

import json
import random
import subprocess
import time
from collections import Counter

import pytest

from ssohelper.core.instants import to_iso
from ssohelper.emulator.server import Emulator
from tests.conftest import RUN_SECONDS, SCRIPT, Home
from tests.long_rows import long_after
from tests.programs import require_program
from tests.published import date_back
from tests.test_credential_process import KEY, make_old

_LATENCY_SECONDS = 1.0
# Of credentials that last 3,600 s: served while they are renewed in the background, except in a
# container; renewed before use.
_LEFT_SECONDS = (1700, 850)


def within(*argv: str) -> list[str]:
    """Return the words that run a program in a PID namespace, which ends with the program."""
    bwrap = [require_program("bwrap"), "--dev-bind", "/", "/", "--proc", "/proc"]
    bwrap += ["--unshare-pid", "--die-with-parent", "--"]
    if subprocess.run([*bwrap, "/bin/true"], capture_output=True).returncode:
        pytest.skip("bubblewrap may not make namespaces here")
    return [*bwrap, *argv]


@pytest.fixture
def signed_in(home, emulator, run) -> Emulator:
    """ana is signed in, and a role's credentials are cached. A refresh token works once."""
    home.add_session("corp")
    home.write_token(emulator.issue_token("ana"))
    assert run("-v", "credential-process", *KEY).returncode == 0  # starts no broker
    emulator.faults.set(rotation="strict", strict_revokes_session=True)
    emulator.faults.set(latency_seconds={"CreateToken.refresh_token": _LATENCY_SECONDS})
    return emulator


def make_token_old(home: Home) -> None:
    """Let the token's file say that the token lasts 60 s more."""
    [path] = home.token_folder.glob("*.json")
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "expiresAt": to_iso(int(time.time()) + 60)}))
    date_back(path)


def count_refreshes(emulator: Emulator) -> Counter[str]:
    """Return how often each refresh token was sent, by the token's hash."""
    sent = (call for call in emulator.calls if call.operation == "CreateToken.refresh_token")
    return Counter(call.token for call in sent)


@pytest.mark.parametrize("rounds", long_after(1, [2, 50]))
def test_no_sign_in_is_lost_and_no_refresh_token_is_sent_twice(home, signed_in, run, rounds):
    random_pause = random.Random(1)
    for number in range(rounds):
        left = _LEFT_SECONDS[number % 2]
        # A renewal in the background has begun, and has no answer yet, 1 s after the first call.
        seconds = 1 if number == 0 else random_pause.choice([0, random_pause.uniform(0, 2)])
        make_token_old(home)
        make_old(home, left=left, life=3600)
        before = signed_in.counters["CreateToken.refresh_token"]
        command = f'"$@" && sleep {seconds}'
        argv = within("/bin/sh", "-c", command, "sh", f"{SCRIPT}-credentials", *KEY)
        done = subprocess.run(argv, env=home.env, capture_output=True, timeout=RUN_SECONDS)
        assert done.returncode == 0, (number, done.stderr)
        refreshed = signed_in.counters["CreateToken.refresh_token"] - before
        assert refreshed == (left == _LEFT_SECONDS[1]), number
    assert max(count_refreshes(signed_in).values(), default=0) <= 1
    make_token_old(home)
    make_old(home, left=50, life=3600)
    run.ok("-v", "credential-process", *KEY)
