"""What a terminal sends, in any pieces: pasted text is never keys, and late answers are dropped."""

import random
import re
from collections.abc import Sequence

import pytest

from ssohelper.system.terminal_input import PASTE_BEGIN, PASTE_END, TerminalInput
from tests.long_rows import long_after

ESCAPE = "\x1b[27u"
COLOUR, ATTRIBUTES = "\x1b]11;rgb:ffff/ffff/ffff\x1b\\", "\x1b[?62;22c"
KEYS = ["a", "é", "\r", "\x1b[A", "\x1bOP", "\x1b[20~", "\x1b[1;5C", "\x1b[<0;10;8M", "\x7f"]
HOSTILE = {
    "n\x1by": "ny",
    "text\x1b\rmore": "text\nmore",
    "\x1b[1;32mgreen\x1b[0m yes": "green yes",
    "prod\r\x1b[20~y\ny\r\x1b]52;c;eA==\x07\x03\x1a": "prod\ny\ny\n]52;c;eA==",
    "\x1b[200~a\x1b[20\x1b[201": "a[20[201",
    "\x1b[\x1b[m200~\x9b20~\x00\tq": "[200~20~\tq",
    "\x1b": "",
}


class Reader:
    """Feeds pieces to a TerminalInput; `now` is its clock."""

    def __init__(self) -> None:
        self.input, self.now = TerminalInput(), 100.0

    def feed(self, *pieces: bytes | str) -> str:
        return "".join(
            self.input.feed(each.encode() if isinstance(each, str) else each, self.now)
            for each in pieces
        )

    def wait(self, seconds: float) -> str:
        self.now += seconds
        return self.input.release_held_input(self.now)


def paste(text: str) -> str:
    return f"{PASTE_BEGIN}{text}{PASTE_END}"


def splits(text: str) -> list[Sequence[bytes]]:
    """Return the text in one piece, in two pieces at each byte, and in single bytes."""
    data = text.encode()
    halves = [(data[:at], data[at:]) for at in range(1, len(data))]
    return [(data,), *halves, [bytes([each]) for each in data]]


@pytest.mark.parametrize("pasted", HOSTILE)
def test_pasted_text_is_passed_on_as_a_whole_without_control_characters(pasted):
    text = HOSTILE[pasted]
    expected = f"pay\x1b[A{paste(text) if pasted else ''}od"
    for pieces in splits(f"pay\x1b[A{paste(pasted)}od"):
        assert Reader().feed(*pieces) == expected, pieces


def test_keys_are_passed_on_as_they_came():
    text = (
        "".join(KEYS)
        + "\x1b[M!!!\x1b[[A\x1b[48;24;80;400;800t\x1b[?2026;1$y\x1b[97;;97u\x1b]a\x1bPx"
    )
    for pieces in splits(text):
        assert Reader().feed(*pieces) == text, pieces


@pytest.mark.parametrize(
    "answer",
    [
        *(COLOUR, ATTRIBUTES, f"{COLOUR}{ATTRIBUTES}", "\x1b]11;rgb:0000/0000/0000\x07"),
        *("\x1b]11;rgb:zz/\x80\x00/y\x07", "\x1b]11;" + "A" * 60 + "\x07"),
        *("\x1bP>|tmux 3.5\x1b\\", "\x1b_Gi=31;OK\x1b\\", "\x1b[>1;10;0c", "\x1b[201~"),
        "\x1b[1;\x1b[2\x1b\\",
    ],
)
def test_an_answer_is_dropped_whenever_it_comes(answer):
    for pieces in splits(f"pay {answer}prod{answer}"):
        assert Reader().feed(*pieces) == "pay prod", pieces


@pytest.mark.parametrize(
    "begin", ["\x1b]11;rgb:ff", "\x1bP1", PASTE_BEGIN, f"{PASTE_BEGIN}\x1b[20"]
)
@pytest.mark.parametrize("key", [*KEYS, "\x1b"])
def test_the_keyboard_is_free_again_at_the_first_key_after_a_pause(begin, key):
    reader = Reader()
    assert reader.feed(begin) == ""
    assert reader.wait(0.9) == ""
    assert reader.wait(0.2) == ""
    if begin.endswith("\x1b[20"):  # the mark's rest could still come, so this key is lost
        reader.feed("x")
        reader.wait(1.1)
    keys = reader.feed(key) + reader.wait(0.2)
    assert keys == (ESCAPE if key == "\x1b" else key)
    assert reader.feed("ab") == "ab"


