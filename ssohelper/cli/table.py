"""Draws tables for a terminal. The library rich would take 3.7 s for 12,000 rows."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import click

from ssohelper.core.text import broken_into_lines, columns_of_text, cut_to_columns

_GAP = "  "
# Cells up to this length, such as account id, form and state, are not broken over several lines.
_WHOLE = 12
_NARROWEST = 20
# The column `Narrowing.drop` is left out if it would get fewer characters than this.
_LEAST_SHOWN = 16
# A column of `Narrowing.whole` is narrowed only if at most one row in 20 has a longer cell.
_ROWS_PER_LONG_ONE = 20
_PATH = re.compile(r"~?/.*/|[A-Za-z]:\\")


class Cell(NamedTuple):
    """A table cell with a colour: the name of a colour in click.style, or "dim"."""

    text: str
    color: str


class Narrowing(NamedTuple):
    """The numbers of the columns that are cut or left out on a narrow terminal.

    Long cells of the columns `cut` end with an ellipsis, those of the first number sooner than
    those of the second. The columns `whole` are kept whole as long as others can be narrowed; if
    only few rows have long cells there, these cells are broken into lines. The column `drop` is
    left out if only little of it could be shown.
    """

    cut: Sequence[int] = ()
    whole: Collection[int] = ()
    drop: int | None = None


NO_NARROWING = Narrowing()


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
    narrowing: Narrowing = NO_NARROWING,
) -> Iterator[str]:
    """Yield the lines of a table. A narrow terminal gets a block of lines for each row instead.

    `columns` is the width of the terminal. Cells are plain text, never markup. Their colours are
    drawn only with `colored`. Long cells are broken into lines, or cut as `narrowing` says.
    """
    columns = max(columns, _NARROWEST)
    if not colored:
        rows = [[text_of_cell(cell) for cell in row] for row in rows]
    widths = _find_column_widths(header, rows, columns, narrowing)
    if widths is None:
        yield from _block_lines(header, rows, columns)
        return
    for line in _row_lines(header, widths):
        yield click.style(line, bold=True) if bold else line
    cut = narrowing.cut
    for row in rows:
        yield from _row_lines(_cut_cells(row, widths, cut) if cut else row, widths)


def count_shortened_rows(
    header: Sequence[str],
    rows: Sequence[Sequence[str | Cell]],
    columns: int,
    narrowing: Narrowing = NO_NARROWING,
) -> int:
    """Return how many rows of the table have a cell that is cut, left out or broken into lines."""
    widths = _find_column_widths(header, rows, max(columns, _NARROWEST), narrowing)
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
    header: Sequence[str], rows: Sequence[Sequence[str | Cell]], columns: int, narrowing: Narrowing
) -> list[int] | None:
    """Return the widths of the columns, 0 for a column that is left out.

    Return None if each row must be a block of lines.
    """
    texts = [header, *([text_of_cell(cell) for cell in row] for row in rows)]
    lengths = [sorted(map(columns_of_text, column)) for column in zip(*texts, strict=True)]
    floors = [max(map(_unbreakable_width, column)) for column in zip(*texts, strict=True)]
    shown = list(range(len(header)))
    widths = _narrow_columns(shown, lengths, narrowing, columns)
    drop = narrowing.drop
    if drop is not None:
        is_too_wide = _table_width(widths, shown) > columns
        if is_too_wide or widths[drop] < min(_LEAST_SHOWN, lengths[drop][-1]):
            shown.remove(drop)
            widths = _narrow_columns(shown, lengths, narrowing, columns)
    found = _fit_column_widths(
        [widths[number] for number in shown],
        [floors[number] for number in shown],
        columns - len(_GAP) * (len(shown) - 1),
    )
    if found is None:
        return None
    fitted = dict(zip(shown, found, strict=True))
    return [fitted.get(number, 0) for number in range(len(header))]


def _table_width(widths: Sequence[int], shown: Sequence[int]) -> int:
    return sum(widths[number] for number in shown) + len(_GAP) * (len(shown) - 1)


def _narrow_columns(
    shown: Sequence[int], lengths: Sequence[Sequence[int]], narrowing: Narrowing, columns: int
) -> list[int]:
    """Return the column widths, some of them reduced until the table fits the terminal.

    Each step narrows one column to its next shorter cell: the column in which the fewest whole
    cells are lost for the room gained, so that one long name does not make all rows narrow.
    `lengths` are the sorted lengths of each column's cells. `shown` are the numbers of the columns
    in the table.
    """
    natural = [column[-1] for column in lengths]
    widths = list(natural)
    cut = [number for number in narrowing.cut if number in shown]
    whole = [number for number in narrowing.whole if number in shown]
    free = [number for number in shown if number not in cut and number not in whole]

    def share_of_whole_cells_lost(number: int) -> tuple[float, int]:
        column, width, lower = lengths[number], widths[number], next_width(number)
        lost = bisect_right(column, width) - bisect_right(column, lower)
        weight = 1 + cut.index(number) if number in cut else 1
        return weight * lost / (width - lower), -width

    def next_width(number: int) -> int:
        column = lengths[number]
        place = bisect_left(column, widths[number])
        return max(_WHOLE, column[place - 1] if place else 0)

    def is_for_few_rows(number: int) -> bool:
        column = lengths[number]
        too_long = len(column) - bisect_right(column, next_width(number))
        return too_long * _ROWS_PER_LONG_ONE <= len(column)

    while cut and _table_width(widths, shown) > columns:
        able = [*cut, *filter(is_for_few_rows, whole)]
        able += [max(free, key=widths.__getitem__)] if free else []
        able = [number for number in able if widths[number] > _WHOLE]
        if not able:
            break
        chosen = min(able, key=share_of_whole_cells_lost)
        widths[chosen] = next_width(chosen)
        # The last step may gain more room than is needed.
        widths[chosen] += max(0, columns - _table_width(widths, shown))
    # `_fit_column_widths` narrows the other columns later, evenly, by breaking cells into lines.
    return [natural[number] if number in free else width for number, width in enumerate(widths)]


def _cut_cells(
    row: Sequence[str | Cell], widths: Sequence[int], cut: Collection[int]
) -> list[str | Cell]:
    cells = list(row)
    for number in cut:
        if not widths[number]:
            continue
        cell = cells[number]
        text = cut_to_columns(text_of_cell(cell), widths[number])
        cells[number] = cell._replace(text=text) if isinstance(cell, Cell) else text
    return cells


def _unbreakable_width(cell: str) -> int:
    """Return the width of a cell with a URL or path, which must stay on one line; else 0."""
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
        list(broken_into_lines(text_of_cell(cell), columns)) if columns else []
        for cell, columns in zip(cells, widths, strict=True)
    ]
    for number in range(max(map(len, texts))):
        parts = [text[number] if number < len(text) else "" for text in texts]
        padded = (
            _style_part_of_cell(part, cell) + " " * (columns - columns_of_text(part))
            for part, cell, columns in zip(parts, cells, widths, strict=True)
            if columns
        )
        yield _GAP.join(padded).rstrip()


def _style_part_of_cell(part: str, cell: str | Cell) -> str:
    if not part or not isinstance(cell, Cell):
        return part
    return click.style(part, dim=True) if cell.color == "dim" else click.style(part, fg=cell.color)


def _block_lines(
    header: Sequence[str], rows: Sequence[Sequence[str | Cell]], columns: int
) -> Iterator[str]:
    """Yield each row as a block of lines, one for each cell; empty lines separate the blocks."""
    names = max(map(columns_of_text, header))
    for number, row in enumerate(rows):
        if number:
            yield ""
        for name, cell in zip(header, row, strict=True):
            room = max(columns - names - len(_GAP), _unbreakable_width(text_of_cell(cell)), 1)
            yield from _row_lines((name, cell), (names, room))
