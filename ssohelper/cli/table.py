"""Draws tables for a terminal. rich would take 30 ms to import, and 3.7 s for 12,000 rows."""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import click

from ssohelper.core.text import broken_into_lines, columns_of_text, cut_to_columns

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
    cut: Collection[int] = (),
) -> Iterator[str]:
    """Yield the lines of a table. A narrow terminal gets a block of lines for each row instead.

    `columns` is the width of the terminal. Cells are plain text, never markup. Their colours are
    drawn only with `colored`. In the columns with the numbers `cut` a long cell ends with an
    ellipsis where that leaves more other cells whole; cells of other columns are broken into lines.
    """
    columns = max(columns, _NARROWEST)
    if not colored:
        rows = [[text_of_cell(cell) for cell in row] for row in rows]
    widths = _find_column_widths(header, rows, columns, cut)
    if widths is None:
        yield from _block_lines(header, rows, columns)
        return
    for line in _row_lines(header, widths):
        yield click.style(line, bold=True) if bold else line
    for row in rows:
        yield from _row_lines(_cut_cells(row, widths, cut) if cut else row, widths)


def count_shortened_rows(
    header: Sequence[str],
    rows: Sequence[Sequence[str | Cell]],
    columns: int,
    cut: Collection[int] = (),
) -> int:
    """Return how many rows of the table have a cell that is cut or broken into lines."""
    widths = _find_column_widths(header, rows, max(columns, _NARROWEST), cut)
    if widths is None:
        return len(rows)
    return sum(
        any(
            columns_of_text(text_of_cell(cell)) > width
            for cell, width in zip(row, widths, strict=True)
        )
        for row in rows
    )


def _find_column_widths(
    header: Sequence[str], rows: Sequence[Sequence[str | Cell]], columns: int, cut: Collection[int]
) -> list[int] | None:
    """Return the widths of the columns; None if each row must be a block of lines."""
    texts = [header, *([text_of_cell(cell) for cell in row] for row in rows)]
    lengths = [sorted(map(columns_of_text, column)) for column in zip(*texts, strict=True)]
    natural = [column[-1] for column in lengths]
    floors = [max(map(_unbreakable_width, column)) for column in zip(*texts, strict=True)]
    room = columns - len(_GAP) * (len(header) - 1)
    if cut:
        natural = _cut_column_widths(natural, lengths, cut, room)
    return _fit_column_widths(natural, floors, room)


def _cut_column_widths(
    natural: Sequence[int], lengths: Sequence[Sequence[int]], cut: Collection[int], room: int
) -> list[int]:
    """Return the widths with those of the columns `cut` reduced, as far as the others need it.

    Of these columns and the widest other one, the column is narrowed in which fewer cells are too
    long then: one long name does not make all rows narrow. `lengths` are those of each column's
    cells, in their order.
    """
    widths = list(natural)
    others = [number for number in range(len(widths)) if number not in cut]
    while sum(widths) > room:
        widest = [max(others, key=widths.__getitem__)] if others else []
        narrowed = [number for number in (*cut, *widest) if widths[number] > _WHOLE]
        if not narrowed:
            break

        def count_too_long_cells_and_lengths(number: int) -> tuple[int, int]:
            column = lengths[number]
            return len(column) - bisect_left(column, widths[number]), -widths[number]

        widths[min(narrowed, key=count_too_long_cells_and_lengths)] -= 1
    return [width if number in cut else natural[number] for number, width in enumerate(widths)]


def _cut_cells(
    row: Sequence[str | Cell], widths: Sequence[int], cut: Collection[int]
) -> list[str | Cell]:
    cells = list(row)
    for number in cut:
        cell = cells[number]
        text = cut_to_columns(text_of_cell(cell), widths[number])
        cells[number] = cell._replace(text=text) if isinstance(cell, Cell) else text
    return cells


def _unbreakable_width(cell: str) -> int:
    """Return the width of a cell with a URL or path, which must not be broken; else 0."""
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
            _style_part_of_cell(part, cell) + " " * (columns - columns_of_text(part))
            for part, cell, columns in zip(parts, cells, widths, strict=True)
        )
        yield _GAP.join(padded).rstrip()


def _style_part_of_cell(part: str, cell: str | Cell) -> str:
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
