"""Finds a word whose characters are in a text in their order, perhaps with others between them.

Matches get the points of fzf's algorithm (version 2), so that results have the order that users of
fzf know: consecutive characters and beginnings of words are worth more, gaps cost points.
"""

from collections.abc import Sequence
from typing import NamedTuple

# The points of a match, from fzf 0.60, src/algo/algo.go.
_MATCH, _CONSECUTIVE, _FIRST_FACTOR = 16, 4, 2
_GAP_START, _GAP_EXTENSION = 3, 1
_AFTER_SPACE, _AFTER_DELIMITER, _BOUNDARY, _CAMEL = 10, 9, 8, 7
_DELIMITERS = "/,:;|"
# The most characters of a text that are searched. Names in AWS have at most 128 characters.
MAX_LENGTH = 256


class WordMatch(NamedTuple):
    """A match of the first characters of a word: where the last of them is, and the points so far.

    `run_bonus` is the bonus of the run of consecutive characters to which the last character
    belongs; `before` is the match of the characters before the last one.
    """

    position: int
    points: int
    run_bonus: int
    before: "WordMatch | None"

    def positions(self) -> list[int]:
        """Return the positions in the text of all matched characters, in order."""
        found: list[int] = []
        at: WordMatch | None = self
        while at is not None:
            found.append(at.position)
            at = at.before
        return found[::-1]


def bonus_points_by_position(text: str) -> bytes:
    """Return, for each position of the text, the bonus points that a match there adds.

    The bonus inside a word is 0. `text` is not in lower case, because capital letters begin words:
    "ReadOnly" has two words, as "payments-2" has.
    """
    found = bytearray()  # the bonuses of many texts are kept: lists would take four times as much
    before = " "
    for character in text[:MAX_LENGTH]:
        if not character.isalnum():
            found.append(_AFTER_SPACE if character.isspace() else _BOUNDARY)
        elif before.isalnum():
            is_new = (before.islower() and character.isupper()) or (
                character.isdigit() and not before.isdigit()
            )
            found.append(_CAMEL if is_new else 0)
        elif before.isspace():
            found.append(_AFTER_SPACE)
        else:
            found.append(_AFTER_DELIMITER if before in _DELIMITERS else _BOUNDARY)
        before = character
    return bytes(found)


def find_best_matches(word: str, text: str, bonus: Sequence[int]) -> list[WordMatch]:
    """Return the best match of each beginning of the word, up to the first one that has no match.

    If the list has an item for each character of the word, the last item is the best match of the
    whole word. `word` and `text` are in lower case; `bonus` are the bonuses of the text.
    """
    best: list[WordMatch] = []
    previous: list[WordMatch] = []
    for character in word:
        found = _find_next_matches(character, text, bonus, previous, is_first=not best)
        if not found:
            break
        best.append(max(found, key=_points_of_match))
        previous = found
    return best


def _points_of_match(match: WordMatch) -> int:
    return match.points


def _find_next_matches(
    character: str, text: str, bonus: Sequence[int], previous: list[WordMatch], *, is_first: bool
) -> list[WordMatch]:
    """Return the best match that ends at each position of the character in the text."""
    found: list[WordMatch] = []
    limit = len(bonus)
    at = text.find(character, 0 if is_first else previous[0].position + 1, limit)
    number, count = 0, len(previous)
    # The best of the matches that leave a gap before `at`. Matches that end later lose fewer points
    # to the gap.
    apart: WordMatch | None = None
    apart_worth = 0
    while at >= 0:
        here = bonus[at]
        if is_first:
            found.append(WordMatch(at, _MATCH + here * _FIRST_FACTOR, here, None))
            at = text.find(character, at + 1, limit)
            continue
        while number < count and previous[number].position < at - 1:
            worth = previous[number].points + previous[number].position * _GAP_EXTENSION
            if apart is None or worth > apart_worth:
                apart, apart_worth = previous[number], worth
            number += 1
        options: list[WordMatch] = []
        if apart is not None:
            lost = _GAP_START + (at - 2) * _GAP_EXTENSION
            options.append(WordMatch(at, apart_worth - lost + _MATCH + here, here, apart))
        if number < count and previous[number].position == at - 1:
            options.append(_continue_run(previous[number], at, here))
        found.append(max(options, key=_points_of_match))
        at = text.find(character, at + 1, limit)
    return found


def _continue_run(before: WordMatch, at: int, bonus: int) -> WordMatch:
    """Return the match that continues a run of consecutive characters with the one at `at`."""
    if bonus >= _BOUNDARY and bonus > before.run_bonus:
        return WordMatch(at, before.points + _MATCH + bonus, bonus, before)
    worth = max(bonus, before.run_bonus, _CONSECUTIVE)
    return WordMatch(at, before.points + _MATCH + worth, before.run_bonus, before)
