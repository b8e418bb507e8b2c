"""The client registration that a sign-in leans on: nothing is renewed after its end."""

import json
import time

import pytest

from ssohelper.core.instants import to_iso
from ssohelper.emulator.server import Emulator
from tests.conftest import Home, Run

DAY = 86400


@pytest.mark.parametrize(("days", "made"), [(59, 1), (61, 0)])
def test_a_sign_in_that_may_last_weeks_leans_on_one_that_does(
    home: Home, emulator: Emulator, run: Run, days: int, made: int
) -> None:
    """AWS gives it 90 days, and lets an organization choose as many for a sign-in."""
    home.add_session()
    home.browser()
    assert run("login").returncode == 0
    emulator.revoke_session("ana")
    for path in home.token_folder.iterdir():
        kept = json.loads(path.read_text())
        if "accessToken" in kept:
            path.unlink()  # a sign-in that is over
        else:
            path.write_text(
                json.dumps({**kept, "expiresAt": to_iso(int(time.time()) + days * DAY)})
            )
    emulator.reset_counters()
    assert run("login").returncode == 0
    assert emulator.counters["RegisterClient"] == made
