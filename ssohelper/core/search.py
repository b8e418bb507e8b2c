"""Searches rows of text, and finds the names that are nearest to a mistyped name.

No other module decides what matches a search and which of two rows matches better.
"""

import difflib
import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from itertools import compress
from operator import add
from typing import NamedTuple

from ssohelper.core.query import Term, fold_case, parse_query, without_accents
from ssohelper.core.subsequence import (
    MAX_LENGTH,
    WordMatch,
    bonus_points_by_position,
    find_best_matches,
)

# The ranks of a search term: it is a whole field, begins a field, begins a word, or is inside a
# word.
_WHOLE, _FIELD_START, _WORD_START, _INSIDE = 8, 4, 2, 1
# A term that is found as a whole scores at least _AS_A_WHOLE * _UNIT; a term found as a subsequence
# scores less than _UNIT. So the rows with the most terms found as a whole come first.
_UNIT, _AS_A_WHOLE = 1 << 13, 256
# Of two texts with the same points, the shorter one is the better match, as in fzf. A point counts
# _LENGTH, and the lengths of a row's texts subtract less than that in all.
_LENGTH, _LONGEST = 1 << 15, 256
# How many points a match over two fields loses: as for a gap of an account id's width in fzf.
_FIELD_GAP = 3 + 13
# The most terms of a search: more than a user types.
_TERMS_KEPT = 8
# A word that is found as a subsequence over two fields needs so many characters: fewer would match
# nearly every row.
_LEAST_ACROSS = 3


class Span(NamedTuple):
    """Where a row matches: in field number `field`, from character `start` to before `end`."""

    field: int
    start: int
    end: int


