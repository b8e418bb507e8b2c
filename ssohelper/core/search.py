"""Searches rows of text as fzf does (0.60, src/algo/algo.go); see docs/decisions/0023-search.md."""

import re
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import compress
from operator import add, itemgetter
from typing import NamedTuple, TypeVar

from ssohelper.core.pasted_text import find_named_rows
from ssohelper.core.query import Term, fold_case, parse_query, without_accents

# The points of a matching character, and the points that its place adds.
_MATCH, _CONSECUTIVE, _GAP_START = 16, 4, 3
_AFTER_SPACE, _AFTER_DELIMITER, _BOUNDARY, _CAMEL = 10, 9, 8, 7
_DELIMITERS = "/,:;|"
# Names in AWS have at most 128 characters.
_SEARCHED_CHARACTERS = 256
# A match that continues in another field loses as many points as for a gap of an account id's
# length.
_FIELD_GAP = 3 + 13
# A shorter word that begins in one field and ends in another would match nearly every row.
_LEAST_ACROSS = 3
# A word that is found as a whole has more points than any match with other characters in between.
_WHOLE, _FIELD_START, _WORD_START, _INSIDE = ((256 + rank) << 13 for rank in (8, 4, 2, 1))
# Of two texts with the same points, the shorter one is better: one point counts more than any
# length.
_POINT, _LONGEST = 1 << 15, 256
# How many terms, and words of a column, keep their scores: typing changes only one term at a time.
_TERMS_KEPT, _WORDS_KEPT = 8, 32
_K = TypeVar("_K")
_V = TypeVar("_V")


class Span(NamedTuple):
    field: int
    start: int
    end: int


class Match(NamedTuple):
    """A word's characters in a text; `run` is the bonus of the last run of characters."""

    points: int
    run: int
    positions: tuple[int, ...]


