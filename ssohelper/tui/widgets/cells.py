"""Fits texts into terminal cells: escaped, cut or padded, with the matches of a search marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from ssohelper.core.text import is_harmless, show

if TYPE_CHECKING:
    from ssohelper.core.search import Span

_ELLIPSIS = "…"


def fitted(text: str, width: int, tail: int = 0) -> str:
    """Return the escaped text in exactly `width` cells, cut with an ellipsis, or padded.

    A positive `tail` keeps so many characters at the end; a negative one leaves out so many at the
    start, and cuts the end.
    """
    return "".join(piece for piece, _ in split_at_matches(text, frozenset(), width, tail))


def segments_with_matches(
    text: str, spans: Iterable[Span], width: int, style: Style, match_style: Style, tail: int = 0
) -> list[Segment]:
    """Return the text as `fitted` does, with the matches in `match_style`."""
    matches = frozenset(place for span in spans for place in range(span.start, span.end))
    return [
        Segment(piece, match_style if is_match else style)
        for piece, is_match in split_at_matches(text, matches, width, tail)
    ]


def pieces_with_matches(
    text: str, spans: Iterable[Span], field: int, width: int, style: str, tail: int = 0
) -> list[tuple[str, str]]:
    """Return the text as `fitted` does, in pieces; matches of this `field` have the style "hit"."""
    matches = frozenset(
        place for span in spans if span.field == field for place in range(span.start, span.end)
    )
    pieces = split_at_matches(text, matches, width, tail)
    return [(piece, "hit" if is_match else style) for piece, is_match in pieces]


def split_at_matches(
    text: str, matches: frozenset[int], width: int, tail: int = 0
) -> list[tuple[str, bool]]:
    """Return the text as `fitted` does, in parts, each with True if it is a match."""
    if width <= 0:
        return []
    shown: Sequence[str] = text
    if not is_harmless(text):
        # Escapes each character alone: `matches` counts the characters of the original text.
        shown = [show(character) for character in text]
    if not matches and isinstance(shown, str) and shown.isascii() and len(shown) <= width:
        return [(shown.ljust(width), False)]
    pieces: list[tuple[str, bool]] = []
    too_long = _cell_count(shown) > width
    start = max(0, -tail) if too_long else 0
    if start:
        rest = split_at_matches(
            text[start:], frozenset(match - start for match in matches), width - 1
        )
        return [(_ELLIPSIS, False), *rest]
    end, end_cells = _measure_end(shown, tail, width - 1) if too_long else (len(shown), 0)
    limit = width - 1 - end_cells if too_long else width
    used = 0
    for place, piece in enumerate(shown):
        size = cell_len(piece)
        if used + size > limit or place >= end:
            break
        used += size
        _append_piece(pieces, piece, place in matches)
    if too_long:
        _append_piece(pieces, _ELLIPSIS, False)
        for place in range(end, len(shown)):
            _append_piece(pieces, shown[place], place in matches)
        used += 1 + end_cells
    if used < width:
        _append_piece(pieces, " " * (width - used), False)
    return pieces


def _measure_end(shown: Sequence[str], tail: int, limit: int) -> tuple[int, int]:
    """Return where the kept end of a text begins, and its cells, at most `limit`."""
    start, cells = len(shown), 0
    while start > 0 and len(shown) - start < tail and cells + cell_len(shown[start - 1]) <= limit:
        start -= 1
        cells += cell_len(shown[start])
    return start, cells


def _append_piece(pieces: list[tuple[str, bool]], piece: str, is_match: bool) -> None:
    if pieces and pieces[-1][1] == is_match:
        pieces[-1] = (pieces[-1][0] + piece, is_match)
    else:
        pieces.append((piece, is_match))


def _cell_count(shown: Sequence[str]) -> int:
    return cell_len(shown) if isinstance(shown, str) else sum(map(cell_len, shown))