class Index:
    """Searches rows, fast enough for each key press: 20,000 rows take about 10 ms.

    Texts repeat (each role of an account has the account's name), so a term is compared only once
    with each different text of a column.

    `fuzzy_columns` are two columns in which a word may be found as a subsequence: in the first, in
    the second, or begun in the first and ended in the second. `hidden` are columns that are not
    shown: an excluded word may be in them. `preferred` is how many rows, from the first on, come
    before others that match as well, however long their texts are.
    """

    def __init__(
        self,
        columns: Sequence[Sequence[str]],
        *,
        fuzzy_columns: tuple[int, int] | None = None,
        hidden: Collection[int] = (),
        preferred: int = 0,
    ) -> None:
        self._count = len(columns[0]) if columns else 0
        self._columns = [_Column(column) for column in columns]
        self._fuzzy_columns = fuzzy_columns
        self._hidden = hidden
        self._preferred = preferred
        # The scores for the terms of the last search: the next key press changes only one term, and
        # `spans` needs the scores again.
        self._by_term: dict[Term, tuple[list[list[int] | None], _TwoColumnSearch | None]] = {}

    def search(self, query: str | Iterable[str], *, fuzzy: bool = False) -> list[int]:
        """Return the numbers of the rows that match every term, best match first.

        Without `fuzzy`, each term must be in a field as a whole. With `fuzzy`, other characters may
        be between the term's characters; rows with terms found as a whole come first.
        """
        found: list[int] = list(range(self._count))
        totals = [0] * self._count
        for term in parse_query(query, fuzzy=fuzzy):
            scores = self._scores(term, found)
            if term.is_excluded:
                scores = [not score for score in scores]
            else:
                totals = list(map(add, totals, scores))
            found = list(compress(found, scores))
            totals = list(compress(totals, scores))
        for place in range(bisect_left(found, self._preferred)):
            totals[place] = -(-totals[place] // _LENGTH) * _LENGTH
        order = sorted(range(len(totals)), key=totals.__getitem__, reverse=True)
        return [found[place] for place in order]

    def spans(self, query: str | Iterable[str], row: int, *, fuzzy: bool = False) -> list[Span]:
        """Return which characters of this row match the terms of the query."""
        found: list[Span] = []
        for term in parse_query(query, fuzzy=fuzzy):
            if not term.is_excluded:
                found += self._spans(term, row)
        return found

    # -- how well rows match a search ------------------------------------------------------

    def _scores(self, term: Term, rows: Sequence[int]) -> list[int]:
        """Return a list with one score for each row: the term's best score in any column, or 0."""
        by_column, across = self._scores_of_texts(term)
        best: list[int] | None = None
        for column, scores in zip(self._columns, by_column, strict=True):
            if scores is not None:
                numbers = column.numbers
                in_column = [scores[numbers[row]] for row in rows]
                best = in_column if best is None else list(map(max, best, in_column))
        best = [0] * len(rows) if best is None else best
        return best if across is None else across.improved_scores(best, rows)

    def _scores_of_texts(
        self, term: Term
    ) -> tuple[list[list[int] | None], "_TwoColumnSearch | None"]:
        """Return the scores of the term in the texts of each column, and over two columns."""
        found = self._by_term.get(term)
        if found is None:
            fuzzy = self._fuzzy_columns or ()
            scores = [
                None
                if term.is_excluded and number in self._hidden
                else column.scores(term, fuzzy=number in fuzzy)
                for number, column in enumerate(self._columns)
            ]
            found = scores, self._make_two_column_search(term)
            if len(self._by_term) >= _TERMS_KEPT:
                del self._by_term[next(iter(self._by_term))]
            self._by_term[term] = found
        return found

    def _make_two_column_search(self, term: Term) -> "_TwoColumnSearch | None":
        if not term.is_fuzzy or self._fuzzy_columns is None or len(term.text) < _LEAST_ACROSS:
            return None
        first, second = self._fuzzy_columns
        across = _TwoColumnSearch(term.text, self._columns[first], self._columns[second])
        return across if across.is_possible else None

    def _spans(self, term: Term, row: int) -> list[Span]:
        by_column, across = self._scores_of_texts(term)
        best, field = 0, 0
        for number, scores in enumerate(by_column):
            score = scores[self._columns[number].numbers[row]] if scores is not None else 0
            if score > best:
                best, field = score, number
        if across is not None and self._fuzzy_columns is not None and best < _UNIT * _LENGTH:
            score, first, second = across.match_row(row)
            if score > best:
                one, two = self._fuzzy_columns
                return _spans_of_positions(one, first) + _spans_of_positions(two, second)
        column = self._columns[field]
        return (
            _spans_of_positions(field, column.positions(term, column.numbers[row])) if best else []
        )


class _Column:
    """The different texts of a column, as given and in lower case; for each row its text's number."""

    def __init__(self, fields: Sequence[str]) -> None:
        by_text: dict[str, int] = {}
        self.numbers = [by_text.setdefault(field, len(by_text)) for field in fields]
        self.originals = list(by_text)
        self.texts = [fold_case(text) for text in by_text]
        self._bonuses: dict[int, list[int]] = {}

    @cached_property
    def _texts_without_accents(self) -> list[str]:
        if all(map(str.isascii, self.texts)):
            return self.texts
        return list(map(without_accents, self.texts))

    def texts_to_search_for_word(self, word: str) -> list[str]:
        """Return the texts in which to look for a word of a search.

        As in fzf, a word without accents is also found where the text has them. All these texts
        have the lengths of the original ones.
        """
        return self._texts_without_accents if without_accents(word) == word else self.texts

    def bonuses_of(self, text_number: int) -> list[int]:
        """Return, for each position of this text, the points that a match there adds."""
        found = self._bonuses.get(text_number)
        if found is None:
            found = self._bonuses[text_number] = bonus_points_by_position(
                self.originals[text_number]
            )
        return found

    def scores(self, term: Term, *, fuzzy: bool) -> list[int] | None:
        """Return the score of the term in each text, or None if it is in no text."""
        texts = self.texts_to_search_for_word(term.text)
        has_any = False
        scores = [0] * len(texts)
        for word in term.spellings:
            for number, text in enumerate(texts):
                if word in text:
                    score, _ = _score_and_position_of_whole_word(
                        term, word, text, self.originals[number]
                    )
                    scores[number] = max(scores[number], score)
                    has_any = has_any or scores[number] > 0
        if fuzzy and term.is_fuzzy and len(term.text) > 1:
            passes = _subsequence_pattern(term.text).match
            for number, text in enumerate(texts):
                if not scores[number] and passes(text):
                    best = find_best_matches(term.text, text, self.bonuses_of(number))
                    scores[number] = _score_of_subsequence(best, term.text, len(text))
                    has_any = has_any or scores[number] > 0
        return scores if has_any else None

    def positions(self, term: Term, text_number: int) -> list[int]:
        """Return which characters of this text match the term, which must be in it."""
        text, original = (
            self.texts_to_search_for_word(term.text)[text_number],
            self.originals[text_number],
        )
        score, start, length = max(
            (*_score_and_position_of_whole_word(term, word, text, original), len(word))
            for word in term.spellings
        )
        if score:
            return list(range(start, start + length))
        return find_best_matches(term.text, text, self.bonuses_of(text_number))[-1].positions()


class _TwoColumnSearch:
    """Finds a word that begins in a text of one column and ends in a text of another."""

    def __init__(self, word: str, first: _Column, second: _Column) -> None:
        self._first, self._second = first, second
        # For each text of the second column: the matches of the word's suffixes, by the number of
        # the word's characters before the suffix, which must match in the first column.
        self._rests = [
            _matches_of_word_endings(word, second, number) for number in range(len(second.texts))
        ]
        self._needs = [min(rests, default=len(word)) for rests in self._rests]
        least = min(self._needs, default=len(word))
        self.is_possible = least < len(word)
        self._begun: list[list[WordMatch]] = []
        if self.is_possible:
            passes = _subsequence_pattern(word[:least]).match
            self._begun = [
                find_best_matches(word[:-1], text, first.bonuses_of(number)) if passes(text) else []
                for number, text in enumerate(first.texts_to_search_for_word(word))
            ]

    def improved_scores(self, scores: list[int], rows: Sequence[int]) -> list[int]:
        """Return the scores of the rows, or the score over both columns where that is better."""
        reaches = list(map(len, self._begun))
        ones, twos, needs = self._first.numbers, self._second.numbers, self._needs
        limit = _UNIT * _LENGTH
        return [
            max(score, self._best_split(ones[row], twos[row])[0])
            if score < limit and reaches[ones[row]] >= needs[twos[row]]
            else score
            for score, row in zip(scores, rows, strict=True)
        ]

    def match_row(self, row: int) -> tuple[int, list[int], list[int]]:
        """Return the row's score and the positions in both texts; the score is 0 without a match."""
        one, two = self._first.numbers[row], self._second.numbers[row]
        score, count = self._best_split(one, two)
        if not score:
            return 0, [], []
        return score, self._begun[one][count - 1].positions(), self._rests[two][count].positions()

    def _best_split(self, first_text: int, second_text: int) -> tuple[int, int]:
        """Return the word's best score, and how many of its characters match in the first text."""
        begun = self._begun[first_text]
        length = len(self._first.texts[first_text])
        points, best = 0, 0
        for count, rest in self._rests[second_text].items():
            if count <= len(begun):
                head = begun[count - 1]
                gap = _FIELD_GAP + min(length, MAX_LENGTH) - head.position
                worth = max(1, head.points + rest.points - gap)
                if worth > points:
                    points, best = worth, count
        if not best:
            return 0, 0
        return _score_with_length(
            min(points, _UNIT - 1), length + len(self._second.texts[second_text])
        ), best


def _matches_of_word_endings(word: str, column: _Column, text_number: int) -> dict[int, WordMatch]:
    """Return the matches of suffixes of the searched word at beginnings of words in this text.

    The keys are the numbers of characters of the searched word before the suffix.
    """
    text, bonus = column.texts_to_search_for_word(word)[text_number], column.bonuses_of(text_number)
    found = {}
    for count in range(1, len(word)):
        rest = word[count:]
        best = find_best_matches(rest, text, bonus)
        start = bonus[best[-1].positions()[0]] if len(best) == len(rest) else 0
        if start:
            # find_best_matches counts the bonus of a word's first character twice. The first
            # character of a suffix gets it once.
            found[count] = best[-1]._replace(points=best[-1].points - start)
    return found


def _subsequence_pattern(word: str) -> re.Pattern[str]:
    """Return a pattern that matches the texts that have the word as a subsequence."""
    escaped = [re.escape(character) for character in word]
    # The quantifiers are possessive, so that the pattern does not backtrack in a text without a
    # match. Inside […] a caret or a hyphen is escaped too.
    return re.compile("".join(f"[^{each}]*+{each}" for each in escaped), re.DOTALL)


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.4) -> str:
    """Return `did you mean "a" or "b"? ` with at most three similar known names, or "".

    `cutoff` is how similar a name must be, from 0 to 1.
    """
    near = similar_names(name, known, cutoff)
    return "did you mean " + " or ".join(f'"{item}"' for item in near) + "? " if near else ""


