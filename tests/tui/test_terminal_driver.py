"""Text that is pasted in a real terminal is never keys, and late answers are never text."""

import random
import sys
import time
from collections.abc import Iterator

import pyte
import pytest
from textual.events import Paste

from ssohelper.tui.keys import make_single_line
from ssohelper.tui.screens.ask import AskScreen
from ssohelper.tui.widgets.search_line import SearchLine
from tests.cli.listing_world import SCRIPT, Shell
from tests.long_rows import long_after, pairs_with_each_value_first
from tests.tui.driving import User, run_scenario
from tests.tui.terminal import ScreenStream, Terminal
from tests.tui.world import DemoHome, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pty")

EMPTY = "type to search"
QUESTION = b"\x1b]11;?\x1b\\\x1b[c"
COLOUR = b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\"
# Pasted text, and what is in the search then.
HOSTILE = {
    "text\x1b\rmore\x1b[18~": "text more",
    "\x1b[1;32mgreen\x1b[0m yes\r\r": "green yes",
    "pr\x1b[20~y\ny\r\x1b]52;c;eA==\x07\x03\x1a\x11\x1b": "pry y ]52;c;eA==",
}


@pytest.fixture
def full_screen(shell: Shell) -> Iterator[Terminal]:
    terminal = Terminal([SCRIPT], {**shell.environ, "SSH_TTY": "x"}, size=(100, 30))
    terminal.until(lambda: QUESTION in terminal.raw)
    terminal.send("\x1b[?62;22c")
    terminal.until("20/20")
    yield terminal
    terminal.close()


def mark(text: str) -> bytes:
    return f"\x1b[200~{text}\x1b[201~".encode()


def send(terminal: Terminal, *pieces: bytes) -> None:
    """Send each piece so that the program most likely reads it alone."""
    for number, piece in enumerate(pieces):
        if number:
            time.sleep(0.002)
        terminal.child.send(piece)


def search(terminal: Terminal) -> str:
    """Return the line of the search."""
    return next((each for each in terminal.lines if "/20" in each or EMPTY in each), "")


@pytest.mark.parametrize("seed", long_after(1, range(40)))
def test_a_paste_in_any_pieces_is_text(full_screen: Terminal, shell: Shell, seed: int) -> None:
    chance = random.Random(seed)
    config = shell.config.read_bytes()
    for pasted, text in HOSTILE.items():
        data = mark(pasted)
        cuts = [[at] for at in chance.sample(range(1, len(data)), 3 if seed < 2 else len(data) - 1)]
        cuts += [list(range(1, len(data)))]
        for cut in cuts:
            send(full_screen, *(data[a:b] for a, b in zip([0, *cut], [*cut, None], strict=True)))
            full_screen.until(lambda text=text: text in search(full_screen))  # type: ignore[misc]
            full_screen.send("q")  # a letter after the paste
            full_screen.until(lambda text=text: f"{text}q" in search(full_screen))  # type: ignore[misc]
            assert f" {text}q" in search(full_screen)
            full_screen.send("\x15")
            full_screen.until(lambda: EMPTY in search(full_screen))
    full_screen.send("\x1b")
    assert full_screen.wait() == 0
    assert "to use it" not in full_screen.text
    assert shell.config.read_bytes() == config


@pytest.mark.parametrize(
    "pasted", long_after(1, ["n\x1by", "\x1b[1;32mgreen text\x1b[0m yes", "y\r\x1b\r"])
)
def test_a_paste_answers_no_question(full_screen: Terminal, shell: Shell, pasted: str) -> None:
    config = shell.config.read_bytes()
    full_screen.send("\x1b[B\x1b[20~")  # the first role, and its profile
    full_screen.until("write ~/.aws/config?")
    send(full_screen, mark(pasted))
    # The help of the question opens, if that is still there. A key that comes before the dialog has
    # taken its keys is ignored, so F1 is pressed until then.
    for _ in range(100):
        full_screen.send("\x1bOP")
        while full_screen.read(1.0):
            pass
        if "The dialog asks a question" in full_screen.text:
            break
    full_screen.until("The dialog asks a question")
    assert shell.config.read_bytes() == config


def test_a_paste_chooses_nothing_in_a_picker(shell: Shell) -> None:
    terminal = Terminal([SCRIPT, "whoami"], shell.environ, size=(100, 30))
    terminal.until("20/20")
    send(terminal, mark("pay\x1b\r\x1b[Bread\r\n"))
    terminal.until("pay read")
    terminal.until("3/20")
    terminal.send("\x1b")
    terminal.until(EMPTY)
    terminal.close()