class Index:
    """Searches rows, fast enough for each key press: 20,000 rows take about 10 ms.

    A term is compared once with each different text of a column. In the two `fuzzy_columns`, other
    characters may stand between a word's own, and a word may begin in the first column and end in
    the second. An excluded word (`!word`) is not searched in `hidden` columns. Of equal matches,
    the first `preferred` rows come first, and those that are `last` at the end. `named_columns` are
    the columns of account ids, role names and profiles: if nothing matches, the text may be a
    pasted one that names rows by these.
    """

    def __init__(
        self,
        columns: Sequence[Sequence[str]],
        *,
        fuzzy_columns: tuple[int, int] | None = None,
        hidden: Collection[int] = (),
        preferred: int = 0,
        last: Iterable[bool] = (),
        named_columns: tuple[int, int, int] | None = None,
    ) -> None:
        self._rows = range(len(columns[0]) if columns else 0)
        self._columns = [_Column(column) for column in columns]
        self._fuzzy_columns, self._hidden, self._preferred = fuzzy_columns, hidden, preferred
        self._named_columns = named_columns
        # Less than a point, but more than the length of any text.
        self._handicaps = [-_POINT // 2 if is_last else 0 for is_last in last]
        self._by_term: dict[Term, list[Sequence[int] | None]] = {}

    def search(self, query: str | Iterable[str], *, fuzzy: bool = False) -> list[int]:
        found: Sequence[int] = self._rows
        totals = [*self._handicaps] or [0] * len(found)
        terms = parse_query(query, fuzzy=fuzzy)
        for term in terms:
            scores = self._scores(term, found)
            if term.is_excluded:
                scores = [not score for score in scores]
            else:
                totals = list(map(add, totals, scores))
            found = list(compress(found, scores))
            totals = list(compress(totals, scores))
        for place in range(bisect_left(found, self._preferred)):
            totals[place] = -(-totals[place] // _POINT) * _POINT
            totals[place] += self._handicaps[found[place]] if self._handicaps else 0
        order = sorted(range(len(totals)), key=totals.__getitem__, reverse=True)
        if not order and self._named_columns and not any(term.is_excluded for term in terms):
            text = query if isinstance(query, str) else " ".join(query)
            return find_named_rows(
                text, *(self._columns[at].fields() for at in self._named_columns)
            )
        return [found[place] for place in order]

    def spans(self, query: str | Iterable[str], row: int, *, fuzzy: bool = False) -> list[Span]:
        found: list[Span] = []
        for term in parse_query(query, fuzzy=fuzzy):
            for field, positions in () if term.is_excluded else self._places(term, row):
                begins = len(found)
                for at in positions:  # consecutive characters share one span
                    if len(found) > begins and found[-1].end == at:
                        found[-1] = found[-1]._replace(end=at + 1)
                    else:
                        found.append(Span(field, at, at + 1))
        return found

    def texts_of_column(self, column: int) -> Sequence[str]:
        return self._columns[column].originals

    def _scores(self, term: Term, rows: Sequence[int]) -> list[int]:
        best = [0] * len(rows)
        for column, scores in zip(self._columns, self._column_scores(term), strict=True):
            if scores is not None:
                numbers = column.numbers
                best = list(map(max, best, [scores[numbers[row]] for row in rows]))
        splits = self._splits(term)
        if splits and self._fuzzy_columns:
            first, second = (self._columns[number] for number in self._fuzzy_columns)
            open_places = [place for place, score in enumerate(best) if not score]
            for _count, heads, rests in splits:
                open_places = [at for at in open_places if heads[first.numbers[rows[at]]]]
                for at in open_places:
                    one, two = first.numbers[rows[at]], second.numbers[rows[at]]
                    if rests[two]:
                        length = len(first.texts[one])
                        gap = _FIELD_GAP + min(length, _SEARCHED_CHARACTERS)
                        points = max(1, heads[one] + rests[two] - gap)
                        score = _score(points, length + len(second.texts[two]))
                        best[at] = max(best[at], score)
        return best

    def _column_scores(self, term: Term) -> list[Sequence[int] | None]:
        if term not in self._by_term:
            fuzzy = (self._fuzzy_columns or ()) if term.is_fuzzy and len(term.text) > 1 else ()
            self._by_term[term] = [
                None
                if term.is_excluded and number in self._hidden
                else column.scores(term, fuzzy=number in fuzzy)
                for number, column in enumerate(self._columns)
            ]
        return _last_used(self._by_term, term, _TERMS_KEPT)

    def _places(self, term: Term, row: int) -> Iterator[tuple[int, Sequence[int]]]:
        """Yield each field in which the term matches the row, and the matching positions."""
        scored = [
            (scores[column.numbers[row]], -number)
            for number, (column, scores) in enumerate(
                zip(self._columns, self._column_scores(term), strict=True)
            )
            if scores is not None
        ]
        best, field = max(scored, default=(0, 0))
        if best:
            yield -field, self._columns[-field].positions(term, row)
        elif self._fuzzy_columns:
            one, two = self._fuzzy_columns
            first, second = self._columns[one].numbers[row], self._columns[two].numbers[row]
            worth = {
                count: heads[first] + rests[second]
                for count, heads, rests in self._splits(term)
                if heads[first] and rests[second]
            }
            count = max(worth, key=worth.__getitem__, default=0)
            if count:
                yield one, self._columns[one].match(term.text[:count], first)
                yield two, self._columns[two].match(term.text[count:], second)

    def _splits(self, term: Term) -> list[tuple[int, Sequence[int], Sequence[int]]]:
        """Return each split of a term: the first part's length and points, and the rest's points.

        The rest must begin a word in the second column.
        """
        if not term.is_fuzzy or not self._fuzzy_columns or len(term.text) < _LEAST_ACROSS:
            return []
        first, second = (self._columns[number] for number in self._fuzzy_columns)
        return [
            (count, first.points(term.text[:count]), rests)
            for count in range(1, len(term.text))
            if any(rests := second.points(term.text[count:], begins_word=True))
        ]


class _Column:
    def __init__(self, fields: Sequence[str]) -> None:
        self.originals = list(dict.fromkeys(fields))
        # A range, because lists of 20,000 int objects would take 3 MB more.
        self.numbers: Sequence[int] = range(len(fields))
        if len(self.originals) < len(fields):
            by_text = {text: number for number, text in enumerate(self.originals)}
            self.numbers = [by_text[field] for field in fields]
        self.texts = [fold_case(text) for text in self.originals]
        self._bonuses: dict[int, bytes] = {}
        self._points: dict[tuple[str, bool], Sequence[int]] = {}

    def fields(self) -> list[str]:
        return [self.originals[number] for number in self.numbers]

    @cached_property
    def _texts_without_accents(self) -> list[str]:
        if all(map(str.isascii, self.texts)):
            return self.texts
        return list(map(without_accents, self.texts))

    def _texts_for(self, word: str) -> list[str]:
        # As in fzf, a word without accents also matches a text with accents.
        return self._texts_without_accents if without_accents(word) == word else self.texts

    def scores(self, term: Term, *, fuzzy: bool) -> Sequence[int] | None:
        texts = self._texts_for(term.text)
        # An array, because 20,000 int objects would take 0.8 MB more for each term that is kept.
        scores = array("q", bytes(8 * len(texts)))
        for word in term.spellings:
            for number, text in enumerate(texts):
                if word in text:
                    points = _whole_word(term, word, text, self.originals[number])[0]
                    # Inside a word, as "rd" in "orders", a match is no better than any other.
                    is_chance = fuzzy and points == _INSIDE and len(word) < _LEAST_ACROSS
                    if points and not is_chance:
                        scores[number] = max(scores[number], _score(points, len(text)))
        for number, points in enumerate(self.points(term.text) if fuzzy else ()):
            if points and not scores[number]:
                scores[number] = _score(points, len(texts[number]))
        return scores if any(scores) else None

    def points(self, word: str, *, begins_word: bool = False) -> Sequence[int]:
        """Return the word's points in each text, where other characters may be between its own.

        With `begins_word`, the match must begin a word of the text, and gets no bonus for that.
        """
        if (word, begins_word) not in self._points:
            # Possessive quantifiers do not backtrack in a text without a match.
            pattern = "".join(f"[^{each}]*+{each}" for each in map(re.escape, word))
            passes = re.compile(pattern, re.DOTALL).match
            found = self._points[word, begins_word] = array("H", bytes(2 * len(self.texts)))
            for number, text in enumerate(self._texts_for(word)):
                if passes(text) and (match := self._best_match(word, number, text)):
                    start = self._bonuses[number][match.positions[0]] if begins_word else 0
                    if start or not begins_word:
                        found[number] = match.points - start
        return _last_used(self._points, (word, begins_word), _WORDS_KEPT)

    def match(self, word: str, number: int) -> Sequence[int]:
        match = self._best_match(word, number, self._texts_for(word)[number])
        return match.positions if match else ()

    def positions(self, term: Term, row: int) -> Sequence[int]:
        number = self.numbers[row]
        text, original = self._texts_for(term.text)[number], self.originals[number]
        points, start, length = max(
            (*_whole_word(term, word, text, original), len(word)) for word in term.spellings
        )
        return range(start, start + length) if points else self.match(term.text, number)

    def _best_match(self, word: str, number: int, text: str) -> Match | None:
        bonuses = self._bonuses.get(number)
        if bonuses is None:
            bonuses = self._bonuses[number] = bonuses_of(self.originals[number])
        return best_match(word, text, bonuses)


def _last_used(known: dict[_K, _V], key: _K, most: int) -> _V:
    """Return the key's value; forget the value that was not used for the longest time."""
    known[key] = found = known.pop(key)
    if len(known) > most:
        del known[next(iter(known))]
    return found


def _score(points: int, length: int) -> int:
    return points * _POINT - min(length, _LONGEST)


def _whole_word(term: Term, word: str, text: str, original: str) -> tuple[int, int]:
    """Return points and position of a word that the text has without gaps; else 0 points."""
    start = text.find(word)
    if start < 0 or text == word:
        return (0, 0) if start else (_WHOLE, 0)
    if term.at_end:
        start = len(text) - len(word)
        if term.at_start or not text.endswith(word):
            return 0, 0
    elif start == 0:
        return _FIELD_START, 0
    elif term.at_start:
        return 0, 0
    first = start
    while start >= 0:
        before = original[start - 1]
        if not before.isalnum() or (before.islower() and original[start].isupper()):
            return _WORD_START, start
        start = text.find(word, start + 1)
    return _INSIDE, first


def bonuses_of(text: str) -> bytes:
    """Return the bonus for a match at each position: 0 inside a word. "ReadOnly" is two words."""
    found = bytearray()  # compact, since many are kept: a list is four times as big
    before = " "
    for character in text[:_SEARCHED_CHARACTERS]:
        if not character.isalnum():
            found.append(_AFTER_SPACE if character.isspace() else _BOUNDARY)
        elif before.isalnum():
            is_capital = before.islower() and character.isupper()
            is_number = character.isdigit() and not before.isdigit()
            found.append(_CAMEL if is_capital or is_number else 0)
        elif before.isspace():
            found.append(_AFTER_SPACE)
        else:
            found.append(_AFTER_DELIMITER if before in _DELIMITERS else _BOUNDARY)
        before = character
    return bytes(found)


def best_match(word: str, text: str, bonuses: bytes) -> Match | None:
    """Return the match with the most points. Word and text are in lower case."""
    ends: list[Match] = []  # the best match that ends at each place of this character
    for count, character in enumerate(word):
        before, ends, passed, apart = ends, [], 0, None
        at = text.find(character, before[0].positions[-1] + 1 if count else 0, len(bonuses))
        while at >= 0:
            here = bonuses[at]
            options = [] if count else [Match(_MATCH + 2 * here, here, (at,))]
            while passed < len(before) and before[passed].positions[-1] < at - 1:
                one = before[passed]
                # Each character of a gap costs a point.
                worth = one.points + one.positions[-1]
                if apart is None or worth > apart.points + apart.positions[-1]:
                    apart = one
                passed += 1
            if apart is not None:
                points = apart.points + _MATCH + here - _GAP_START - at + apart.positions[-1] + 2
                options.append(Match(points, here, (*apart.positions, at)))
            if passed < len(before) and before[passed].positions[-1] == at - 1:
                one = before[passed]
                begins = here >= _BOUNDARY and here > one.run
                run = here if begins else one.run
                worth = here if begins else max(here, one.run, _CONSECUTIVE)
                options.append(Match(one.points + _MATCH + worth, run, (*one.positions, at)))
            ends.append(max(options, key=_points_of))
            at = text.find(character, at + 1, len(bonuses))
        if not ends:
            return None
    return max(ends, key=_points_of)


_points_of = itemgetter(0)
