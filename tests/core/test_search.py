"""Which rows match the terms of a query, in which order, and which characters of them."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssohelper.core.query import fold_case
from ssohelper.core.search import Index, Span, best_match, bonuses_of
from tests.long_rows import long_after

ROWS = [
    ("payments-prod", "000030000001", "ReadOnlyAccess"),
    ("payments-dev", "000040000001", "Developer"),
    ("orders-prod", "000030000002", "ReadOnlyAccess"),
    ("prod", "000030000009", "DatabaseAdmin"),
    ("reproduce", "000030000008", "Developer"),
]


def index_of(rows, **more):
    return Index([[row[field] for row in rows] for field in range(len(rows[0]))], **more)


INDEX = index_of(ROWS, fuzzy_columns=(0, 2))


@pytest.mark.parametrize(
    ("expected", "queries"),
    [
        ([0, 1, 2, 3, 4], ["", "!!", "! ' ^ !^"]),
        ([0], [["pay", "prod"], ["prod", "pay"], "prod pay", "PAYMENTS read", "pay prod pay"]),
        ([3, 2, 0, 4], ["prod"]),
        ([1], ["000040000001", "developer pay", "0000-4"]),
        ([], ["nowhere", ["pay", "nowhere"], r"[.*", "$", "0341"]),
        # Signs exclude a word or say where it is.
        ([3, 2, 4], ["prod !pay"]),
        ([0, 2, 3], ["!dev"]),
        ([3], ["^prod", "^prod$"]),
        ([2, 0], ["prod$ read"]),
        ([2, 3, 4], ["!^pay"]),
        ([1, 4], ["!prod$"]),
        ([0, 1, 2, 4], ["!^prod$"]),
    ],
)
def test_every_term_must_match_in_any_order(expected, queries):
    for query in queries:
        assert INDEX.search(query) == expected, query
        if query not in (["pay", "nowhere"], "developer pay"):
            assert INDEX.search(query, fuzzy=True) == expected, query


ACCENTED = index_of(
    [
        ("édition-prod", "Lecteur"),
        ("edition-dev", "Łódź-Straße"),
        ("Ångström", "İstanbul"),
        ("plain", "Read"),
    ],
    fuzzy_columns=(0, 1),
)


@pytest.mark.parametrize(
    ("expected", "queries"),
    [
        ([0, 1], ["edition", "EDITION", "'edition"]),
        ([0], ["édition", "Édition", "^edition prod$", "edition/lect"]),
        ([1], ["lodz", "strase"]),
        ([2], ["angstrom", "istanbul"]),
        ([], ["ångstrom", "strasse"]),
        ([2, 3], ["!edition"]),
    ],
)
def test_a_word_without_accents_is_found_with_them_as_in_fzf(expected, queries):
    for query in queries:
        assert sorted(ACCENTED.search(query)) == expected, query
        assert sorted(ACCENTED.search(query, fuzzy=True)) == expected, query


@pytest.mark.parametrize(
    ("query", "row", "spans"),
    [
        ("edition", 0, [Span(0, 0, 7)]),
        ("edtn", 0, [Span(0, 0, 2), Span(0, 3, 4), Span(0, 6, 7)]),
        ("lodz", 1, [Span(1, 0, 4)]),
        ("editionlect", 0, [Span(0, 0, 7), Span(1, 0, 4)]),
    ],
)
def test_accented_characters_are_marked(query, row, spans):
    assert row in ACCENTED.search(query, fuzzy=True)
    assert ACCENTED.spans(query, row, fuzzy=True) == spans


@pytest.mark.parametrize(
    ("expected", "queries"),
    [
        ([0], ["payprod", "payread"]),
        ([1, 0], ["paymnts", "pay !prd"]),
        ([1], ["pymdev"]),
        ([0, 2, 3], ["roa"]),
        ([3], ["prodadm"]),
        ([], ["readpay", "'payprod"]),
    ],
)
def test_a_fuzzy_word_may_have_characters_left_out(expected, queries):
    for query in queries:
        assert INDEX.search(query, fuzzy=True) == expected, query
        assert INDEX.search(query) == (expected if query == "pay !prd" else []), query


def test_whole_words_come_before_subsequences_and_shorter_rows_before_longer_ones():
    index = Index([["p-r-d", "parade", "unprdx", "x-prd"], [""] * 4], fuzzy_columns=(0, 1))
    assert index.search("prd", fuzzy=True) == [3, 2, 0, 1]
    index = Index([["pay", "pay"], ["read-only", "read"]], fuzzy_columns=(0, 1))
    assert index.search("payread", fuzzy=True) == [1, 0]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("0000-3000-0001", [0]),
        ("0000-3000-000", [0, 2, 3, 4]),
    ],
)
@pytest.mark.parametrize("fuzzy", [False, True])
def test_ids_are_understood_as_aws_shows_them(query, expected, fuzzy):
    assert INDEX.search(query, fuzzy=fuzzy) == expected


@pytest.mark.parametrize(
    ("expected", "queries"),
    [
        (
            [0, 2],
            ["payments-prod/ReadOnlyAccess", "payments-prod/Read", "000030000001/ReadOnlyAccess"],
        ),
        ([0], ["corp:payments-prod/Read"]),
        ([2], ["lab:payments-prod/Read"]),
        ([1], ["corp:000030000001/Admin+x"]),
        ([0, 1], ["corp:payments-prod/", "corp:pay", "corp:"]),
        ([3], ["a/b:c/x", "'a/b", "/"]),
        ([], ["https://d-0000000000.awsapps.com/start", "https://x/#/console?region=x", "a/!b"]),
        ([], ["'corp:payments-prod/Read"]),
    ],
)
@pytest.mark.parametrize("fuzzy", [False, True])
def test_a_role_is_found_by_its_address(expected, queries, fuzzy):
    rows = [
        ("payments-prod", "000030000001", "ReadOnlyAccess", "corp"),
        ("payments-prod", "000030000001", "Admin+x", "corp"),
        ("payments-prod", "000030000001", "ReadOnlyAccess", "lab"),
        ("a/b:c", "000030000009", "x", "lab"),
    ]
    index = index_of(rows, fuzzy_columns=(0, 2))
    for query in queries:
        assert sorted(index.search(query, fuzzy=fuzzy)) == expected, query


def test_a_name_that_looks_like_a_dashed_id_is_found_too():
    assert Index([["team-2024-01", "x"], ["1", "202401000000"]]).search("2024-01") == [1, 0]


def test_an_excluded_word_may_be_in_a_hidden_column():
    index = index_of([("a", "prod@example.com"), ("prod", "x")], hidden=(1,))
    assert index.search("!prod") == [0]
    assert index.search("prod") == [1, 0]


def test_the_spans_are_the_characters_that_matched_or_the_runs_of_a_subsequence():
    assert INDEX.spans("prod read", 0) == [Span(0, 9, 13), Span(2, 0, 4)]
    assert INDEX.spans("!dev prod", 3) == [Span(0, 0, 4)]
    assert INDEX.spans("0000-3000", 0) == [Span(1, 0, 8)]
    assert INDEX.spans("payprod", 0, fuzzy=True) == [Span(0, 0, 3), Span(0, 9, 13)]
    assert INDEX.spans("roa", 0, fuzzy=True) == [Span(2, 0, 1), Span(2, 4, 5), Span(2, 8, 9)]
    assert INDEX.spans("payread", 0, fuzzy=True) == [Span(0, 0, 3), Span(2, 0, 4)]
    # "İ".lower() has two characters; the span after it must not move.
    assert Index([["İİ-prod"]]).spans("prod", 0) == [Span(0, 3, 7)]
    # Of two overlapping places, the one at a word's start is marked.
    assert Index([["xaAb"]]).spans("a", 0) == [Span(0, 2, 3)]


def test_a_search_without_rows_finds_none():
    assert Index([]).search("") == []
    assert Index([[], []]).search("", fuzzy=True) == []
    assert Index([["a", "b"]]).search("") == [0, 1]


def test_a_repeated_search_gives_the_same_after_many_others():
    first = INDEX.search("payprod read", fuzzy=True)
    for number in range(30):
        INDEX.search(f"pay{number} prod", fuzzy=True)
    assert INDEX.search("payprod read", fuzzy=True) == first


@pytest.mark.parametrize(
    "words",
    long_after(
        1, [["a" * 63 + "c", "ab" * 32], ["a" * 199 + "c", "ab" * 99, "[" * 64, "\\^-]" * 16]]
    ),
    ids=["longest that is compared", "others"],
)
def test_hostile_texts_and_words_cost_little(words: list[str]):
    names = ["a" * 5000, "ab" * 3000, ("a" * 300 + "b") * 20]
    index = Index([names, names], fuzzy_columns=(0, 1))
    began = time.process_time()
    for word in words:
        index.search(word, fuzzy=True)
    # Without bounds on what is compared, this takes minutes.
    assert time.process_time() - began < 30


def test_a_pasted_long_word_is_found_as_a_whole_only():
    index = Index([["ab" * 100, "a-b" * 60]], fuzzy_columns=(0, 0))
    assert index.search("ab" * 32, fuzzy=True) == [0, 1]
    assert index.search("ab" * 33, fuzzy=True) == [0]


# -- the points of a match


def test_better_matches_come_first_and_preferred_rows_before_shorter_texts():
    index = Index([["undevised", "a-dev", "MyDevTool", "develop", "dev"]])
    assert index.search("dev") == [4, 3, 1, 2, 0]
    names = ["long-long-prod", "a-prod", "b-prod", "long-prod"]
    assert Index([names]).search("prod") == [1, 2, 3, 0]
    assert Index([names], preferred=1).search("prod") == [0, 1, 2, 3]
    rows = [("xa", "xb"), ("xa", "b"), ("a", "b"), ("a", "xb"), ("a", "x")]
    assert index_of(rows).search("a b") == [2, 1, 3, 0]


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("dr", ["dxr", "d-reader-of-all-logs"]),  # "r" begins a word in the second name only
        ("devr", ["dev-xxr", "dev-team-r"]),  # as does the last of its four letters here
    ],
)
def test_of_two_matches_with_gaps_more_points_win_though_the_text_is_longer(word, names):
    index = Index([names, ["", ""]], fuzzy_columns=(0, 1))
    assert index.search(word, fuzzy=True) == [1, 0]


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
def test_a_match_has_the_points_of_fzf(word, text, points, positions):
    found = best_match(word, text.lower(), bonuses_of(text))
    assert found
    assert (found.points, [*found.positions]) == (points, positions)


def test_a_space_is_worth_more_than_a_mark_and_the_inside_of_a_word_nothing():
    assert list(bonuses_of("ab c-d/e")) == [10, 0, 10, 10, 8, 8, 8, 9]


# -- against a plain model ---------------------------------------------------------------------

_TEXT = st.text(alphabet="abAB-_ .1é\u0130ß日", max_size=6)
_WORD = st.text(alphabet="abB-_.1é\u0130ß日", min_size=1, max_size=4)


def is_subsequence(word, text):
    rest = iter(text)
    return all(character in rest for character in word)


@settings(max_examples=300)
@given(st.lists(st.tuples(_TEXT, _TEXT, _TEXT), max_size=12), st.lists(_WORD, max_size=3))
def test_a_plain_search_finds_the_rows_that_contain_every_word(rows, words):
    index = Index([[row[field] for row in rows] for field in range(3)])
    folded = [[fold_case(field) for field in row] for row in rows]
    expected = [
        number
        for number, row in enumerate(folded)
        if all(any(fold_case(word) in field for field in row) for word in words)
    ]
    found = index.search(words)
    assert sorted(found) == expected
    for number in found:
        spans = index.spans(words, number)
        marked = [folded[number][span.field][span.start : span.end] for span in spans]
        assert marked == [fold_case(word) for word in words]


@settings(max_examples=300)
@given(st.lists(st.tuples(_TEXT, _TEXT), max_size=12), _WORD)
def test_a_fuzzy_search_finds_and_marks_every_subsequence_of_a_field(rows, word):
    index = Index([[row[field] for row in rows] for field in range(2)], fuzzy_columns=(0, 1))
    folded = [[fold_case(field) for field in row] for row in rows]
    found = index.search([word], fuzzy=True)
    for number, row in enumerate(folded):
        if any(is_subsequence(fold_case(word), field) for field in row) and not word.isdigit():
            assert number in found
    for number in found:
        spans = index.spans([word], number, fuzzy=True)
        texts = [folded[number][span.field][span.start : span.end] for span in spans]
        assert "".join(texts) == fold_case(word)
        assert spans == sorted(spans)
