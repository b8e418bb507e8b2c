"""The credentials below a chain are often renewed while STS is asked: behind their own answer."""

import os

from ssohelper.actions import selection
from ssohelper.app import App
from ssohelper.core.model import RoleKey
from tests.chains.conftest import SSO_ACCOUNT, SSO_ROLE


def test_a_source_that_is_renewed_during_the_call_costs_no_second_call(chained, run, monkeypatch):
    monkeypatch.setattr(os, "environ", {**os.environ, **chained.home.env})

    def renew_source() -> None:
        app = App(chained.home.env)
        key = RoleKey("corp", SSO_ACCOUNT, SSO_ROLE)
        session = selection.require_session(app, "corp")
        cached = app.credentials.load(key, session)
        assert cached
        renewed = cached.credentials._replace(access_key_id="ASIA" + "RENEWED2" * 2)
        app.vault.save(key, session, cached._replace(credentials=renewed))

    chained.emulator.faults.run_before("AssumeRole", renew_source)
    answers = [run("credential-process", "--profile", "jump") for _ in range(2)]
    assert [answer.returncode for answer in answers] == [0, 0], answers
    assert answers[0].stdout == answers[1].stdout
    assert chained.issued == (1, 1)
