"""Privileged roles are known by their names, and come last among what matches equally well."""

import pytest

from ssohelper.core.model import Account
from ssohelper.core.privileged import make_privileged_test
from ssohelper.core.role_rows import RoleRow, make_role_index


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *((name, True) for name in ("AdministratorAccess", "db_ADMIN", "PowerUserAccess")),
        *((name, True) for name in ("power-user", "Owner", "BreakGlass", "break-glass-eu")),
        *((name, False) for name in ("ReadOnlyAccess", "Developer", "Power", "User", "Glass")),
        ("Deploy-Prod", True),
        ("deploy-prod", True),
        ("Deploy-Dev", False),
    ],
)
def test_a_role_is_privileged_by_its_name(name, expected):
    assert make_privileged_test(("Deploy-Prod*",))(name) is expected


def test_short_words_find_roles_whose_words_they_begin_before_others():
    accounts = [Account(f"00000000000{at}", name, "") for at, name in enumerate(
        ("orders-prod", "payments-prod")
    )]  # fmt: skip
    rows = [
        RoleRow("corp", account, role)
        for account in accounts
        for role in ("ReadOnlyAccess", "BreakGlassAdmin")
    ]
    found = make_role_index(rows).search("prd rd", fuzzy=True)
    assert [rows[number].label for number in found][:2] == [
        "orders-prod/ReadOnlyAccess",
        "payments-prod/ReadOnlyAccess",
    ]
