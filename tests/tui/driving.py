"""Drives the full screen in a test: sends keys, and reads the screen as text."""

import asyncio
import builtins
from collections.abc import Awaitable, Callable
from itertools import groupby
from typing import Any
from unittest import mock

from rich.cells import cell_len
from rich.console import Console
from textual._compositor import Compositor
from textual._xterm_parser import XTermParser
from textual.app import App as TextualApp
from textual.events import Key, Paste
from textual.pilot import Pilot

from ssohelper.app import App
from ssohelper.tui.busy import BusyScreen
from ssohelper.tui.full_screen import FullScreenApp
from tests.tui.world import until

Scenario = Callable[["User"], Awaitable[None]]


def read_screen(app: TextualApp[Any]) -> str:
    """Return the text of the whole screen, line by line."""
    # The picture is the only public form of the whole screen. Its text alone takes a third of the
    # time of its SVG, in which it would have to be searched for.
    with mock.patch.object(Console, "export_svg", lambda console, **_: console.export_text()):
        lines = app.export_screenshot(simplify=True).split("\n")
    lines += [""] * (app.size.height - len(lines))  # the first picture of a screen can be empty
    # More lines than the screen has where Rich counts other widths than Textual: it wraps those.
    return "\n".join(_pad(line, app.size.width) for line in lines)


def _pad(line: str, cells: int) -> str:
    return line + " " * (cells - cell_len(line))


_drawings = 0


def _count_drawings() -> None:
    """Count from now on how often Textual draws, in this process. It has no public name for that."""
    draw = Compositor.render_update

    def draw_and_count(compositor: Compositor, *how: Any, **more: Any) -> Any:
        global _drawings
        _drawings += 1
        return draw(compositor, *how, **more)

    mock.patch.object(Compositor, "render_update", draw_and_count).start()


_count_drawings()


async def wait_until_drawn(pilot: Pilot[Any]) -> None:
    """Wait until Textual has drawn nothing for longer than a frame of 33 ms."""
    before = -1
    while before != _drawings:
        before = _drawings
        await pilot.pause(0.05)


def read_keys(typed: bytes) -> list[Key | Paste]:
    """Return the keys that Textual reads from these bytes of a terminal."""
    parser = XTermParser()
    found = [*parser.feed(typed.decode()), *parser.feed("")] if typed else []
    return [event for event in found if isinstance(event, (Key, Paste))]


def type_ahead(app: FullScreenApp, typed: bytes) -> None:
    """Let these keys come before all others, as those that were typed before the start."""
    app._waiting_input.extend(read_keys(typed))


class SameUntilDrawn:
    """Reads the screen's text. It is read again after Textual has drawn: a picture takes 25 ms."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read, self._text, self._drawings = read, "", -1

    def __call__(self) -> str:
        if self._drawings != _drawings:
            self._text = self._read()
            self._drawings = _drawings  # after the reading, because a picture counts as a drawing
        return self._text


class User:
    """A user of the full screen: presses keys, and waits for texts and screens."""

    def __init__(self, app: FullScreenApp, pilot: Pilot[Any]) -> None:
        self.app, self.pilot = app, pilot

    async def press(self, *keys: str) -> None:
        """Press the keys when the screen takes them: a user answers what is seen."""
        for is_letter, group in groupby(keys, lambda key: len(key) == 1):
            for part in [tuple(group)] if is_letter else [(key,) for key in group]:
                await self.until_keys_act()
                await self.pilot.press(*part)

    async def type(self, text: str) -> None:
        """Type this text at once: no key waits until the one before it has been handled."""
        for key in read_keys(text.encode()):
            self.app.post_message(key)
        await self.pilot.pause()

    async def paste(self, text: str) -> None:
        self.app.post_message(Paste(text))

    @property
    def screen(self) -> str:
        """Return the text of the whole screen, line by line."""
        return read_screen(self.app)

    @property
    def messages(self) -> str:
        """Return the texts of all messages since the start, one a line."""
        return "\n".join(message.line for message in self.app.messages.all)

    async def wait_for_text(self, *texts: str) -> None:
        """Wait until the screen shows all of these texts, and takes keys."""
        await self._until(texts, SameUntilDrawn(lambda: self.screen))
        await self.until_keys_act()

    async def wait_for_busy_screen(self, *texts: str) -> None:
        """Wait until the busy screen shows all of these texts."""
        await until(lambda: isinstance(self.app.screen, BusyScreen))
        await self._until(texts, SameUntilDrawn(lambda: self.screen))

    async def close_sign_in(self) -> None:
        """Close the sign-in dialog once it says that the user is signed in."""
        await self.wait_for_text("signed in · ⏎")
        await self.press("enter")

    async def wait_for_message(self, *texts: str) -> None:
        """Wait until the messages since the start contain all of these texts."""
        await self._until(texts, lambda: self.messages)

    async def wait_for_screen(self, kind: builtins.type) -> None:
        """Wait until the current screen is of this class, and takes keys."""
        await until(lambda: isinstance(self.app.screen, kind))
        await self.until_keys_act()

    async def until_keys_act(self) -> None:
        """Wait until a screen is drawn that takes keys, and no action keeps them to itself."""
        app = self.app

        def keys_act() -> bool:
            is_busy = isinstance(app, FullScreenApp) and app.busy.owns_keyboard
            return app.return_code is not None or not (app.is_opening or is_busy)

        await until(keys_act)

    async def _until(self, texts: tuple[str, ...], place: Callable[[], str]) -> None:
        def has_all() -> bool:
            shown = place()  # read the screen once for all texts
            return all(text in shown for text in texts)

        try:
            await until(has_all)
        except AssertionError:
            raise AssertionError(f"never there: {texts}, but:\n{place()}\n{self.screen}") from None


def begin_tasks_at_once() -> None:
    """Let each task run up to its first wait when it is made, as `App.run` does, and `run_test` not.

    Python 3.11 has no such tasks.
    """
    factory = getattr(asyncio, "eager_task_factory", None)
    asyncio.get_running_loop().set_task_factory(factory)


def run_scenario(
    services: App,
    scenario: Scenario,
    size: tuple[int, int] = (100, 30),
    *,
    wait_for_bars: bool = True,
    make_app: Callable[[App], FullScreenApp] = FullScreenApp,
    typed: str = "",
    end_work: bool = True,
) -> FullScreenApp:
    """Run the full screen with this scenario. An error in the program fails the test.

    What still runs at the end is ended, as the program does. With `end_work` False the test does
    it: otherwise a sign-in would go on in a thread for as long as the tests run.
    """
    app = make_app(services)
    type_ahead(app, typed.encode())
    app.animation_level = "none"
    # A note must not vanish before a test on a slow machine has read it.
    app.note_seconds = 600.0

    async def go() -> None:
        begin_tasks_at_once()
        async with app.run_test(size=size) as pilot:
            if wait_for_bars:
                await until(lambda: app.screen.query("KeyBar"))
            await scenario(User(app, pilot))

    try:
        asyncio.run(go())
    finally:
        for end in tuple(app.end_work) if end_work else ():
            end()
    return app
