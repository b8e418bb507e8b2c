"""Drives the full screen in a test: sends keys, and reads the screen as text."""

import asyncio
import builtins
import html
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from rich.cells import cell_len
from textual.app import App as TextualApp
from textual.pilot import Pilot

from ssohelper.app import App
from ssohelper.tui.app import FullScreenApp
from ssohelper.tui.typed_ahead import read_keys
from tests.tui.world import until

Scenario = Callable[["User"], Awaitable[None]]

# A piece of text in Textual's SVG: where it begins, its line (from 0), and itself.
_PIECE = re.compile(r'<text [^>]*x="([\d.]+)"[^>]*-line-(\d+)\)">([^<]*)</text>')
# The width of a cell in that SVG.
_CELL_WIDTH = 12.2


def read_screen(app: TextualApp[Any]) -> str:
    """Return the text of the whole screen, line by line.

    From the SVG, the only public form of the whole screen. It has no pieces that are blank.
    """
    # More than the screen has where Rich counts other widths than Textual: it wraps those lines.
    lines = defaultdict[int, str](str)
    for x, number, text in _PIECE.findall(app.export_screenshot(simplify=True)):
        line = _pad(lines[int(number)], round(float(x) / _CELL_WIDTH))
        lines[int(number)] = line + html.unescape(text).replace("\N{NO-BREAK SPACE}", " ")
    height = max([app.size.height - 1, *lines]) + 1
    return "\n".join(_pad(lines[number], app.size.width) for number in range(height))


def _pad(line: str, cells: int) -> str:
    return line + " " * (cells - cell_len(line))


class User:
    """A user of the full screen: presses keys, and waits for texts and screens."""

    def __init__(self, app: FullScreenApp, pilot: Pilot[Any]) -> None:
        self.app, self.pilot = app, pilot

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type this text at once: no key waits until the one before it has been handled."""
        for key in read_keys(text.encode()):
            self.app.post_message(key)
        await self.pilot.pause()

    @property
    def screen(self) -> str:
        """Return the text of the whole screen, line by line."""
        return read_screen(self.app)

    @property
    def messages(self) -> str:
        """Return the texts of all messages since the start, one a line."""
        return "\n".join(message.line for message in self.app.messages.all)

    async def wait_for_text(self, *texts: str) -> None:
        """Wait until the screen shows all of these texts."""
        await self._until(texts, lambda: self.screen)

    async def wait_for_message(self, *texts: str) -> None:
        """Wait until the messages since the start contain all of these texts."""
        await self._until(texts, lambda: self.messages)

    async def wait_for_screen(self, kind: builtins.type) -> None:
        """Wait until the current screen is of this class."""
        await until(lambda: isinstance(self.app.screen, kind))

    async def _until(self, texts: tuple[str, ...], place: Callable[[], str]) -> None:
        def has_all() -> bool:
            shown = place()  # once for all texts: a picture of the screen takes 25 ms
            return all(text in shown for text in texts)

        try:
            await until(has_all)
        except AssertionError:
            raise AssertionError(f"never there: {texts}, but:\n{place()}\n{self.screen}") from None


def run_scenario(
    services: App,
    scenario: Scenario,
    size: tuple[int, int] = (100, 30),
    *,
    wait_for_bars: bool = True,
) -> FullScreenApp:
    """Run the full screen with this scenario. An error in the program fails the test."""
    app = FullScreenApp(services)
    app.animation_level = "none"
    # A note must not vanish before a test on a slow machine has read it.
    app.note_seconds = 600.0

    async def go() -> None:
        async with app.run_test(size=size) as pilot:
            if wait_for_bars:
                await until(lambda: app.screen.query("KeyBar"))
            await scenario(User(app, pilot))

    asyncio.run(go())
    return app
