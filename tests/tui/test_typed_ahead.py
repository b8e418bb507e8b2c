"""Keys that are typed before the screen is there reach it."""

import pytest

from ssohelper.system.terminal_input import Background
from ssohelper.tui.full_screen import FullScreenApp
from tests.cli.listing_world import SCRIPT
from tests.long_rows import long_after
from tests.tui.terminal import Terminal
from tests.tui.world import DemoHome


@pytest.mark.parametrize("is_light", [True, False])
@pytest.mark.parametrize("theme", ["", "auto", "ansi", "dark"])
def test_the_background_decides_between_light_and_dark(world, theme, is_light):
    if theme:
        settings = world.app().locations.settings_file
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(f'theme = "{theme}"\n')
    background = Background()
    background.is_light = is_light
    app = FullScreenApp(world.app(), background)
    assert app.current_theme.dark == (not is_light or theme == "dark")
    assert app.current_theme.ansi == (theme == "ansi")


@pytest.mark.parametrize(
    "f10", long_after(1, ["\x1b[21~", "\x1bOR\x1bOQ\x1b[21~"]), ids=["f10", "f3 f2 f10"]
)
def test_keys_and_a_paste_from_before_the_start_act(world: DemoHome, f10: str) -> None:
    terminal = Terminal((SCRIPT,), world.environ, size=(100, 30))
    terminal.send(f"payments-prx\x7fod \x1b[200~readonly\n\x1b[201~{f10}")
    terminal.until("Command to run as ReadOnlyAccess in payments-prod")
    terminal.close()