def similar_names(name: str, known: Iterable[str], cutoff: float = 0.4) -> list[str]:
    """Return at most three known names, the most similar first; `cutoff` is the least (0 to 1)."""
    return difflib.get_close_matches(name, list(known), n=3, cutoff=cutoff)


def _score_with_length(points: int, length: int) -> int:
    return points * _LENGTH - min(length, _LONGEST)


def _score_of_subsequence(matches: list[WordMatch], word: str, length: int) -> int:
    if len(matches) < len(word):
        return 0
    return _score_with_length(min(max(1, matches[-1].points), _UNIT - 1), length)


def _score_and_position_of_whole_word(
    term: Term, word: str, text: str, original: str
) -> tuple[int, int]:
    """Return score and position of a word that must be in the text as a whole; 0 if not."""
    place = _find_best_rank(term, word, text, original)
    if place is None:
        return 0, 0
    return _score_with_length(_UNIT * (_AS_A_WHOLE + place[0]), len(text)), place[1]


def _find_best_rank(term: Term, word: str, text: str, original: str) -> tuple[int, int] | None:
    """Return the word's best rank in this text, and the position with this rank, or None."""
    start = text.find(word)
    if start < 0:
        return None
    if text == word:
        return _WHOLE, 0
    if term.at_start:
        return (_FIELD_START, 0) if start == 0 and not term.at_end else None
    if term.at_end:
        start = len(text) - len(word)
        if not text.endswith(word):
            return None
        return (_WORD_START if _begins_word(original, start) else _INSIDE), start
    if start == 0:
        return _FIELD_START, 0
    first = start
    while start >= 0:
        if _begins_word(original, start):
            return _WORD_START, start
        start = text.find(word, start + 1)
    return _INSIDE, first


def _begins_word(text: str, start: int) -> bool:
    """Return whether a word begins here. "ReadOnly" has two words."""
    before = text[start - 1]
    return not before.isalnum() or (before.islower() and text[start].isupper())


def _spans_of_positions(field: int, positions: list[int]) -> list[Span]:
    """Return the positions as spans, one for each run of consecutive characters."""
    found: list[Span] = []
    for at in positions:
        if found and found[-1].end == at:
            found[-1] = found[-1]._replace(end=at + 1)
        else:
            found.append(Span(field, at, at + 1))
    return found
