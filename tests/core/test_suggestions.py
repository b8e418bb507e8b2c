"""A search that is offered in place of one that finds nothing."""

import pytest

from ssohelper.core.model import Account
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.shown_roles import ShownRoles

ROWS = [
    RoleRow("corp", Account(f"00003000000{number}", name, ""), role)
    for number, name in enumerate(["payments-prod", "payments-dev", "orders-prod", "édition prod"])
    for role in ("ReadOnlyAccess", "DatabaseAdmin")
]


@pytest.mark.parametrize(
    ("query", "offered"),
    [
        ("payemnts", "payments"),
        ("payemnts prod", "payments prod"),
        ("dtaabase ordesx", "databaseadmin orders"),
        ("raedonly", "readonlyaccess"),
        ("PAYEMNTS !dev", "payments !dev"),
        ("editoin", "édition"),
        ("orders dev", ""),
        ("payments !payments", ""),
        ("^payemnts", ""),
        ("zzzzzz", ""),
        ("pya", ""),
        ("pay", ""),
        ("", ""),
    ],
)
def test_mistyped_words_are_replaced_by_the_nearest_names(query: str, offered: str) -> None:
    shown = ShownRoles()
    shown.set_rows(ROWS)
    shown.search(query)
    shown.suggest_search()
    assert shown.suggestion == offered
    if offered:
        assert f'nothing matches · did you mean "{offered}"? · esc' in shown.no_match_text
        shown.search(offered)
        assert shown.count
    assert shown.suggestion == ""


def test_an_empty_list_and_a_filter_are_said() -> None:
    shown = ShownRoles()
    assert shown.no_match_text == ""
    shown.set_rows(ROWS)
    shown.set_view(shown.view._replace(only_favourites=True))
    assert shown.no_match_text == "nothing matches · a filter is on"
