"""A session is removed with the same question and result in each front end."""

import pytest

from ssohelper.actions import selection, session_edit
from ssohelper.actions.flows import session_change
from ssohelper.actions.flows.dialogue import Dialogue
from ssohelper.app import App
from tests.actions.flows.front_ends import run_in_each
from tests.actions.flows.test_profile_removal import PROFILE


def remove(app: App, dialogue: Dialogue) -> bool:
    session = session_edit.find_leftover_session(app, "corp")
    session = session or selection.resolve_session(app, "corp")
    return session_change.remove_session(app, dialogue, session)


@pytest.mark.parametrize("answer", ["y", "n"])
def test_a_session_is_removed_the_same_in_each_front_end(home, emulator, answer):
    home.add_session("corp")
    config = home.config_file.read_text() + PROFILE
    found = []

    def check_and_restore() -> None:
        found.append((home.config_file.read_text() == config, emulator.counters["Logout"]))
        home.write_config(config)
        home.write_token(emulator.issue_token("ana"))

    check_and_restore()
    emulator.reset_counters()
    result, script = run_in_each(home.env, remove, [answer], check_and_restore)
    is_done = answer == "y"
    assert result == repr(is_done)
    assert found[1:] == [(not is_done, count * is_done) for count in (1, 2, 3)]
    assert script.questions == [
        'sign out of the session "corp", and remove it with 1 profile — write ~/.aws/config?'
    ]


def test_what_is_left_of_a_session_is_named_and_removed(home):
    home.write_config(PROFILE)
    path = App(home.env).locations.settings_file

    def write_settings() -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("[sessions.corp]\nsession_hours = 4\n")

    def check_and_restore() -> None:
        assert "corp" not in path.read_text()
        write_settings()

    write_settings()
    found, script = run_in_each(home.env, remove, ["y"], check_and_restore)
    assert (found, script.said) == ("True", ['session "corp" removed'])
    assert script.questions == ['sign out of "corp", and remove all that is kept for it?']
