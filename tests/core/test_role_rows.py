"""Rows of roles: their order, their PROFILE argument, and the search in them."""

import pytest

from ssohelper.core.model import Account, Usage
from ssohelper.core.role_rows import (
    PROFILES,
    RoleRow,
    foreign_profile_rows,
    make_role_index,
    ranked_rows,
)
from ssohelper.core.search import Span

PROD = Account("000030000001", "payments-prod", "aws+payments@example.com")
DEV = Account("000040000001", "payments-dev", "aws+dev@example.com")


def row(account: Account = PROD, role: str = "Admin", **more: object) -> RoleRow:
    return RoleRow("corp", account, role, **more)  # type: ignore[arg-type]


def test_used_roles_come_first_also_among_those_that_match_as_well():
    one, two, three = row(role="A"), row(role="B"), row(role="C", usage=Usage(10, 1))
    four = row(role="D", usage=Usage(None, 0, favourite=True))
    assert ranked_rows([one, two, three, four]) == [four, three, one, two]
    assert ranked_rows([two, one]) == [two, one]
    assert ranked_rows([one, row(role="B", usage=Usage()), three]) == [three, one, two]
    rows = [row(DEV, "Admin"), row(PROD, "Admin", usage=Usage(1, 1)), row(PROD, "Read")]
    rows = ranked_rows(rows)
    found = [rows[number] for number in make_role_index(rows).search("payments")]
    assert [one.role_name for one in found] == ["Admin", "Admin", "Read"]
    assert found[0].account == PROD
    used = row(Account("000050000001", "payments-internal-prod", ""), usage=Usage(10, 1))
    rows = ranked_rows([row(PROD, "Admin"), row(DEV, "Admin"), used])
    assert [rows[number] for number in make_role_index(rows).search("prod")] == [used, rows[1]]


def test_the_profile_argument_is_the_first_profile_else_the_key():
    assert row().profile_argument == "corp:000030000001/Admin"
    assert row(profiles=("prod", "other")).profile_argument == "prod"


@pytest.mark.parametrize(
    ("roles", "queries"),
    [
        (["Admin", "Read"], ["", "corp", "payments@example"]),
        (["Read"], ["prod read", "read prod", "my-name"]),
        ([], ["nothing"]),
    ],
)
def test_every_field_of_a_row_is_searched(roles, queries):
    rows = [row(), row(role="Read", profiles=("my-name",))]
    for query in queries:
        assert [rows[number].role_name for number in make_role_index(rows).search(query)] == roles


def test_an_address_is_found_but_excludes_no_row():
    rows = [row(), row(DEV)]
    assert make_role_index(rows).search("aws+dev") == [1]
    assert make_role_index(rows).search("!example") == [0, 1]


def test_spans_name_the_field_and_the_characters_that_match():
    rows = [row(role="Read", profiles=("a", "my-name"))]
    assert make_role_index(rows).spans("my read", 0) == [Span(PROFILES, 2, 4), Span(2, 0, 4)]


def test_a_profile_that_is_not_ours_is_found_by_its_name_and_its_provider():
    others = foreign_profile_rows([("old keys", "static keys"), (".x", "the program /opt/tool")])
    rows = [row(), *others]
    assert [one.key.text for one in others] == ["old keys", ".x"]
    assert [one.profile_argument for one in others] == ["old keys", ".x"]
    for words in ("old", "static", "other old"):
        assert make_role_index(rows).search(words) == [1], words
    assert make_role_index(rows).search("/opt/tool") == [2]
    assert not any(key.role in {row().key.role} for key in (one.key for one in others))
