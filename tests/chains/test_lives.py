"""Three levels of chains over eight lives of one hour, on the test's clock."""

import os
from collections.abc import Iterator

import pytest

from ssohelper.actions import credentials, selection
from ssohelper.app import App
from ssohelper.core.policy import Way
from ssohelper.emulator.server import Emulator
from tests.chains.conftest import (
    AUDIT_ARN,
    DEPLOY_ACCOUNT,
    DEPLOY_ARN,
    JUMP_ARN,
    chain,
)
from tests.emulator.conftest import Clock

# botocore renews credentials that have less than this left.
_BOTOCORE_SECONDS = 15 * 60
_STEP_SECONDS = 60


@pytest.fixture
def clock() -> Clock:
    return Clock(1_790_000_000.0)


@pytest.fixture
def emulator(home, clock) -> Iterator[Emulator]:
    with Emulator(clock=clock) as running:
        # The time since the machine's start, by which AWS's clock is kept, is not the test's.
        running.faults.set(date_header=False, role_credentials_seconds=3600)
        home.env.update(running.environment())
        yield running


def test_three_levels_over_eight_lives_never_fail_and_ask_once_for_each(
    chained, clock, monkeypatch
):
    monkeypatch.setattr(os, "environ", {**os.environ, **chained.home.env})
    chained.write(
        chain("jump", JUMP_ARN, "base")
        + chain("deploy", DEPLOY_ARN.replace("team/", ""), "jump")
        + chain("audit", AUDIT_ARN, "deploy")
    )
    # A token that outlasts the test: renewals of tokens have tests of their own.
    chained.home.write_token(chained.emulator.issue_token("ana", seconds=12 * 3600))
    chained.emulator.reset_counters()
    held_until, lives, began = 0, 0, clock.now
    while lives < 8 or clock.now < held_until - _BOTOCORE_SECONDS:
        if held_until - clock.now <= _BOTOCORE_SECONDS:
            app = App(chained.home.env, clock=clock)
            profile = selection.resolve_profile(app, "audit", None)
            found = credentials.release_credentials(
                app, profile.session, profile.role, Way.CREDENTIAL_PROCESS, app.clock.deadline()
            )
            assert app.warnings == []
            held_until, lives = found.expires_at, lives + 1
            identity = chained.emulator.issued.get(found.access_key_id)
            assert identity is not None
            assert (identity.account_id, identity.role_name) == (DEPLOY_ACCOUNT, "Audit")
        assert clock.now < held_until
        clock.forward(_STEP_SECONDS)
    assert lives == 8
    assert clock.now - began >= 8 * 2700 - 60
    assert chained.issued == (8, 3 * 8)
