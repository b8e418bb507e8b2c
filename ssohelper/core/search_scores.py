"""Scores how well one word of a search matches one text. A word found as a whole scores most."""

import re

from ssohelper.core.query import Term
from ssohelper.core.subsequence import WordMatch

# The ranks of a search term: it is a whole field, begins a field, begins a word, or is inside a
# word.
_WHOLE, _FIELD_START, _WORD_START, _INSIDE = 8, 4, 2, 1
# A term that is found as a whole scores at least _AS_A_WHOLE * POINTS_UNIT; a term found as a
# subsequence scores less than POINTS_UNIT. So the rows with the most terms found as a whole come
# first.
POINTS_UNIT, _AS_A_WHOLE = 1 << 13, 256
# Of two texts with the same points, the shorter one is the better match, as in fzf. A point counts
# LENGTH_UNIT, and the lengths of a row's texts subtract less than that in all.
LENGTH_UNIT, _LONGEST = 1 << 15, 256


def subsequence_pattern(word: str) -> re.Pattern[str]:
    """Return a pattern that matches the texts that have the word as a subsequence."""
    escaped = [re.escape(character) for character in word]
    # The quantifiers are possessive, so that the pattern does not backtrack in a text without a
    # match. Inside […] a caret or a hyphen is escaped too.
    return re.compile("".join(f"[^{each}]*+{each}" for each in escaped), re.DOTALL)


def score_with_length(points: int, length: int) -> int:
    return points * LENGTH_UNIT - min(length, _LONGEST)


def score_of_subsequence(matches: list[WordMatch], word: str, length: int) -> int:
    if len(matches) < len(word):
        return 0
    return score_with_length(min(max(1, matches[-1].points), POINTS_UNIT - 1), length)


def score_and_position_of_whole_word(
    term: Term, word: str, text: str, original: str
) -> tuple[int, int]:
    """Return score and position of a word that must be in the text as a whole; 0 if not."""
    place = _find_best_rank(term, word, text, original)
    if place is None:
        return 0, 0
    return score_with_length(POINTS_UNIT * (_AS_A_WHOLE + place[0]), len(text)), place[1]


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
