"""Keys and clicks that a user sends in one write, at random, while the full screen does its work.

`python -m tests.tui.bursts SEED COUNT` makes so many runs; it prints the seed of the first that
ends in an error, with what was sent.
"""

import asyncio
import contextlib
import os
import random
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from textual.events import Key, MouseDown, MouseEvent, MouseUp, Resize
from textual.geometry import Size

from ssohelper.core.grants import TerminalSession
from ssohelper.system import terminal_session
from ssohelper.tui import full_screen
from ssohelper.tui.full_screen import FullScreenApp
from ssohelper.tui.screens import role_shell
from tests.tui.driving import type_ahead
from tests.tui.moments import run_to_end
from tests.tui.world import DemoHome, demo_home

_STARTS, _BURSTS = 3, 8
_TYPED_AHEAD = ("", "", "payprod read\r", "\x1bOR", ":", "\x0c", "\x1bOS\x1b", "x\r\r")
_KEYS = (
    *("f1", "f2", "f2", "f3", "f3", "f4", "f4", "f5", "f6", "f7", "f8", "f9", "f10"),
    *("enter", "enter", "escape", "escape", "colon", "colon", "space", "ctrl+l"),
    *("ctrl+c", "ctrl+q", "ctrl+d", "ctrl+g", "ctrl+x", "ctrl+o", "tab", "down", "up"),
    *("n", "s", "x", "X", "S", "d", "f", "y", "q", "A", "space", "backspace"),
)
_SIZES = ((100, 30), (80, 24), (40, 12), (120, 14), (140, 40))
_GAPS = (0.0, 0.0, 0.001, 0.01, 0.05, 0.2)
_GUARDED = 'guard.rules = ["*/DatabaseAdmin"]\n'


def press(app: FullScreenApp, *keys: str) -> None:
    """Press keys at once, without waiting for any."""
    for key in keys:
        app.post_message(Key(key, key if len(key) == 1 else None))


def click(app: FullScreenApp, x: int, y: int, button: int = 1) -> None:
    """Press and release a button of the mouse."""
    for kind in (MouseDown, MouseUp):
        app.post_message(mouse(kind, x, y, button))


def mouse(kind: type[MouseEvent], x: int, y: int, button: int = 1) -> MouseEvent:
    return kind(None, x, y, 0, 0, button, False, False, False, x, y)


def resize(app: FullScreenApp, columns: int, lines: int) -> None:
    """Change the size of the terminal."""
    size = Size(columns, lines)
    if app._driver is not None:  # Textual's own `Pilot.resize_terminal` does this, too
        app._driver._size = columns, lines
    app.post_message(Resize(size, size))


def send_burst(app: FullScreenApp, chance: random.Random) -> list[str]:
    """Send some random keys, clicks and sizes without a wait; return what was sent."""
    sent: list[str] = []
    for _ in range(chance.randrange(1, 6)):
        kind = chance.choice(("key", "key", "key", "name", "click", "size"))
        if kind == "key":
            key = chance.choice(_KEYS)
            press(app, key)
            sent.append(key)
        elif kind == "size":
            size = chance.choice(_SIZES)
            resize(app, *size)
            sent.append(f"size {size}")
        else:
            width, height = app.size
            # The names of the screens are in the first line, the footer is the last.
            lines = (0,) if kind == "name" else (height - 1, chance.randrange(height))
            place = chance.randrange(width), chance.choice(lines)
            for _ in range(chance.choice((1, 1, 2))):
                click(app, *place)
                sent.append(f"click {place}")
    return sent


def run_bursts(world: DemoHome, seed: int) -> None:
    """Start the full screen some times, and send random bursts to it. An error in it is raised."""
    chance = random.Random(seed)
    settings = world.app().locations.settings_file
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(_GUARDED)
    sent: list[list[str]] = []
    for _ in range(_STARTS):
        typed = chance.choice(_TYPED_AHEAD)
        app = FullScreenApp(world.app(sleep=lambda _seconds: None))
        type_ahead(app, typed.encode())
        sent.append([repr(typed)])

        async def scenario(app: FullScreenApp = app) -> None:
            for _ in range(_BURSTS):
                await asyncio.sleep(chance.choice(_GAPS))
                if app.return_code is not None:
                    return
                if app.is_running:
                    sent.append(send_burst(app, chance))
            app.call_later(app.exit)

        try:
            with _without_shell_and_late_timers():
                run_to_end(app, scenario)
        except Exception as error:
            error.add_note(f"seed {seed}, sent: {sent}")
            raise


@contextlib.contextmanager
def _without_shell_and_late_timers() -> Iterator[None]:
    session = TerminalSession(os.getpid(), 1, "pts/0")
    with (
        mock.patch.object(full_screen, "PAINTED_SECONDS", 0.0),
        mock.patch.object(role_shell, "_run_ssohelper_until_end", return_value=None),
        mock.patch.object(FullScreenApp, "suspend", return_value=contextlib.nullcontext()),
        mock.patch.object(terminal_session, "find_terminal_session", return_value=session),
    ):
        yield


def main(seed: int, count: int) -> int:
    for number in range(seed, seed + count):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            try:
                with demo_home(Path(folder)) as world:
                    run_bursts(world, number)
            except Exception as error:
                print(f"seed {number}: {type(error).__name__}: {error}")
                traceback.print_exception(error)
                return 1
    print(f"{count} runs")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
