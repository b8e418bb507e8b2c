"""Keys that are typed before the screen is there reach it."""

import asyncio

import pytest

from ssohelper.system.terminal_background import Background
from ssohelper.tui.app import FullScreenApp
from ssohelper.tui.typed_ahead import read_keys
from ssohelper.tui.widgets.role_list import RoleList
from tests.tui.driving import User
from tests.tui.test_accounts import role_list
from tests.tui.world import DemoHome, until


def keys(typed: str) -> list[str]:
    return [key.key for key in read_keys(typed.encode())]


def test_bytes_of_a_terminal_become_keys() -> None:
    assert keys("aB1 é-?") == ["a", "B", "1", "space", "é", "minus", "question_mark"]
    assert keys("\r\t\x7f\x15\x1b") == ["enter", "tab", "backspace", "ctrl+u", "escape"]
    assert keys("\x1b[A\x1bOB\x1b[Cx") == ["up", "down", "right", "x"]
    assert keys("a\x1b[200~touch pwned") == ["a"]
    assert [key.key for key in read_keys(b"a\xff\x00b")] == ["a", "b"]


def test_what_was_typed_is_in_the_search(world: DemoHome) -> None:
    background = Background()
    background.typed = b"pax\x7fy prod"

    async def go() -> None:
        app = FullScreenApp(world.app(), background)
        async with app.run_test(size=(100, 30)) as pilot:
            user = User(app, pilot)
            await until(lambda: app.screen.query(RoleList) and role_list(user).shown.query)
            await until(lambda: role_list(user).shown.query == "pay prod")

    asyncio.run(go())


@pytest.mark.parametrize("is_light", [True, False])
@pytest.mark.parametrize("theme", ["", "auto", "ansi", "dark"])
def test_the_background_decides_between_light_and_dark(
    world: DemoHome, theme: str, is_light: bool
) -> None:
    if theme:
        settings = world.app().locations.settings_file
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(f'theme = "{theme}"\n')
    background = Background()
    background.is_light = is_light
    app = FullScreenApp(world.app(), background)
    assert app.current_theme.dark == (not is_light or theme == "dark")
    assert app.current_theme.ansi == (theme == "ansi")
