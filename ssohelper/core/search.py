"""Searches rows of text.

No other module decides what matches a search and which of two rows matches better.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from itertools import compress
from operator import add
from typing import NamedTuple

from ssohelper.core.query import Term, fold_case, parse_query, without_accents
from ssohelper.core.search_scores import (
    LENGTH_UNIT,
    POINTS_UNIT,
    score_and_position_of_whole_word,
    score_of_subsequence,
    score_with_length,
    subsequence_pattern,
)
from ssohelper.core.subsequence import (
    MAX_LENGTH,
    WordMatch,
    bonus_points_by_position,
    find_best_matches,
)

# How many points a match over two fields loses: as many as for a gap as long as an account id in
# fzf.
_FIELD_GAP = 3 + 13
# The most terms of a search: more than a user types.
_TERMS_KEPT = 8
# The fewest characters of a word that is searched as a subsequence over two fields: a shorter word
# would match nearly every row.
_LEAST_ACROSS = 3


class Span(NamedTuple):
    """Where a row matches: in field number `field`, from character `start` to before `end`."""

    field: int
    start: int
    end: int


# The int objects that `row_numbers` returns: all lists of row numbers share these objects.
_shared_numbers: list[int] = []


def row_numbers(count: int) -> list[int]:
    """Return a new list of the numbers from 0 to before `count`.

    All returned lists share the same int objects: 20,000 separate ones in each of five lists would
    take 3 MB more.
    """
    global _shared_numbers
    known = _shared_numbers
    if len(known) < count:
        # The list is replaced and not extended, because another thread may do this at the same time.
        _shared_numbers = known = [*known, *range(len(known), count)]
    return known[:count]


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
        self._rows = row_numbers(len(columns[0]) if columns else 0)
        self._columns = [_Column(column) for column in columns]
        self._fuzzy_columns = fuzzy_columns
        self._hidden = hidden
        self._preferred = preferred
        # The scores for the terms of the last search: the next key press changes only one term, and
        # `spans` needs the scores again.
        self._by_term: dict[Term, _ScoresOfTerm] = {}

    def search(self, query: str | Iterable[str], *, fuzzy: bool = False) -> list[int]:
        """Return the numbers of the rows that match every term, best match first.

        Without `fuzzy`, each term must be in a field as a whole. With `fuzzy`, other characters may
        be between the term's characters; rows with terms found as a whole come first.
        """
        found = self._rows
        totals = [0] * len(found)
        for term in parse_query(query, fuzzy=fuzzy):
            scores = self._scores(term, found)
            if term.is_excluded:
                scores = [not score for score in scores]
            else:
                totals = list(map(add, totals, scores))
            found = list(compress(found, scores))
            totals = list(compress(totals, scores))
        for place in range(bisect_left(found, self._preferred)):
            totals[place] = -(-totals[place] // LENGTH_UNIT) * LENGTH_UNIT
        order = sorted(range(len(totals)), key=totals.__getitem__, reverse=True)
        return [found[place] for place in order]

    def spans(self, query: str | Iterable[str], row: int, *, fuzzy: bool = False) -> list[Span]:
        """Return which characters of this row match the terms of the query."""
        found: list[Span] = []
        for term in parse_query(query, fuzzy=fuzzy):
            if not term.is_excluded:
                found += self._spans(term, row)
        return found

    def text_of(self, column: int, row: int) -> str:
        """Return the text of a row in a column."""
        found = self._columns[column]
        return found.originals[found.numbers[row]]

    def texts_of_column(self, column: int) -> Sequence[str]:
        """Return the different texts of a column."""
        return self._columns[column].originals

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

    def _scores_of_texts(self, term: Term) -> "_ScoresOfTerm":
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
        if (
            across is not None
            and self._fuzzy_columns is not None
            and best < POINTS_UNIT * LENGTH_UNIT
        ):
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
        self.originals = list(dict.fromkeys(fields))
        numbers = row_numbers(len(self.originals))
        if len(numbers) < len(fields):
            by_text = dict(zip(self.originals, numbers, strict=True))
            numbers = [by_text[field] for field in fields]
        self.numbers = numbers
        self.texts = [fold_case(text) for text in self.originals]
        self._bonuses: dict[int, Sequence[int]] = {}

    @cached_property
    def _texts_without_accents(self) -> list[str]:
        if all(map(str.isascii, self.texts)):
            return self.texts
        return list(map(without_accents, self.texts))

    def texts_to_search_for_word(self, word: str) -> list[str]:
        """Return the texts in which to look for a word of a search.

        As in fzf, a word without accents is also found where the text has accents. All these texts
        have the lengths of the original ones.
        """
        return self._texts_without_accents if without_accents(word) == word else self.texts

    def bonuses_of(self, text_number: int) -> Sequence[int]:
        """Return, for each position in this text, the points that a match at the position adds."""
        found = self._bonuses.get(text_number)
        if found is None:
            found = self._bonuses[text_number] = bonus_points_by_position(
                self.originals[text_number]
            )
        return found

    def scores(self, term: Term, *, fuzzy: bool) -> Sequence[int] | None:
        """Return the score of the term in each text, or None if it is in no text."""
        texts = self.texts_to_search_for_word(term.text)
        has_any = False
        # An array, because the scores of several terms are kept: as int objects, the scores of
        # 20,000 texts would take 0.8 MB for each term.
        scores = array("q", bytes(8 * len(texts)))
        for word in term.spellings:
            for number, text in enumerate(texts):
                if word in text:
                    score, _ = score_and_position_of_whole_word(
                        term, word, text, self.originals[number]
                    )
                    scores[number] = max(scores[number], score)
                    has_any = has_any or scores[number] > 0
        if fuzzy and term.is_fuzzy and len(term.text) > 1:
            passes = subsequence_pattern(term.text).match
            for number, text in enumerate(texts):
                if not scores[number] and passes(text):
                    best = find_best_matches(term.text, text, self.bonuses_of(number))
                    scores[number] = score_of_subsequence(best, term.text, len(text))
                    has_any = has_any or scores[number] > 0
        return scores if has_any else None

    def positions(self, term: Term, text_number: int) -> list[int]:
        """Return which characters of this text match the term. The text must have a match."""
        text, original = (
            self.texts_to_search_for_word(term.text)[text_number],
            self.originals[text_number],
        )
        score, start, length = max(
            (*score_and_position_of_whole_word(term, word, text, original), len(word))
            for word in term.spellings
        )
        if score:
            return list(range(start, start + length))
        return find_best_matches(term.text, text, self.bonuses_of(text_number))[-1].positions()


# A term's scores in the texts of each column (None for a column without the term), and over two
# columns.
_ScoresOfTerm = tuple[list[Sequence[int] | None], "_TwoColumnSearch | None"]


class _TwoColumnSearch:
    """Finds a word that begins in a text of one column and ends in a text of another."""

    def __init__(self, word: str, first: _Column, second: _Column) -> None:
        self._word, self._first, self._second = word, first, second
        # For each text of the second column: the matches of the word's suffixes, by the number of
        # the word's characters before the suffix, which must match in the first column.
        self._rests = [
            _matches_of_word_endings(word, second, number) for number in range(len(second.texts))
        ]
        self._needs = [min(rests, default=len(word)) for rests in self._rests]
        least = min(self._needs, default=len(word))
        self.is_possible = least < len(word)
        # For each text of the first column: how many of the word's first characters match in it.
        self._reaches = array("q")
        # By a number of the word's first characters: what their match is worth in each of these
        # texts. The matches themselves would take 10 MB for 20,000 texts.
        self._heads = {count: array("q") for rests in self._rests for count in rests}
        if self.is_possible:
            self._match_beginnings_of_word(subsequence_pattern(word[:least]))

    def _match_beginnings_of_word(self, needed: re.Pattern[str]) -> None:
        """Match the word with each text of the first column in which `needed` is found."""
        beginning, passes, first = self._word[:-1], needed.match, self._first
        for number, text in enumerate(first.texts_to_search_for_word(self._word)):
            best: Sequence[WordMatch] = ()
            if passes(text):
                best = find_best_matches(beginning, text, first.bonuses_of(number))
            self._reaches.append(len(best))
            for count, worths in self._heads.items():
                is_found = count <= len(best)
                worths.append(best[count - 1].points + best[count - 1].position if is_found else 0)

    def improved_scores(self, scores: list[int], rows: Sequence[int]) -> list[int]:
        """Return the scores of the rows, or the score over both columns where that is better."""
        reaches, needs = self._reaches, self._needs
        ones, twos = self._first.numbers, self._second.numbers
        limit = POINTS_UNIT * LENGTH_UNIT
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
        text = self._first.texts_to_search_for_word(self._word)[one]
        head = find_best_matches(self._word[:count], text, self._first.bonuses_of(one))[-1]
        return score, head.positions(), self._rests[two][count].positions()

    def _best_split(self, first_text: int, second_text: int) -> tuple[int, int]:
        """Return the word's best score, and how many of its characters match in the first text."""
        reach, length = self._reaches[first_text], len(self._first.texts[first_text])
        gap = _FIELD_GAP + min(length, MAX_LENGTH)
        points, best = 0, 0
        for count, rest in self._rests[second_text].items():
            if count <= reach:
                worth = max(1, self._heads[count][first_text] + rest.points - gap)
                if worth > points:
                    points, best = worth, count
        if not best:
            return 0, 0
        return score_with_length(
            min(points, POINTS_UNIT - 1), length + len(self._second.texts[second_text])
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


def _spans_of_positions(field: int, positions: list[int]) -> list[Span]:
    """Return the positions as spans, one for each run of consecutive characters."""
    found: list[Span] = []
    for at in positions:
        if found and found[-1].end == at:
            found[-1] = found[-1]._replace(end=at + 1)
        else:
            found.append(Span(field, at, at + 1))
    return found
