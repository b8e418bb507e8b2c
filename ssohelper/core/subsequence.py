"""Finds a word whose characters are in a text in their order, perhaps with others between them.

The points are those of fzf's algorithm (version 2), so that the order of results is the one that
its users know: consecutive characters and beginnings of words are worth more, gaps cost points.
"""

from collections.abc import Sequence
from typing import NamedTuple

# fzf 0.60, src/algo/algo.go.
_MATCH, _CONSECUTIVE, _FIRST_FACTOR = 16, 4, 2
_GAP_START, _GAP_EXTENSION = 3, 1
_AFTER_SPACE, _AFTER_DELIMITER, _BOUNDARY, _CAMEL = 10, 9, 8, 7
_DELIMITERS = "/,:;|"
# Longer texts are searched up to here. Names of AWS have at most 128 characters.
MAX_LENGTH = 256


class Found(NamedTuple):
    """A way to find the first characters of a word: where its last one is, and the points so far.

    `run_bonus` is the bonus of the run of consecutive characters to which the last one belongs;
    `before` is the way to find the characters before it.
    """

    position: int
    points: int
    run_bonus: int
    before: "Found | None"

    def positions(self) -> list[int]:
        """Return the positions of all characters in the text, in their order."""
        found: list[int] = []
        at: Found | None = self
        while at is not None:
            found.append(at.position)
            at = at.before
        return found[::-1]


def bonuses(text: str) -> list[int]:
    """Return for each position of the text (with its capital letters) what a match there adds.

    0 is inside a word. "ReadOnly" has two words, "payments-2" has two.
    """
    found: list[int] = []
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
    return found


def find_best(word: str, text: str, bonus: Sequence[int]) -> list[Found]:
    """Return for each beginning of the word the best way to find it; shorter if the rest is absent.

    The last item is the best match of the whole word if there is one for each of its characters.
    `word` and `text` are in lower case; `bonus` are the bonuses of the text.
    """
    best: list[Found] = []
    previous: list[Found] = []
    for character in word:
        found = _find_next(character, text, bonus, previous, is_first=not best)
        if not found:
            break
        best.append(max(found, key=_points))
        previous = found
    return best


def _points(found: Found) -> int:
    return found.points


def _find_next(
    character: str, text: str, bonus: Sequence[int], previous: list[Found], *, is_first: bool
) -> list[Found]:
    """Return for each place of the character the best way to reach it from the previous ones."""
    found: list[Found] = []
    limit = len(bonus)
    at = text.find(character, 0 if is_first else previous[0].position + 1, limit)
    number, count = 0, len(previous)
    # The best of the ways that leave a gap before `at`. The later ones lose fewer points to the gap.
    apart: Found | None = None
    apart_worth = 0
    while at >= 0:
        here = bonus[at]
        if is_first:
            found.append(Found(at, _MATCH + here * _FIRST_FACTOR, here, None))
            at = text.find(character, at + 1, limit)
            continue
        while number < count and previous[number].position < at - 1:
            worth = previous[number].points + previous[number].position * _GAP_EXTENSION
            if apart is None or worth > apart_worth:
                apart, apart_worth = previous[number], worth
            number += 1
        options: list[Found] = []
        if apart is not None:
            lost = _GAP_START + (at - 2) * _GAP_EXTENSION
            options.append(Found(at, apart_worth - lost + _MATCH + here, here, apart))
        if number < count and previous[number].position == at - 1:
            options.append(_continue_run(previous[number], at, here))
        found.append(max(options, key=_points))
        at = text.find(character, at + 1, limit)
    return found


def _continue_run(before: Found, at: int, here: int) -> Found:
    """Return the way that continues a run of consecutive characters."""
    if here >= _BOUNDARY and here > before.run_bonus:
        return Found(at, before.points + _MATCH + here, here, before)
    worth = max(here, before.run_bonus, _CONSECUTIVE)
    return Found(at, before.points + _MATCH + worth, before.run_bonus, before)
