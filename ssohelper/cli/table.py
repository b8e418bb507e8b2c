"""Tables on a terminal. Our own code: rich takes 30 ms to import and 3.7 s for 12,000 rows."""

from collections.abc import Iterator, Sequence

import click

from ssohelper.core.text import broken, width

_GAP = "  "
# Texts up to the length of an account id are not broken over lines: session, form, state.
_WHOLE = 12
_NARROWEST = 20


def lines(
    header: Sequence[str], rows: Sequence[Sequence[str]], room: int, *, bold: bool = False
) -> Iterator[str]:
    """Yield the lines of a table; of a block for each row where the terminal is too narrow.

    `room` is the terminal's columns. Cells are plain text, never markup.
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
    """Return widths that fit, the widest columns narrowed; None if short ones would be broken."""
    ceiling = max(natural)
    while sum(min(wide, ceiling) for wide in natural) > room:
        ceiling -= 1
        if ceiling < _WHOLE:
            return None
    return [min(wide, ceiling) for wide in natural]


def _row(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    texts = [list(broken(cell, room)) for cell, room in zip(cells, widths, strict=True)]
    for number in range(max(map(len, texts))):
        parts = [text[number] if number < len(text) else "" for text in texts]
        pairs = zip(parts, widths, strict=True)
        padded = (part + " " * (room - width(part)) for part, room in pairs)
        yield _GAP.join(padded).rstrip()


def _blocks(header: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> Iterator[str]:
    """Yield each row as lines of header and value, with an empty line between rows."""
    names = max(map(width, header))
    for number, row in enumerate(rows):
        if number:
            yield ""
        for pair in zip(header, row, strict=True):
            yield from _row(pair, (names, max(room - names - len(_GAP), 1)))
