"""Keys that are typed before the screen is there reach it."""

import asyncio

import pytest
from textual.events import Key, Paste

from ssohelper.system.terminal_background import Background
from ssohelper.tui.full_screen import FullScreenApp
from ssohelper.tui.typed_ahead import read_keys
from ssohelper.tui.widgets.role_list import RoleList
from tests.cli.listing_world import SCRIPT
from tests.long_rows import long_after
from tests.tui.driving import User
from tests.tui.screens.test_accounts import role_list
from tests.tui.terminal import Terminal
from tests.tui.world import DemoHome, until


def keys(typed: str) -> list[str]:
    return [key.key for key in read_keys(typed.encode()) if isinstance(key, Key)]


def test_bytes_of_a_terminal_become_keys() -> None:
    assert keys("aB1 é-?") == ["a", "B", "1", "space", "é", "minus", "question_mark"]
    assert keys("\r\t\x7f\x15\x1b") == ["enter", "tab", "backspace", "ctrl+u", "escape"]
    assert keys("\x1b[A\x1bOB\x1b[Cx") == ["up", "down", "right", "x"]
    assert [key.key for key in read_keys(b"a\xff\x00b") if isinstance(key, Key)] == ["a", "b"]


def test_pasted_text_keeps_its_place_among_the_keys() -> None:
    found = read_keys(b"a\x1b[200~rm\n\x1b[201~b")
    assert [each.text if isinstance(each, Paste) else each.key for each in found] == [
        "a",
        "rm\n",
        "b",
    ]


def csi(*ends: str) -> list[str]:
    return [f"\x1b[{end}" for end in ends]


F1_TO_F12 = [f"f{number}" for number in range(1, 13)]
F5_TO_F12 = [f"{number}~" for number in (15, 17, 18, 19, 20, 21, 23, 24)]


@pytest.mark.parametrize(
    ("sequences", "expected"),
    [
        (["\x1bOP", "\x1bOQ", "\x1bOR", "\x1bOS", *csi(*F5_TO_F12)], F1_TO_F12),
        (csi("[A", "[B", "[C", "[D", "[E", *F5_TO_F12[1:]), F1_TO_F12),
        (csi("11~", "12~", "13~", "14~", *F5_TO_F12), F1_TO_F12),
        (csi("H", "F", "1~", "4~", "7~", "8~"), ["home", "end"] * 3),
        (["\x1bOH", "\x1bOF"], ["home", "end"]),
        (csi("2~", "3~", "5~", "6~"), ["insert", "delete", "pageup", "pagedown"]),
        (csi("Z", "1;2D", "d", "1;5A"), ["shift+tab", "shift+left", "shift+left", "ctrl+up"]),
        (["\x1bOM", "\x1bOq", "\x1bOk"], ["enter", "1", "plus"]),
    ],
    ids=["xterm", "linux", "rxvt", "ends", "ends of SS3", "pages", "modified", "keypad"],
)
def test_sequences_are_keys_and_the_text_after_them_stays(
    sequences: list[str], expected: list[str]
) -> None:
    found = keys("".join(f"{sequence}ls" for sequence in sequences))
    assert found == [key for name in expected for key in (name, "l", "s")]


@pytest.mark.parametrize(
    "sequence",
    [
        *csi("1;3P", "23$", "11^", "<0;1;2M", "?2026;1$y", "?62;22c", "12;40R"),
        *("\x1b]11;rgb:0000/0000/0000\x1b\\", "\x1b]0;title\x07", "\x1bP>|tmux 3.5\x1b\\"),
    ],
)
def test_an_unknown_sequence_is_left_out_alone(sequence: str) -> None:
    assert keys(f"a{sequence}b") == ["a", "b"]


@pytest.mark.parametrize("cut", ["\x1b[200~touch pwned\r", "\x1b[1;", "\x1b["])
def test_a_sequence_that_is_cut_off_is_left_out(cut: str) -> None:
    assert keys(f"a{cut}") == ["a"]


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


@pytest.mark.parametrize(
    "f10", long_after(1, ["\x1b[21~", "\x1bOR\x1bOQ\x1b[21~"]), ids=["f10", "f3 f2 f10"]
)
def test_a_function_key_that_is_typed_before_the_start_acts(world: DemoHome, f10: str) -> None:
    terminal = Terminal((SCRIPT,), world.environ, size=(100, 30))
    terminal.send(f"payments-prod readonly{f10}")
    terminal.until("Command to run as ReadOnlyAccess in payments-prod")
    terminal.close()
