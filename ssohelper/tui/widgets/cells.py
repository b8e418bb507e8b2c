"""Fits texts from AWS and from files into terminal cells.

The texts are escaped and cut or padded to a width, and the matches of a search are marked.
"""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from ssohelper.core.search import Span
from ssohelper.core.text import is_harmless, show

_ELLIPSIS = "…"


def fitted(text: str, width: int, tail: int = 0) -> str:
    """Return the escaped text in exactly `width` cells. It is cut with an ellipsis, or padded.

    If it is cut, its last `tail` characters are kept, as far as they fit. If `tail` is negative, so
    many characters are left out at its start, and more at its end if needed.
    """
    return "".join(piece for piece, _ in pieces_of(text, frozenset(), width, tail))


def marked(
    text: str, spans: Iterable[Span], width: int, style: Style, hit_style: Style, tail: int = 0
) -> list[Segment]:
    """Return the escaped text in exactly `width` cells, with the matches in `hit_style`.

    `spans` says which characters of the text match a search; `tail` as in `fitted`.
    """
    hits = frozenset(place for span in spans for place in range(span.start, span.end))
    return [
        Segment(piece, hit_style if is_hit else style)
        for piece, is_hit in pieces_of(text, hits, width, tail)
    ]


def hit_pieces(
    text: str, spans: Iterable[Span], field: int, width: int, style: str, tail: int = 0
) -> list[tuple[str, str]]:
    """Return the escaped text in exactly `width` cells, as pieces with the names of their styles.

    Its characters that match are in the style "hit": `spans` are those of a row, `field` is the
    number of this text's field; `tail` as in `fitted`.
    """
    hits = frozenset(
        place for span in spans if span.field == field for place in range(span.start, span.end)
    )
    pieces = pieces_of(text, hits, width, tail)
    return [(piece, "hit" if is_hit else style) for piece, is_hit in pieces]


def pieces_of(text: str, hits: frozenset[int], width: int, tail: int = 0) -> list[tuple[str, bool]]:
    """Return the escaped text as pieces, which take exactly `width` cells together.

    Each piece comes with True if it is a match. `hits` has the numbers of the matching characters.
    """
    if width <= 0:
        return []
    shown: Sequence[str] = text
    if not is_harmless(text):
        # Escapes each character alone, because `hits` counts the characters of the original text.
        shown = [show(character) for character in text]
    if not hits and isinstance(shown, str) and shown.isascii() and len(shown) <= width:
        return [(shown.ljust(width), False)]
    pieces: list[tuple[str, bool]] = []
    too_long = _cell_count(shown) > width
    start = max(0, -tail) if too_long else 0
    if start:
        rest = pieces_of(text[start:], frozenset(hit - start for hit in hits), width - 1)
        return [(_ELLIPSIS, False), *rest]
    end, end_cells = (
        _find_start_and_cells_of_end(shown, tail, width - 1) if too_long else (len(shown), 0)
    )
    limit = width - 1 - end_cells if too_long else width
    used = 0
    for place, piece in enumerate(shown):
        size = cell_len(piece)
        if used + size > limit or place >= end:
            break
        used += size
        _append_piece(pieces, piece, place in hits)
    if too_long:
        _append_piece(pieces, _ELLIPSIS, False)
        for place in range(end, len(shown)):
            _append_piece(pieces, shown[place], place in hits)
        used += 1 + end_cells
    if used < width:
        _append_piece(pieces, " " * (width - used), False)
    return pieces


def _find_start_and_cells_of_end(shown: Sequence[str], tail: int, limit: int) -> tuple[int, int]:
    """Return where the kept end of a text begins, and the cells that it takes, at most `limit`."""
    start, cells = len(shown), 0
    while start > 0 and len(shown) - start < tail and cells + cell_len(shown[start - 1]) <= limit:
        start -= 1
        cells += cell_len(shown[start])
    return start, cells


def _append_piece(pieces: list[tuple[str, bool]], piece: str, is_hit: bool) -> None:
    """Append the piece. It joins the last one if both are matches, or both are none."""
    if pieces and pieces[-1][1] == is_hit:
        pieces[-1] = (pieces[-1][0] + piece, is_hit)
    else:
        pieces.append((piece, is_hit))


def _cell_count(shown: Sequence[str]) -> int:
    return cell_len(shown) if isinstance(shown, str) else sum(map(cell_len, shown))
