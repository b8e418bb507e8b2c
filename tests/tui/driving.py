"""Drives the full screen in a test: sends keys, and reads the screen as text."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot

from ssohelper.app import App
from ssohelper.tui.app import FullScreenApp
from tests.tui.world import until

Scenario = Callable[["User"], Awaitable[None]]


class User:
    """A user of the full screen: presses keys, and waits for texts and screens."""

    def __init__(self, app: FullScreenApp, pilot: Pilot[Any]) -> None:
        self.app, self.pilot = app, pilot

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    @property
    def screen(self) -> str:
        """Return the text of the whole screen, line by line."""
        size = self.app.size
        strips = self.app.screen._compositor.render_strips(size)
        return "\n".join(strip.text for strip in strips)

    @property
    def toasts(self) -> str:
        """Return the texts of all messages in the corner."""
        return "\n".join(note.message for note in self.app._notifications)

    async def wait_for_text(self, *texts: str) -> None:
        """Wait until the screen shows all of these texts."""
        await self._until(texts, lambda: self.screen)

    async def wait_for_toast(self, *texts: str) -> None:
        """Wait until messages in the corner contain all of these texts."""
        await self._until(texts, lambda: self.toasts)

    async def wait_for_screen(self, kind: type) -> None:
        """Wait until the current screen is of this class."""
        await until(lambda: isinstance(self.app.screen, kind))

    async def _until(self, texts: tuple[str, ...], place: Callable[[], str]) -> None:
        try:
            await until(lambda: all(text in place() for text in texts))
        except AssertionError:
            raise AssertionError(f"never there: {texts}, but:\n{place()}\n{self.screen}") from None


def run_scenario(
    services: App, scenario: Scenario, size: tuple[int, int] = (100, 30)
) -> FullScreenApp:
    """Run the full screen with this scenario. An error in the program fails the test."""
    app = FullScreenApp(services)
    app.animation_level = "none"

    async def go() -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            await until(lambda: app.screen.query("Footer"))
            await scenario(User(app, pilot))

    asyncio.run(go())
    return app
