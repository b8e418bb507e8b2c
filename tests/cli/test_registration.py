"""The client registration of a sign-in: after its end no token can be renewed."""

import json
import time

import pytest

from ssohelper.core.instants import to_iso

DAY = 86400


@pytest.mark.parametrize(("days", "made"), [(59, 1), (61, 0)])
def test_a_sign_in_that_may_last_weeks_gets_a_registration_that_does(
    home, emulator, run, days, made
):
    """A registration lasts 90 days, and an organization may choose as many for a sign-in."""
    home.add_session()
    home.browser()
    assert run("login").returncode == 0
    emulator.end_sign_ins("ana")
    for path in home.token_folder.iterdir():
        kept = json.loads(path.read_text())
        if "accessToken" in kept:
            path.unlink()  # as after the end of a sign-in
        else:
            path.write_text(
                json.dumps({**kept, "expiresAt": to_iso(int(time.time()) + days * DAY)})
            )
    emulator.reset_counters()
    assert run("login").returncode == 0
    assert emulator.counters["RegisterClient"] == made
