"""How the words of a search are read: excluded words, ids, ARNs, links, accents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssohelper.core.query import Term, fold_case, parse_query, without_accents


@given(st.text(max_size=30))
def test_without_accents_a_text_keeps_its_length(text):
    assert len(without_accents(text)) == len(text)
    assert without_accents(text.lower()) == without_accents(without_accents(text.lower()))


@pytest.mark.parametrize(
    ("word", "term"),
    [
        ("Pay", Term("pay")),
        ("!Pay", Term("pay", is_excluded=True)),
        ("'pay", Term("pay")),
        ("!'pay", Term("pay", is_excluded=True)),
        ("^pay", Term("pay", at_start=True)),
        ("pay$", Term("pay", at_end=True)),
        ("!^pay$", Term("pay", is_excluded=True, at_start=True, at_end=True)),
        ("$", Term("$")),
        ("1234-5678-9012", Term("1234-5678-9012", other="123456789012")),
        ("1234-5", Term("1234-5", other="12345")),
        ("1234-56789", Term("1234-56789")),
    ],
)
def test_a_sign_says_how_a_word_is_searched(word, term):
    assert parse_query(word) == [term]


@pytest.mark.parametrize("query", ["", "  ", "!", "'", "^", "!^", []])
def test_a_sign_whose_word_is_still_to_be_typed_is_no_term(query):
    assert parse_query(query) == []


def test_only_a_plain_word_that_is_not_long_may_have_characters_left_out():
    for word in ("pay", "'pay", "!pay", "^pay", "pay$", "0012", "1234-5", "x" * 64, "x" * 65):
        is_fuzzy = word in ("pay", "x" * 64)
        assert [term.is_fuzzy for term in parse_query(word, fuzzy=True)] == [is_fuzzy]
        assert [term.is_fuzzy for term in parse_query(word)] == [False]


@pytest.mark.parametrize(
    ("word", "texts"),
    [
        ("corp:pay/Read", ["corp", "pay", "read"]),
        ("pay/Read", ["pay", "read"]),
        ("pay/", ["pay"]),
        ("corp:", ["corp"]),
        ("!pay/read", ["pay/read"]),
        ("pay/read$", ["pay/read"]),
        ("https://x/y", ["https://x/y"]),
    ],
)
def test_the_parts_of_an_address_are_words_of_their_own(word, texts):
    assert [term.text for term in parse_query(word)] == texts
    assert [term.text for term in parse_query(["one", word])] == ["one", *texts]


@pytest.mark.parametrize("text", ["Pay", "ÉDITION", "İstanbul", "ẞ", "日本"])
def test_lower_case_keeps_the_length(text):
    assert len(fold_case(text)) == len(text)
    assert fold_case(fold_case(text)) == fold_case(text)
