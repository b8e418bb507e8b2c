"""Which rows match the terms of a query, in which order, and which characters of them."""

import pytest

from ssohelper.core.search import Index, Span, search

ROWS = [
    ("payments-prod", "000030000001", "ReadOnlyAccess"),
    ("payments-dev", "000040000001", "Developer"),
    ("orders-prod", "000030000002", "ReadOnlyAccess"),
    ("prod", "000030000009", "DatabaseAdmin"),
    ("reproduce", "000030000008", "Developer"),
]


def rows_of(query):
    return [match.row for match in search(query, ROWS)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [0, 1, 2, 3, 4]),
        (["pay", "prod"], [0]),
        (["prod", "pay"], [0]),
        ("prod pay", [0]),
        ("PAYMENTS read", [0]),
        ("prod", [3, 0, 2, 4]),
        ("000040000001", [1]),
        ("developer pay", [1]),
        ("nowhere", []),
        (["pay", "nowhere"], []),
        ("pay prod pay", [0]),
        (r"[.*", []),
    ],
)
def test_every_term_must_match_in_any_order(query, expected):
    assert rows_of(query) == expected


def test_the_spans_are_the_characters_that_matched():
    (match,) = search(["prod", "read"], ROWS[:1])
    assert match.spans == (Span(0, 9, 13), Span(2, 0, 4))
    for span, text in zip(match.spans, ("prod", "Read"), strict=True):
        assert ROWS[0][span.field][span.start : span.end] == text


def test_spans_are_right_when_lower_case_is_longer():
    # "İ".lower() has two characters; the span after it must not move.
    (match,) = search("prod", [("İİ-prod",)])
    assert match.spans == (Span(0, 3, 7),)


def test_a_whole_field_ranks_before_its_start_before_a_word_start_before_the_rest():
    found = search("dev", [("undevised",), ("a-dev",), ("develop",), ("dev",)])
    assert [match.row for match in found] == [3, 2, 1, 0]


def test_a_search_without_rows_finds_none():
    assert Index([]).search("") == []
    assert Index([[], []]).search("") == []
    assert Index([["a", "b"]]).search("") == [0, 1]


def test_the_scores_of_all_terms_are_added():
    rows = [("xa", "xb"), ("xa", "b"), ("a", "b"), ("a", "xb"), ("a", "x")]
    assert Index([[row[0] for row in rows], [row[1] for row in rows]]).search("a b") == [2, 1, 3, 0]
    assert [match.row for match in search("a b", rows)] == [2, 1, 3, 0]