def test_a_paste_that_comes_after_a_pause_is_no_key():
    reader = Reader()
    assert reader.feed(f"{PASTE_BEGIN}ab") == ""
    assert reader.wait(1.1) == paste("ab")
    assert reader.feed("c\ry") == ""
    assert reader.wait(1.1) == paste("c\ny")
    assert reader.feed(f"z\r{PASTE_END}q") == f"{paste('z' + chr(10))}q"
    assert reader.input.seconds_left(reader.now) is None


@pytest.mark.parametrize(
    ("held", "seconds", "becomes"),
    [
        ("\x1b", 0.1, ESCAPE),
        # The terminal rxvt sends the last for shift+F11.
        *((held, 0.5, held) for held in ("\x1b[", "\x1b]", "\x1b[23$")),
        *((held, 0.5, "") for held in ("\x1b[?1;2", "\x1b[1;")),
    ],
)
def test_the_beginning_of_a_sequence_is_held_for_a_while(held, seconds, becomes):
    reader = Reader()
    assert reader.feed(f"a{held}") == "a"
    assert reader.input.seconds_left(reader.now) == pytest.approx(seconds)
    assert reader.wait(seconds - 0.01) == ""
    assert reader.wait(0.02) == becomes
    assert reader.input.seconds_left(reader.now) is None
    assert reader.feed("b") == "b"


def test_an_escape_character_is_held_longer_while_an_answer_is_awaited():
    reader = Reader()
    reader.input.await_answer(reader.now)
    assert reader.feed("\x1b") == ""
    assert reader.wait(0.3) == ""
    assert reader.feed("]11;rgb:ffff/ffff/ffff\x07") == ""
    reader.feed(ATTRIBUTES, "\x1b")
    assert reader.wait(0.11) == ESCAPE
    reader.input.await_answer(reader.now)
    reader.now += 5.1
    reader.feed("\x1b")
    assert reader.wait(0.11) == ESCAPE


def test_line_feeds_that_came_early_are_enter():
    reader = Reader()
    reader.input.early_bytes = 5
    assert reader.feed("ab\n", "c\nd\n") == "ab\rc\rd\n"


def test_what_was_held_for_the_program_is_no_key_after_another_program():
    for begun in ("\x1b", f"{PASTE_BEGIN}ab", "\x1b]11;rgb:"):
        reader = Reader()
        reader.feed(begun)
        reader.input.drop_held_input()
        assert reader.wait(5) + reader.feed("cd") == "cd"


@pytest.mark.parametrize(
    ("pieces", "keys"),
    [
        (["pay\x1b]11;", *["A" * 4096] * 50, "\x07prod"], "payprod"),  # a huge answer
        ([PASTE_BEGIN, *["x" * 4096] * 20, f"{PASTE_END}y"], paste("x" * 65_536) + "y"),
        (["\x1b\x1b"], ESCAPE * 2),
        ([b"a\xff\xc3", b"\xa9b\xc3"], "aéb"),  # bytes that are no UTF-8 are left out
    ],
)
def test_what_is_too_much_or_malformed_is_left_out(pieces, keys):
    reader = Reader()
    assert reader.feed(*pieces) + reader.wait(0.2) == keys


@pytest.mark.parametrize("seed", long_after(20, range(400)))
def test_random_input_in_random_pieces_with_random_pauses(seed):
    chance = random.Random(seed)
    junk = [*KEYS, *"[]PO_20~;\\\x1b\x07\n\x9b", "\x1b[200", "\x1b[201", COLOUR, ATTRIBUTES]
    parts, expected = [], ""
    for number in range(chance.randrange(1, 6)):
        keys = "".join(chance.choices(KEYS, k=chance.randrange(4)))
        pasted = "".join(chance.choices(junk, k=chance.randrange(1, 12))).replace(PASTE_END, "")
        answer = chance.choice(["", COLOUR, ATTRIBUTES])
        parts.append(f"{keys}{answer}{paste(pasted + str(number))}")
        expected += keys + str(number)
    data, reader, found = "".join(parts).encode(), Reader(), ""
    while data:
        size = chance.randrange(1, 12)
        found, data = found + reader.feed(data[:size]), data[size:]
        found += reader.wait(chance.choice([0, 0.01, 0.05]))
    found += reader.wait(1.1)
    texts = re.findall(r"\x1b\[200~(.*?)\x1b\[201~", found, re.DOTALL)
    assert all(each.isprintable() or set(each) & set("\n\t") for each in texts)
    assert re.sub(r"\x1b\[200~.*?(\d)\x1b\[201~", r"\1", found, flags=re.DOTALL) == expected
