"""Screens and containers of which one line is drawn for all draw what Textual would draw."""

import pytest
from textual.geometry import Region
from textual.screen import Screen
from textual.widget import Widget

from ssohelper.tui import themes
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.widgets.search_pane import PlainVertical
from tests.tui.driving import User, run_scenario


def check_plain_lines(user: User, *, least: int) -> None:
    """Compare the lines of all widgets that draw one line for all; there are `least` or more."""
    plain: list[Widget] = list(user.app.screen.query(PlainVertical))
    if isinstance(user.app.screen, AccountsScreen):
        plain.append(user.app.screen)
    for widget in plain:
        width, height = widget.size
        for crop in (Region(0, 0, width, height), Region(3, 2, width - 5, 4), Region(0, 0, 0, 0)):
            kind = Screen if isinstance(widget, Screen) else Widget
            assert widget.render_lines(crop) == kind.render_lines(widget, crop)
    assert len(plain) >= least


@pytest.mark.parametrize("theme", [themes.DARK.name, themes.LIGHT.name, themes.NO_COLOR.name])
def test_each_line_is_as_textual_would_draw_it(world, theme, monkeypatch):
    if theme == themes.NO_COLOR.name:
        monkeypatch.setenv("NO_COLOR", "1")

    async def scenario(user: User) -> None:
        user.app.theme = theme
        await user.wait_for_text("role keys")
        check_plain_lines(user, least=3)
        await user.pilot.resize_terminal(60, 15)
        await user.pilot.pause()
        check_plain_lines(user, least=3)
        await user.press("f4")
        await user.wait_for_text("17 to add")
        check_plain_lines(user, least=1)

    run_scenario(world.app(), scenario, size=(140, 40))
