"""Tables on a terminal, by hand: rich takes 30 ms to import and 3.7 s for 12,000 rows."""

import re
from collections.abc import Iterator, Sequence

import click

from ssohelper.core.text import width

_GAP = "  "
# An account id is never torn, nor is what is as short: session, form, state.
_WHOLE = 12
_NARROWEST = 20
_LAST_MARK = re.compile(r".*[-._/,:]")


def lines(
    header: Sequence[str], rows: Sequence[Sequence[str]], room: int, *, bold: bool = False
) -> Iterator[str]:
    """Yield the rows under a header; where they cannot stand side by side, a block for each.

    `room`: the terminal's columns. Cells are text, never markup.
    """
    room = max(room, _NARROWEST)
    natural = [max(map(width, column)) for column in zip(header, *rows, strict=True)]
    widths = _fitting(natural, room - len(_GAP) * (len(header) - 1))
    if widths is None:
        yield from _blocks(header, rows, room)
        return
    for line in _row(header, widths):
        yield click.style(line, bold=True) if bold else line
    for row in rows:
        yield from _row(row, widths)


def _fitting(natural: Sequence[int], room: int) -> list[int] | None:
    """Return the columns' widths, taken from the widest; None where short ones would be torn."""
    ceiling = max(natural)
    while sum(min(wide, ceiling) for wide in natural) > room:
        ceiling -= 1
        if ceiling < _WHOLE:
            return None
    return [min(wide, ceiling) for wide in natural]


def _row(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    texts = [list(_folded(cell, room)) for cell, room in zip(cells, widths, strict=True)]
    for number in range(max(map(len, texts))):
        parts = [text[number] if number < len(text) else "" for text in texts]
        pairs = zip(parts, widths, strict=True)
        padded = (part + " " * (room - width(part)) for part, room in pairs)
        yield _GAP.join(padded).rstrip()


def _blocks(header: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> Iterator[str]:
    """Yield each row as lines of name and value, which are whole where the terminal has the room."""
    names = max(map(width, header))
    for number, row in enumerate(rows):
        if number:
            yield ""
        for pair in zip(header, row, strict=True):
            yield from _row(pair, (names, max(room - names - len(_GAP), 1)))


def _folded(text: str, room: int) -> Iterator[str]:
    """Yield the text in lines of at most `room` columns: broken at a space, else behind a mark."""
    while width(text) > room:
        end = _fitting_letters(text, room)
        space, mark = text.rfind(" ", 1, end + 1), _LAST_MARK.match(text, 0, end)
        end = space if space > 0 else mark.end() if mark else end
        yield text[:end].rstrip()
        text = text[end:].lstrip(" ")
    yield text


def _fitting_letters(text: str, room: int) -> int:
    """Return how many of the text's characters fit, at least one."""
    taken = 0
    for number, character in enumerate(text):
        taken += width(character)
        if taken > room:
            return max(number, 1)
    return len(text)
