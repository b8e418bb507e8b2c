"""In the themes of the terminal's own colours, no text vanishes, also not below a dialog."""

import pytest

from ssohelper.tui.screens.confirm import ConfirmScreen
from tests.tui.cells import PALETTES, Palette, take_frame
from tests.tui.driving import User, run_scenario
from tests.tui.looks import contrast
from tests.tui.world import DemoHome

ANSI = [palette for palette in PALETTES if "ansi" in palette.theme]


@pytest.mark.parametrize("palette", ANSI[:2], ids=lambda palette: palette.name)
def test_the_screen_below_a_dialog_stays_readable(world: DemoHome, palette: Palette) -> None:
    async def scenario(user: User) -> None:
        user.app.theme = palette.theme
        await user.wait_for_text("role keys")
        user.app.push_screen(ConfirmScreen("May it?"))
        await user.wait_for_text("May it?")
        frame = take_frame(user.app, "confirm", palette)
        [first, *_] = [run for line in frame.lines for run in line if "payments" in run.text]
        assert contrast(first.color, first.background) > 3
        assert first.background in frame.backgrounds

    run_scenario(world.app(), scenario, size=(80, 24))


@pytest.mark.parametrize("palette", ANSI, ids=lambda palette: palette.name)
def test_less_important_text_is_the_terminals_own_text_dimmed(
    world: DemoHome, palette: Palette
) -> None:
    async def scenario(user: User) -> None:
        user.app.theme = palette.theme
        await user.wait_for_text("role keys", "31m ago")
        runs = [run for line in take_frame(user.app, "accounts", palette).lines for run in line]
        [age] = [run for run in runs if "31m ago" in run.text]
        assert age.is_dim
        assert any(run.text.strip() == "ReadOnlyAccess" and not run.is_dim for run in runs)

    run_scenario(world.app(), scenario, size=(80, 24))
