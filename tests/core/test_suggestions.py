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
        ("prxd orders", "prod orders"),
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
        shown.search(offered)
        assert shown.count
    assert shown.suggestion == ""
