"""Draws tables for a terminal. rich would take 30 ms to import, and 3.7 s for 12,000 rows."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import click

from ssohelper.core.text import broken_into_lines, columns_of_text

_GAP = "  "
# Cells up to this length, such as account id, form and state, are not broken over several lines.
_WHOLE = 12
_NARROWEST = 20
_PATH = re.compile(r"~?/.*/|[A-Za-z]:\\")


class Cell(NamedTuple):
    """A cell whose text is drawn in a colour: a name that click.style knows, or "dim"."""

    text: str
    color: str


def text_of_cell(cell: str | Cell) -> str:
    """Return the text of a cell with or without a colour."""
    return cell.text if isinstance(cell, Cell) else cell


def table_lines(
    header: Sequence[str],
    rows: Sequence[Sequence[str | Cell]],
    columns: int,
    *,
    bold: bool = False,
    colored: bool = False,
) -> Iterator[str]:
    """Yield the lines of a table. A narrow terminal gets a block of lines for each row instead.

    `columns` is the width of the terminal. Cells are plain text, never markup. Their colours are
    drawn only with `colored`.
    """
    columns = max(columns, _NARROWEST)
    if not colored:
        rows = [[text_of_cell(cell) for cell in row] for row in rows]
    texts = [header, *([text_of_cell(cell) for cell in row] for row in rows)]
    natural = [max(map(columns_of_text, column)) for column in zip(*texts, strict=True)]
    floors = [max(map(_unbreakable_width, column)) for column in zip(*texts, strict=True)]
    widths = _fit_column_widths(natural, floors, columns - len(_GAP) * (len(header) - 1))
    if widths is None:
        yield from _block_lines(header, rows, columns)
        return
    for line in _row_lines(header, widths):
        yield click.style(line, bold=True) if bold else line
    for row in rows:
        yield from _row_lines(row, widths)


def _unbreakable_width(cell: str) -> int:
    """Return the width of a URL or path, which must not be broken; 0 for any other text."""
    is_whole = " " not in cell and ("://" in cell or _PATH.match(cell) is not None)
    return columns_of_text(cell) if is_whole else 0


def _fit_column_widths(
    natural: Sequence[int], floors: Sequence[int], columns: int
) -> list[int] | None:
    """Return column widths that fit the terminal; None if short cells or URLs would be broken.

    Only the widest columns are narrowed, and none below its width in `floors`.
    """
    ceiling = max(natural)
    while True:
        widths = [max(min(wide, ceiling), low) for wide, low in zip(natural, floors, strict=True)]
        if sum(widths) <= columns:
            return widths
        ceiling -= 1
        if ceiling < _WHOLE:
            return None


def _row_lines(cells: Sequence[str | Cell], widths: Sequence[int]) -> Iterator[str]:
    texts = [
        list(broken_into_lines(text_of_cell(cell), columns))
        for cell, columns in zip(cells, widths, strict=True)
    ]
    for number in range(max(map(len, texts))):
        parts = [text[number] if number < len(text) else "" for text in texts]
        padded = (
            _styled(part, cell) + " " * (columns - columns_of_text(part))
            for part, cell, columns in zip(parts, cells, widths, strict=True)
        )
        yield _GAP.join(padded).rstrip()


def _styled(part: str, cell: str | Cell) -> str:
    if not part or not isinstance(cell, Cell):
        return part
    return click.style(part, dim=True) if cell.color == "dim" else click.style(part, fg=cell.color)


def _block_lines(
    header: Sequence[str], rows: Sequence[Sequence[str | Cell]], columns: int
) -> Iterator[str]:
    """Yield each row as a block of lines with a header and a value; an empty line ends a block."""
    names = max(map(columns_of_text, header))
    for number, row in enumerate(rows):
        if number:
            yield ""
        for name, cell in zip(header, row, strict=True):
            room = max(columns - names - len(_GAP), _unbreakable_width(text_of_cell(cell)), 1)
            yield from _row_lines((name, cell), (names, room))
