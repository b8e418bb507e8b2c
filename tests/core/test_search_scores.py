"""Which match of a word is the better one, and which place of it is marked."""

import pytest

from ssohelper.core.search import Index, Span


def test_of_two_overlapping_places_the_one_at_a_words_start_is_marked():
    assert Index([["xaAb"]]).spans("a", 0) == [Span(0, 2, 3)]


def test_a_whole_field_ranks_before_its_start_before_a_word_start_before_the_rest():
    assert Index([["undevised", "a-dev", "MyDevTool", "develop", "dev"]]).search("dev") == [
        4,
        3,
        1,
        2,
        0,
    ]


def test_the_shorter_text_is_the_better_match_except_for_preferred_rows():
    names = ["long-long-prod", "a-prod", "b-prod", "long-prod"]
    assert Index([names]).search("prod") == [1, 2, 3, 0]
    assert Index([names], preferred=1).search("prod") == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("dr", ["dxr", "d-reader-of-all-logs"]),  # "r" begins a word in the second name only
        ("devr", ["dev-xxr", "dev-team-r"]),  # as does the last of its four letters here
    ],
)
def test_of_two_matches_with_gaps_the_one_with_more_points_wins_though_its_text_is_longer(
    word: str, names: list[str]
) -> None:
    index = Index([names, ["", ""]], fuzzy_columns=(0, 1))
    assert index.search(word, fuzzy=True) == [1, 0]
