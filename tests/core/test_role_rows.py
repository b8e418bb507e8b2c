"""Rows of roles: in which order they stand, what is typed for them, and the search as you type."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ssohelper.core.model import Account, Usage
from ssohelper.core.role_rows import PROFILES, RoleRow, index_of, ranked
from ssohelper.core.search import Index, Span, search

PROD = Account("000030000001", "payments-prod", "aws+payments@example.com")
DEV = Account("000040000001", "payments-dev", "aws+dev@example.com")


def row(account: Account = PROD, role: str = "Admin", **more: object) -> RoleRow:
    return RoleRow("corp", account, role, **more)  # type: ignore[arg-type]


def test_unused_rows_keep_their_order_behind_the_used_ones():
    one, two, three = row(role="A"), row(role="B"), row(role="C", usage=Usage(10, 1))
    four = row(role="D", usage=Usage(None, 0, favourite=True))
    assert ranked([one, two, three, four]) == [four, three, one, two]
    assert ranked([two, one]) == [two, one]


@pytest.mark.parametrize(
    ("profiles", "words"),
    [((), "corp:000030000001/Admin"), (("prod", "other"), "prod")],
)
def test_what_is_typed_for_a_row(profiles: tuple[str, ...], words: str):
    assert row(profiles=profiles).profile_argument == words


def test_equal_hits_stay_in_the_order_of_the_rows():
    rows = ranked([row(DEV, "Admin"), row(PROD, "Admin", usage=Usage(1, 1)), row(PROD, "Read")])
    found = index_of(rows).search("payments")
    assert [rows[number].role_name for number in found] == ["Admin", "Admin", "Read"]
    assert rows[found[0]].account == PROD


@pytest.mark.parametrize(
    ("query", "roles"),
    [
        ("", ["Admin", "Read"]),
        ("prod read", ["Read"]),
        ("read prod", ["Read"]),
        ("my-name", ["Read"]),
        ("corp", ["Admin", "Read"]),
        ("payments@example", ["Admin", "Read"]),
        ("nothing", []),
    ],
)
def test_every_field_that_a_person_knows_is_searched(query: str, roles: list[str]):
    rows = [row(), row(role="Read", profiles=("my-name",))]
    assert [rows[number].role_name for number in index_of(rows).search(query)] == roles


def test_hits_are_marked_where_they_stand():
    rows = [row(role="Read", profiles=("a", "my-name"))]
    assert index_of(rows).spans("my read", 0) == (Span(PROFILES, 2, 4), Span(2, 0, 4))


_TEXT = st.text(alphabet="abAB-_ .1é\u0130ß日", max_size=6)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(_TEXT, _TEXT, _TEXT), max_size=12), _TEXT)
def test_the_index_finds_ranks_and_marks_what_the_plain_search_does(
    rows: list[tuple[str, str, str]], query: str
):
    index = Index([[r[field] for r in rows] for field in range(3)])
    plain = search(query, rows)
    assert index.search(query) == [match.row for match in plain]
    for match in plain:
        assert index.spans(query, match.row) == match.spans
