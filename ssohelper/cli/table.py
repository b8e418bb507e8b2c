"""Draws tables for a terminal. The library rich would take 3.7 s for 12,000 rows, and 30 ms to load."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import click

from ssohelper.core.text import broken_into_lines, columns_of_text, cut_to_columns

_GAP = "  "
# Columns up to this width, such as account id, form and state, are not narrowed.
_WHOLE = 12
_NARROWEST = 20
# The column `Narrowing.drop` is left out if it would get fewer characters than this.
_LEAST_SHOWN = 16
_PATH = re.compile(r"~?/.*/|[A-Za-z]:\\")


class Cell(NamedTuple):
    """A cell in a colour of click.style, or "dim"."""

    text: str
    color: str


class Narrowing(NamedTuple):
    """The numbers of the columns that are cut or left out on a narrow terminal.

    Long cells of the columns `cut` end with an ellipsis, not broken into lines. `drop` is left out
    if little of it could be shown, `extra` if the whole table does not fit.
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
        widths = self.widths
        if widths is None:
            names = max(map(columns_of_text, self.header))
            for number, row in enumerate(self.rows):
                if number:
                    yield ""
                for name, cell in zip(self.header, row, strict=True):
                    least = max(_unbreakable_width(text_of_cell(cell)), 1)
                    room = max(self.columns - names - len(_GAP), least)
                    yield from _row_lines((name, cell), (names, room), (), colored)
            return
        for line in _row_lines(self.header, widths, (), colored):
            yield click.style(line, bold=True) if bold else line
        for row in self.rows:
            yield from _row_lines(row, widths, self.narrowing.cut, colored)


def text_of_cell(cell: str | Cell) -> str:
    return cell.text if isinstance(cell, Cell) else cell


def make_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str | Cell]],
    columns: int,
    narrowing: Narrowing = NO_NARROWING,
) -> Table:
    """Return the table that fits a terminal of this width. URLs and short cells are never broken."""
    columns = max(columns, _NARROWEST)
    texts = [header, *([text_of_cell(cell) for cell in row] for row in rows)]
    natural = [max(map(columns_of_text, column)) for column in zip(*texts, strict=True)]
    least = [
        max(min(wide, _WHOLE), *map(_unbreakable_width, column))
        for wide, column in zip(natural, zip(*texts, strict=True), strict=True)
    ]
    cut, drop, extra = narrowing
    for number in cut:
        least[number] = min(natural[number], _WHOLE)
    if extra is not None and _width(natural) > columns:
        natural[extra] = least[extra] = 0
    widths = _narrowed(natural, least, cut, columns)
    is_small = drop is not None and widths[drop] < min(natural[drop], _LEAST_SHOWN)
    if drop is not None and (is_small or _width(widths) > columns):
        natural[drop] = least[drop] = 0
        widths = _narrowed(natural, least, cut, columns)
    widths = _narrowed(widths, least, range(len(widths)), columns)
    fits = _width(widths) <= columns
    return Table(header, rows, narrowing, columns, widths if fits else None)


def _narrowed(
    widths: Sequence[int], least: Sequence[int], able: Sequence[int], columns: int
) -> list[int]:
    """Narrow the widest of the columns `able` until the table fits: other rows lose nothing."""
    found = list(widths)
    while _width(found) > columns:
        wide = max(
            (one for one in able if found[one] > least[one]), key=found.__getitem__, default=-1
        )
        if wide < 0:
            break
        found[wide] -= 1
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
    shown = [
        (cell, list(_cell_lines(text_of_cell(cell), width, number in cut)), width)
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
        if width
    ]
    for number in range(max(len(lines) for _cell, lines, _width in shown)):
        parts = []
        for cell, lines, width in shown:
            part = lines[number] if number < len(lines) else ""
            space = " " * (width - columns_of_text(part))
            if part and colored and isinstance(cell, Cell):
                is_dim = cell.color == "dim"
                part = click.style(part, dim=True) if is_dim else click.style(part, fg=cell.color)
            parts.append(part + space)
        yield _GAP.join(parts).rstrip()


def _cell_lines(text: str, width: int, is_cut: bool) -> Iterable[str]:
    return (cut_to_columns(text, width),) if is_cut else broken_into_lines(text, width)
