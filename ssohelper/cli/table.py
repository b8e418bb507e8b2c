"""Draws tables for a terminal. The library rich would take 3.7 s for 12,000 rows, and 30 ms to load."""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import click

from ssohelper.core.text import broken_into_lines, columns_of_text, cut_to_columns

_GAP = "  "
# Columns up to this width, such as account id, form and state, are not narrowed.
_WHOLE = 12
_NARROWEST = 20
# The column `Narrowing.drop` is left out if there is no room for this many characters.
_LEAST_SHOWN = 16
_PATH = re.compile(r"~?/.*/|[A-Za-z]:\\")


class Cell(NamedTuple):
    """A cell in a colour of click.style, or "dim"."""

    text: str
    color: str


class Narrowing(NamedTuple):
    """The numbers of the columns that are cut or left out on a narrow terminal.

    Cells of the columns `cut` end with an ellipsis, not broken into lines. `drop` is left out if
    little of it could be shown, `extra` if the whole table does not fit.
    """

    cut: Sequence[int] = ()
    drop: int | None = None
    extra: int | None = None


NO_NARROWING = Narrowing()


class Table(NamedTuple):
    """A column of width 0 is left out. Without widths, each row is drawn as a block of lines."""

    header: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    narrowing: Narrowing
    columns: int
    widths: Sequence[int] | None

    def leaves_out(self, column: int | None) -> bool:
        return column is not None and self.widths is not None and not self.widths[column]

    def lines(self, *, bold: bool = False, colored: bool = False) -> Iterator[str]:
        if self.widths is None:
            names = max(map(columns_of_text, self.header))
            for number, row in enumerate(self.rows):
                yield from [""] * bool(number)
                for name, cell in zip(self.header, row, strict=True):
                    least = max(_unbreakable_width(text_of_cell(cell)), 1)
                    room = max(self.columns - names - len(_GAP), least)
                    yield from _row_lines((name, cell), (names, room), (), colored)
            return
        for line in _row_lines(self.header, self.widths, (), colored):
            yield click.style(line, bold=True) if bold else line
        for row in self.rows:
            yield from _row_lines(row, self.widths, self.narrowing.cut, colored)


def text_of_cell(cell: str | Cell) -> str:
    return cell.text if isinstance(cell, Cell) else cell


def make_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str | Cell]],
    columns: int,
    narrowing: Narrowing = NO_NARROWING,
) -> Table:
    """Return the table that fits a terminal of this width. URLs and short cells are never broken."""
    columns, (cut, drop, extra) = max(columns, _NARROWEST), narrowing
    texts = list(zip(header, *(map(text_of_cell, row) for row in rows), strict=True))
    natural = [max(map(columns_of_text, column)) for column in texts]
    least = [
        max(min(wide, _WHOLE), *map(_unbreakable_width, column))
        for wide, column in zip(natural, texts, strict=True)
    ]
    for number in cut:
        least[number] = min(natural[number], _LEAST_SHOWN if number == drop else _WHOLE)
    if extra is not None and _width(natural) > columns:
        natural[extra] = least[extra] = 0
    widths = _narrowed(natural, least, cut, columns)
    if drop is not None and _width(widths) > columns:
        natural[drop] = least[drop] = 0
        widths = _narrowed(natural, least, cut, columns)
    widths = _narrowed(widths, least, range(len(widths)), columns)
    return Table(header, rows, narrowing, columns, widths if _width(widths) <= columns else None)


def _narrowed(
    widths: Sequence[int], least: Sequence[int], able: Sequence[int], columns: int
) -> list[int]:
    """Narrow the widest of the columns `able` until the table fits: other rows lose nothing."""
    found = list(widths)
    while _width(found) > columns and (wide := [n for n in able if found[n] > least[n]]):
        found[max(wide, key=found.__getitem__)] -= 1
    return found


def _width(widths: Sequence[int]) -> int:
    shown = list(filter(None, widths))
    return sum(shown) + len(_GAP) * (len(shown) - 1)


def _unbreakable_width(cell: str) -> int:
    """Return the width of a cell with a URL or path, which must stay on one line; else 0."""
    is_whole = " " not in cell and ("://" in cell or _PATH.match(cell) is not None)
    return columns_of_text(cell) if is_whole else 0


def _row_lines(
    cells: Sequence[str | Cell], widths: Sequence[int], cut: Sequence[int], colored: bool
) -> Iterator[str]:
    shown = [number for number, width in enumerate(widths) if width]
    lines_of_cells = [_cell_lines(text_of_cell(cells[n]), widths[n], n in cut) for n in shown]
    for line in itertools.zip_longest(*lines_of_cells, fillvalue=""):
        parts = []
        for number, part in zip(shown, line, strict=True):
            cell, space = cells[number], " " * (widths[number] - columns_of_text(part))
            if part and colored and isinstance(cell, Cell):
                is_dim = cell.color == "dim"
                part = click.style(part, dim=True) if is_dim else click.style(part, fg=cell.color)
            parts.append(part + space)
        yield _GAP.join(parts).rstrip()


def _cell_lines(text: str, width: int, is_cut: bool) -> Iterable[str]:
    return (cut_to_columns(text, width),) if is_cut else broken_into_lines(text, width)
