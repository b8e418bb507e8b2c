"""No screen at any size, on any kind of terminal, hides, cuts or darkens what it shows.

The rules are those of tests/tui/looks.py. `make pictures` draws the same frames.
"""

import pytest
from textual.command import CommandPalette

from ssohelper.tui.screens.ask import AskScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.set_up import SetUpScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from tests.tui import looks, tour
from tests.tui.cells import PALETTES, Frame, Palette, take_frame
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_sign_in import with_a_browser
from tests.tui.world import DemoHome


def findings_of(frames: list[Frame]) -> list[str]:
    whole = {frame.name: frame for frame in frames if (frame.width, frame.height) == tour.WHOLE}
    return [
        f"{found.frame} {found.size} {found.palette}: {found.rule}: {found.what}"
        for frame in frames
        for found in looks.check(frame, whole.get(frame.name))
    ]


def test_each_screen_once_at_a_size_and_in_a_palette() -> None:
    frames = tour.take_samples()
    assert {(frame.width, frame.height) for frame in frames} == set(tour.SIZES)
    assert findings_of(frames) == []


def test_on_12_lines_the_fields_and_answers_of_dialogs_are_seen(world: DemoHome) -> None:
    question = "17 to add, 598 to change: program path — write ~/.aws/config?"
    lines = [[(f"+ profile {number}", "")] for number in range(50)]
    notice = (
        'the rule "*/DatabaseAdmin" guards the role DatabaseAdmin in the account "payments-prod"'
    )
    word_question = "type the account's name (payments-prod) to go on"
    command = "ssohelper profile sync --session corp --prune"
    dialogs = {
        "Yes (y)": ConfirmScreen(question, lines=lines, command=command, other=lines),
        "payments-prod) to go on": AskScreen(f"{notice}\n{word_question}", "", command),
        "Set up another session": SetUpScreen(),
        "/authorize?": SignInScreen(world.app().config.read().sso_sessions()[1]),
    }
    with_a_browser(world)  # with a browser, the sign-in's dialog has all its buttons
    found: list[str] = []

    async def scenario(user: User) -> None:
        palette = next(one for one in PALETTES if one.theme == user.app.theme)
        # Before any dialog: the palette has its styles from the start.
        await user.press("colon")
        await user.wait_for_screen(CommandPalette)
        await user.wait_for_text("quit, and use this role")
        found.extend(findings_of([take_frame(user.app, "palette", palette)]))
        await user.press("escape")
        for text, dialog in dialogs.items():
            user.app.push_screen(dialog)
            await user.wait_for_screen(type(dialog))
            await user.wait_for_text(text)
            await user.pilot.pause()
            found.extend(findings_of([take_frame(user.app, text, palette)]))
            user.app.pop_screen()

    run_scenario(world.app(), scenario, size=(40, 12))
    assert found == []


@pytest.mark.long
@pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
def test_each_screen_at_every_size(palette: Palette) -> None:
    frames = tour.take_tour(palette)
    names = {frame.name for frame in frames}
    assert len(frames) == len(names) * len(tour.SIZES)
    assert findings_of(frames) == []
