"""Pictures of every screen, for the docs: `python -m tests.pictures [FOLDER]`, or `make pictures`.

Without a FOLDER, tests/gallery.py draws further pictures, which are not in the repository.

The home and the clock are fixed, so that tests/tui/test_pictures.py notices old pictures.
"""

import asyncio
import re
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from ssohelper.errors import AwsUnreachable
from ssohelper.tui.full_screen import FullScreenApp
from ssohelper.tui.screens import history
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from ssohelper.tui.themes import textual_theme_name
from tests import gallery
from tests.tui.driving import read_screen, wait_until_drawn
from tests.tui.world import DemoHome, demo_home, until

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
SIZES = ((100, 30), (80, 24))
THEMES = ("dark", "light")
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def main(folder: Path = FOLDER) -> None:
    """Draw all pictures into the folder, and remove pictures that no longer exist."""
    folder.mkdir(exist_ok=True)
    drawn = draw_all()
    for old in folder.glob("*.svg"):
        if old.stem not in drawn:
            old.unlink()
    for name, svg in drawn.items():
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
    print(f"{len(drawn)} pictures in {folder}")
    if folder == FOLDER:
        print(f"{gallery.draw()} pictures in {gallery.FOLDER}: open index.html there")


def draw_all() -> dict[str, str]:
    """Return the SVG of every picture by its name, `sessions-dark-100x30`."""
    with (
        tempfile.TemporaryDirectory() as folder,
        demo_home(Path(folder)) as world,
        # Pictures are the same in any time zone.
        mock.patch.object(history, "time_of_day_text", return_value="14:30:00"),
    ):
        return asyncio.run(_draw_each_picture(world))


async def _draw_each_picture(world: DemoHome) -> dict[str, str]:
    app = FullScreenApp(world.app(monotonic=lambda: 0.0))
    app.animation_level = "none"
    app.note_seconds = 600.0
    shots: dict[str, str] = {}
    async with app.run_test(size=SIZES[0]) as pilot:

        async def take(name: str) -> None:
            for field in app.screen.query(Input):
                field.cursor_blink = False
            # Every other time from the end: a change of the theme takes 0.1 s.
            themes = list(THEMES)
            for width, height in SIZES:
                await pilot.resize_terminal(width, height)
                for theme in themes:
                    app.theme = textual_theme_name(app, theme)
                    shots[f"{name}-{theme}-{width}x{height}"] = await _picture_at_rest(app, pilot)
                themes.reverse()
            await pilot.resize_terminal(*SIZES[0])

        await until(lambda: all(text in read_screen(app) for text in ("━", "? Help")))
        await take("accounts")
        await pilot.press(*"pay prod")
        await take("search")
        await pilot.press("f3")
        await until(lambda: _is_read(app.screen))
        await take("sessions")
        await pilot.press("down", "n")
        await until(
            lambda: app.screen.query("#code") and "PQRS" in _text_of_widget(app.screen, "#code")
        )
        await take("sign-in")
        await pilot.press("escape", "f4")
        await until(lambda: _is_planned(app.screen))
        await take("profiles")
        await pilot.press("space", "A")
        await until(lambda: app.screen.is_modal)
        await take("apply")
        await pilot.press("n", "f1")
        await until(lambda: app.screen.is_modal)
        await take("help")
        await pilot.press("escape")
        app.show_warning("the browser could not be started: open the address yourself")
        error = "the access portal in us-east-1 cannot be reached (no route to it)"
        app.show_error(AwsUnreachable(error))
        app.show_done("copied: 000040000001", "ssohelper list 000040000001")
        await pilot.press("ctrl+l", "down")
        await until(lambda: app.screen.is_modal)
        await take("messages")
    return shots


async def _picture_at_rest(app: FullScreenApp, pilot: Pilot[Any]) -> str:
    """Return the picture when it no longer changes."""
    await wait_until_drawn(pilot)
    return _FONTS.sub("", app.export_screenshot(title="ssohelper"))


def _is_read(screen: Screen[Any]) -> bool:
    return isinstance(screen, SessionsScreen) and screen.has_read_clocks


def _is_planned(screen: Screen[Any]) -> bool:
    return isinstance(screen, ProfilesScreen) and screen.is_planned


def _text_of_widget(screen: Screen[Any], where: str) -> str:
    return str(screen.query_one(where).render())


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
