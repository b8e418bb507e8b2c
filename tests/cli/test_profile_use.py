"""A command that needs a sign-in, where nobody can be asked for one."""

from pathlib import Path

import pytest

from ssohelper.actions import selection, sign_in_wait
from ssohelper.cli import output, profile_use
from ssohelper.errors import LoginRequired
from tests.actions.world import KEY, WorldApp


@pytest.mark.parametrize("hold_seconds", [None, 60])
def test_without_a_terminal_only_a_command_that_is_held_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hold_seconds: int | None
) -> None:
    waited: list[int] = []

    def wait(_app: object, _session: object, seconds: int, *_: object, **__: object) -> str:
        waited.append(seconds)
        return "done"

    def need_sign_in() -> str:
        raise LoginRequired("signed out")

    monkeypatch.setattr(output, "can_ask_user", lambda: False)
    monkeypatch.setattr(sign_in_wait, "retry_after_sign_in", wait)
    app = WorldApp(tmp_path)
    profile = selection.resolve_profile(app, KEY.text, None)
    if hold_seconds is None:
        with pytest.raises(LoginRequired):
            profile_use.run_signed_in(app, profile, need_sign_in)
        assert waited == []
    else:
        run = profile_use.run_signed_in(app, profile, need_sign_in, hold_seconds=hold_seconds)
        assert (run, waited) == ("done", [60])
