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


def fitted(text: str, width: int) -> str:
    """Return the escaped text in exactly `width` cells. It is cut with an ellipsis, or padded."""
    return "".join(piece for piece, _ in _pieces(text, frozenset(), width))


def marked(
    text: str, spans: Iterable[Span], width: int, style: Style, hit_style: Style
) -> list[Segment]:
    """Return the escaped text in exactly `width` cells, with the matches in `hit_style`.

    `spans` says which characters of the text match a search.
    """
    hits = frozenset(place for span in spans for place in range(span.start, span.end))
    return [
        Segment(piece, hit_style if is_hit else style)
        for piece, is_hit in _pieces(text, hits, width)
    ]


def _pieces(text: str, hits: frozenset[int], width: int) -> list[tuple[str, bool]]:
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
    too_long = _cells(shown) > width
    limit = width - 1 if too_long else width
    used = 0
    for place, piece in enumerate(shown):
        size = cell_len(piece)
        if used + size > limit:
            break
        used += size
        is_hit = place in hits
        if pieces and pieces[-1][1] == is_hit:
            pieces[-1] = (pieces[-1][0] + piece, is_hit)
        else:
            pieces.append((piece, is_hit))
    rest = (_ELLIPSIS if too_long else "") + " " * (width - used - too_long)
    if rest:
        pieces.append((rest, False))
    return pieces


def _cells(shown: Sequence[str]) -> int:
    return cell_len(shown) if isinstance(shown, str) else sum(map(cell_len, shown))