@pytest.mark.long
def test_the_keyboard_is_free_again_if_the_end_of_a_paste_does_not_come(full_screen):
    full_screen.send("\x1b[200~pay\rread")
    full_screen.until("pay read")
    full_screen.send("q")
    full_screen.until("pay readq")


@pytest.mark.long
def test_text_pasted_before_the_start_is_text(shell: Shell) -> None:
    terminal = Terminal([SCRIPT], {**shell.environ, "SSH_TTY": "x"}, size=(100, 30))
    terminal.until(lambda: QUESTION in terminal.raw)
    data = b"pay " + mark("re\x1b\rad\r") + b"q"
    terminal.child.send(data[:17])
    terminal.child.send(b"\x1b[?62;22c")
    terminal.until("● tree")
    terminal.child.send(data[17:])
    terminal.until("pay re adq")
    terminal.close()


ANSWERS: dict[str, list[bytes]] = {
    "late": [COLOUR + b"\x1b[?62;22c"],
    "late and in pieces": [b"\x1b]11;rgb:ff", b"ff/ffff/ffff\x07", b"\x1b[?1", b";2c"],
    "late after its first byte": [b"\x1b", b"]11;rgb:ffff/ffff/ffff\x07"],
    "without an end": [b"\x1b]11;rgb:ffff/ffff/ffff"],
    "huge": [b"\x1b]11;" + b"A" * 4000, b"A" * 4000, b"A" * 4000 + b"\x07"],
    "not a colour": [b"\x1b]11;rgb:zz/\x80\xff\x00/y\x07"],
}


@pytest.mark.parametrize(
    ("answer", "is_early"),
    long_after(2, pairs_with_each_value_first(list(ANSWERS), [False, True])),
)
def test_an_answer_is_neither_key_nor_text(shell: Shell, answer: str, is_early: bool) -> None:
    terminal = Terminal([SCRIPT], shell.environ, size=(100, 30))
    terminal.until(lambda: QUESTION in terminal.raw)
    terminal.send("pay")
    if not is_early:
        terminal.until("role keys")
    for piece in ANSWERS[answer]:
        terminal.child.send(piece)
        time.sleep(0.2 if len(ANSWERS[answer]) > 1 else 0)
    if answer == "without an end":  # a key on its own after a pause ends the answer
        time.sleep(1.5)
        terminal.send("p")
        terminal.until("payp")
        terminal.send("rod")
    else:
        terminal.send("prod")
    terminal.until("payprod")
    terminal.until(lambda: " payprod " in search(terminal))
    terminal.close()


# -- pasted text in the program itself ---------------------------------------------------------


@pytest.mark.parametrize(
    ("pasted", "line"),
    [
        ("a\nb\r\nc\r\n", "a b c"),
        ("\n\na\tb\x00\x1b\x9b\u202ec\u00a0d\u2028e", "a bc d e"),
        ("\r\n", ""),
    ],
)
def test_pasted_text_becomes_one_line(pasted: str, line: str) -> None:
    assert make_single_line(pasted) == line


def test_a_paste_of_several_lines_is_one_line_in_each_field(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        user.app.post_message(Paste("pay\nprod\n"))
        await until(lambda: user.app.screen.query_one(SearchLine).value == "pay prod")
        user.app.push_screen(AskScreen("Name", "", ""))
        await user.wait_for_screen(AskScreen)
        user.app.post_message(Paste("new\x1b\rname\n"))
        await until(lambda: getattr(user.app.focused, "value", "") == "new name")

    run_scenario(world.app(), scenario)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_the_tests_screen_shows_no_part_of_a_sequence_for_keys(size: int) -> None:
    """Whatever part of it one read has returned."""
    said = b"a\x1b[=5ub\x1b[>1u\x1b[<uc\x1b[>4;1md\x1b[31me\x1b[?2004h\x1b[=0u\x1b[>4;0mf"
    screen = pyte.Screen(20, 1)
    stream = ScreenStream(screen)
    for at in range(0, len(said), size):
        stream.feed(said[at : at + size])
    assert screen.display[0].rstrip() == "abcdef"
    assert [(screen.buffer[0][x].fg, screen.buffer[0][x].underscore) for x in (3, 4)] == [
        ("default", False),
        ("red", False),
    ]
