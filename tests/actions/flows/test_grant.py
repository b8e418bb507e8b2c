"""The questions for a grant are the same on the terminal and in the full screen."""

import pytest

from ssohelper.actions import guards
from ssohelper.actions.flows import grant
from ssohelper.actions.flows.dialogue import Dialogue
from ssohelper.app import App
from ssohelper.core.model import RoleKey
from ssohelper.system import terminal_session
from tests.actions.flows.front_ends import run_in_each
from tests.guards.world import ACCOUNT, GUARDED, NAME, Guarded
from tests.long_rows import long_after
from tests.tui.screens.test_grant import SESSION

KEY = RoleKey("corp", ACCOUNT, GUARDED)


def ask(app: App, dialogue: Dialogue) -> object:
    is_new = grant.ensure_grants(app, dialogue, [KEY], place="1 of 2")
    return is_new, grant.ensure_grants(app, dialogue, [KEY])


@pytest.mark.parametrize(
    ("answers", "result", "events"),
    long_after(
        2,
        [
            (["", "INC-4711", NAME], "(True, False)", ["grant"]),
            (["INC-4711", "another"], f"Refused: {guards.WRONG_WORD}", ["refused"]),
            ([None], "Interrupted", ["refused"]),
            (["INC-4711", None], "Interrupted", ["refused"]),
        ],
    ),
)
def test_a_grant_has_the_same_questions_and_result_in_each_front_end(
    home, emulator, monkeypatch, answers, result, events
):
    monkeypatch.setattr(terminal_session, "find_terminal_session", lambda: SESSION)
    world, noted = Guarded(home, emulator), list[list[str]]()

    def note_and_undo() -> None:
        noted.append(world.events()[sum(map(len, noted)) :])
        noted[-1] += ["revoke"] * len(guards.revoke_grants(world.app))

    found, script = run_in_each(home.env, ask, answers, note_and_undo)
    assert found == result
    assert noted == [events + ["revoke"] * events.count("grant")] * 3
    assert script.said == ["granted for 30m"] * events.count("grant")
