"""The points of a match with gaps: those of fzf, of which most cases here come (algo_test.go)."""

import pytest

from ssohelper.core.subsequence import WordMatch, bonus_points_by_position, find_best_matches


def best_match(word: str, text: str) -> WordMatch:
    return find_best_matches(word, text.lower(), bonus_points_by_position(text))[-1]


@pytest.mark.parametrize(
    ("word", "text", "points", "positions"),
    [
        ("obz", "fooBarbaz1", 3 * 16 + 7 - (3 + 3), [2, 3, 8]),
        ("fbb", "foo bar baz", 3 * 16 + 2 * 10 + 2 * 10 - 2 * (3 + 2), [0, 4, 8]),
        ("rdoc", "/AutomatorDocument.icns", 4 * 16 + 7 + 2 * 4, [9, 10, 11, 12]),
        ("zshc", "/man1/zshcompctl.1", 4 * 16 + 2 * 9 + 3 * 9, [6, 7, 8, 9]),
        ("/e", "d/e", 2 * 16 + 2 * 8 + 9, [1, 2]),
        ("ab", "axb", 2 * 16 + 2 * 10 - 3, [0, 2]),
        ("ab", "axxxb", 2 * 16 + 2 * 10 - (3 + 2), [0, 4]),
    ],
)
def test_a_match_has_the_points_of_fzf(
    word: str, text: str, points: int, positions: list[int]
) -> None:
    found = best_match(word, text)
    assert (found.points, found.positions()) == (points, positions)


def test_a_space_is_worth_more_than_a_mark_and_the_inside_of_a_word_nothing() -> None:
    assert list(bonus_points_by_position("ab c-d/e")) == [10, 0, 10, 10, 8, 8, 8, 9]
