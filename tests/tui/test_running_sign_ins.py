"""Which running sign-in a dialog shows, if the session has changed since it began."""

import pytest

from ssohelper.core.model import SsoSession
from ssohelper.tui.full_screen import FullScreenApp
from ssohelper.tui.screens.sign_in import find_sign_in
from tests.core.test_recorded_sign_ins import SESSION, same_or_not
from tests.tui.world import DemoHome


@pytest.fixture
def app(world: DemoHome) -> FullScreenApp:
    return FullScreenApp(world.app())


@same_or_not
def test_a_running_sign_in_is_shown_while_its_session_is_the_same(app, changed, is_same):
    running = find_sign_in(app, SESSION)
    found = find_sign_in(app, changed)
    assert (found is running) is is_same
    assert running.ended.is_set() is not is_same
    assert app.sign_ins == {"corp": found}


@same_or_not
def test_a_change_of_the_config_stops_the_sign_ins_whose_session_is_no_longer_the_same(
    app: FullScreenApp, changed: SsoSession, is_same: bool
) -> None:
    app.set_config_sessions([SESSION])
    running = find_sign_in(app, SESSION)
    app.set_config_sessions([changed])
    assert running.ended.is_set() is not is_same
