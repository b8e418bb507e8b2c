"""What the picker of sessions says about each: whether Enter on a role would offer a sign-in."""

from typing import Any

import pytest

from ssohelper.cli import pickers
from ssohelper.core.model import SignInFacts
from tests.actions.world import HOUR, NOW, SESSION, WorldApp


@pytest.mark.parametrize(
    ("token_left", "refresh", "ended", "state"),
    [
        (None, "r", False, "signed out"),
        (HOUR, "r", False, "valid"),
        (-HOUR, "r", False, "valid"),  # an expired token with a refresh token is renewed
        (-HOUR, None, False, "ended"),
        (HOUR, "r", True, "ended"),
    ],
)
def test_the_picker_of_sessions_shows_which_of_them_need_a_sign_in(
    tmp_path, monkeypatch, token_left, refresh, ended, state
):
    app = WorldApp(tmp_path)
    if token_left is not None:
        app.sign_in(token_left, refresh=refresh)
        at = NOW if ended else None
        app.tokens.save_facts("corp", SignInFacts(ended_at=at, token_expires_at=NOW + token_left))
    shown: list[Any] = []
    monkeypatch.setattr(pickers, "_run_picker_inline", lambda picker: shown.append(picker._states))
    pickers.pick_session(app, [SESSION])
    assert shown == [[(SESSION, state)]]
