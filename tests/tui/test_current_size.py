"""Sizes of the terminal that wait in a screen's queue: it is laid out for the last, and goes on."""

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
from textual.events import Event, Key, Resize
from textual.geometry import Size
from textual.message_pump import MessagePump
from textual.screen import Screen

from ssohelper.tui.current_size import CurrentSizeMixin
from ssohelper.tui.full_screen import FullScreenApp
from ssohelper.tui.picker import RolePicker
from tests.cli.listing_world import SCRIPT, Shell
from tests.tui.moments import run_to_end
from tests.tui.terminal import Terminal
from tests.tui.test_public_textual import own_classes
from tests.tui.world import DemoHome, until

NOW, EARLIER = Size(100, 30), Size(80, 24)
# A screen that lays itself out without end reaches any number.
_MOST_SIZES = 50
_KEYS = (b"\x1b[B", b"\x1bOP", b"\x1bOQ", b"\x1bOR", b"\x1bOS", b"\x10", b"a")


@contextmanager
def counted_sizes() -> Iterator[list[Resize]]:
    """Give the list of all sizes that screens handle. Too many of them raise an error."""
    handled: list[Resize] = []
    handle = MessagePump.on_event

    async def count_and_handle(pump: MessagePump, event: Event) -> None:
        if isinstance(event, Resize) and isinstance(pump, Screen):
            handled.append(event)
            assert len(handled) < _MOST_SIZES, "the screen lays itself out without end"
        await handle(pump, event)

    with mock.patch.object(MessagePump, "on_event", count_and_handle):
        yield handled


def queue_two_sizes_and_a_key(screen: Screen[Any]) -> None:
    """Put into the screen's queue what it gets during a long step: a size, a key, the size of now."""
    for event in (Resize(EARLIER, EARLIER), Key("down", None), Resize(NOW, NOW)):
        screen.post_message(event)


OPEN: dict[str, Callable[[FullScreenApp], object]] = {
    "accounts": lambda _app: None,
    "sessions": lambda app: app.action_go("sessions"),
    "profiles": lambda app: app.action_go("profiles"),
    "a dialog": lambda app: app.action_messages(),
    "the commands": lambda app: app.action_command_palette(),
}


def test_the_present_size_is_not_lost_to_an_earlier_one_behind_it(world: DemoHome) -> None:
    """Textual handles only the last of two sizes that wait one behind the other."""
    app = FullScreenApp(world.app())

    async def scenario() -> None:
        await until(lambda: app.is_running and app.screen_stack and app.screen.query("KeyBar"))
        for width in (90, 70):
            size = Size(width, 24)
            app._size = size  # as after a resize that the app has handled and the screen has not
            for each in (size, EARLIER):
                app.screen.post_message(Resize(each, each))
            await until(lambda size=size: app.screen.outer_size == app.size == size, 20)
        app.call_later(app.exit)

    run_to_end(app, scenario)


@pytest.mark.parametrize("name", list(OPEN))
def test_an_earlier_size_that_waits_with_a_key_is_ignored(world: DemoHome, name: str) -> None:
    app = FullScreenApp(world.app())

    async def scenario() -> None:
        await until(lambda: app.is_running and app.screen_stack and app.screen.query("KeyBar"))
        first = app.screen
        app.call_later(OPEN[name], app)
        await until(lambda: name == "accounts" or app.screen is not first)
        await until(lambda: app.screen.is_mounted)
        shown = app.screen
        with counted_sizes() as handled:
            queue_two_sizes_and_a_key(shown)
            await until(lambda: bool(handled) and handled[-1].size == NOW)
        assert EARLIER not in [each.size for each in handled]
        assert shown.size == app.size == NOW
        app.call_later(app.exit)

    run_to_end(app, scenario)


def test_every_screen_and_dialog_ignores_earlier_sizes() -> None:
    found = own_classes(Screen)
    assert len(found) > 15
    assert {each for each in found if not issubclass(each, CurrentSizeMixin)} == set()
    picker = RolePicker(mock.Mock(), [])
    assert isinstance(picker.get_default_screen(), CurrentSizeMixin)


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="needs a pty")
@pytest.mark.parametrize("seed", range(20))
def test_the_window_is_resized_while_the_program_starts(tmp_path, emulator, seed):
    """The program still ends at its key. Without the rule, 5 of 30 starts hung at full load."""
    shell = Shell(tmp_path, emulator)
    assert shell.run("list").returncode == 0
    chance = random.Random(seed)
    terminal = Terminal([SCRIPT], shell.environ, size=(110, 34))
    try:
        terminal.until(lambda: bool(terminal.raw))
        columns, lines = 110, 34
        for _ in range(60):
            columns = min(160, max(40, columns + chance.randint(-4, 4)))
            lines = min(50, max(12, lines + chance.randint(-2, 2)))
            terminal.resize(columns, lines)
            if chance.random() < 0.4:
                terminal.send(chance.choice(_KEYS).decode())
            terminal.read(chance.choice((0.002, 0.008, 0.015, 0.03)))
        terminal.until(lambda: any(sign in terminal.text for sign in ("▸", "│ Help")))
        terminal.send("\x11")
        assert terminal.wait() == 0
    finally:
        terminal.close()
