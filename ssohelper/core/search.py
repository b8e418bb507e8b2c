"""Searches rows of text, and finds the names that are nearest to a mistyped name.

No other module decides what matches a search.
"""

import difflib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

# The score of a term that is a whole field, begins a field, begins a word, or is inside a word.
_WHOLE, _FIELD_START, _WORD_START, _INSIDE = 8, 4, 2, 1


class Span(NamedTuple):
    """Where a row has a term: in field number `field`, from character `start` to before `end`."""

    field: int
    start: int
    end: int


class Match(NamedTuple):
    """A row that matched: its number among the rows searched, its score, one span for each term."""

    row: int
    score: int
    spans: tuple[Span, ...]


def search(query: str | Iterable[str], rows: Iterable[Sequence[str]]) -> list[Match]:
    """Return the rows that contain every term, best first; equal scores keep the rows' order.

    A row contains a term if one of its fields contains the term, in upper or lower case.
    """
    terms = _terms(query)
    found = []
    for index, row in enumerate(rows):
        match = _match(index, terms, [_folded(field) for field in row])
        if match is not None:
            found.append(match)
    found.sort(key=lambda match: -match.score)
    return found


class Index:
    """Searches like the function `search`, but fast enough for each key press.

    20,000 rows take 10 ms. Texts repeat (each role of an account has the account's name), so a term
    is compared only once with each different text of a column.
    """

    def __init__(self, columns: Sequence[Sequence[str]]) -> None:
        self._count = len(columns[0]) if columns else 0
        self._columns = [_column(column) for column in columns]

    def search(self, query: str | Iterable[str]) -> list[int]:
        """Return the numbers of the rows that contain every term, best first."""
        found: Sequence[int] = range(self._count)
        totals: list[int] = []
        for number, term in enumerate(_terms(query)):
            scores = self._scores(term, found)
            if number:
                totals = [
                    total and score and total + score
                    for total, score in zip(totals, scores, strict=True)
                ]
            else:
                totals = scores
            found = [row for row, total in zip(found, totals, strict=True) if total]
            totals = [total for total in totals if total]
        if not totals:
            return list(found)
        order = sorted(range(len(totals)), key=totals.__getitem__, reverse=True)
        return [found[position] for position in order]

    def spans(self, query: str | Iterable[str], row: int) -> tuple[Span, ...]:
        """Return where the terms of the query are in this row."""
        fields = [texts[numbers[row]] for texts, numbers in self._columns]
        match = _match(row, _terms(query), fields)  # the fields are in lower case already
        return match.spans if match else ()

    def _scores(self, term: str, rows: Sequence[int]) -> list[int]:
        """Return a list with one score for each row: the term's best in any column, 0 if in none."""
        best: list[int] | None = None
        for texts, numbers in self._columns:
            by_text = [_score(term, text) if term in text else 0 for text in texts]
            if not any(by_text):
                continue
            in_column = [by_text[numbers[row]] for row in rows]
            best = in_column if best is None else list(map(max, best, in_column))
        return [0] * len(rows) if best is None else best


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.4) -> str:
    """Return `did you mean "a" or "b"? ` with at most three similar known names, or "".

    `cutoff` is how similar a name must be, from 0 to 1.
    """
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=cutoff)
    return "did you mean " + " or ".join(f'"{item}"' for item in near) + "? " if near else ""


def _column(fields: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return a column's different texts in lower case, and for each row the number of its text."""
    numbers: dict[str, int] = {}
    by_row = [numbers.setdefault(field, len(numbers)) for field in fields]
    return [_folded(text) for text in numbers], by_row


def _score(term: str, field: str) -> int:
    place = _place(term, field)
    return place[0] if place else 0


def _terms(query: str | Iterable[str]) -> list[str]:
    words = [query] if isinstance(query, str) else query
    return [_folded(term) for word in words for term in word.split()]


def _match(index: int, terms: list[str], fields: list[str]) -> Match | None:
    score = 0
    spans = []
    for term in terms:
        best = _best(term, fields)
        if best is None:
            return None
        score += best[0]
        spans.append(best[1])
    return Match(index, score, tuple(spans))


def _best(term: str, fields: list[str]) -> tuple[int, Span] | None:
    """Return the best score of the term in any field, and the place that has this score."""
    best: tuple[int, Span] | None = None
    for number, field in enumerate(fields):
        place = _place(term, field)
        if place is not None and (best is None or place[0] > best[0]):
            best = (place[0], Span(number, place[1], place[1] + len(term)))
    return best


def _place(term: str, field: str) -> tuple[int, int] | None:
    """Return the term's best score in this field, and the position with this score, or None."""
    start = field.find(term)
    if start < 0:
        return None
    if start == 0:
        return (_WHOLE if len(term) == len(field) else _FIELD_START), 0
    first = start
    while start >= 0:
        if not field[start - 1].isalnum():
            return _WORD_START, start
        start = field.find(term, start + 1)
    return _INSIDE, first


def _folded(text: str) -> str:
    """Return the text in lower case, with the same length, so that spans also fit the original."""
    if text.isascii():
        return text.lower()
    # A few characters, such as U+0130, become two characters in lower case. They stay as they are.
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)
