"""The summary of a big plan: what it counts, and that it fits on a screen."""

import re

import pytest

from ssohelper.core import plan_summary
from ssohelper.core.choices import Choices
from ssohelper.core.listing import ListedAccount
from ssohelper.core.model import Account, Role
from ssohelper.core.profile_keys import ProfileChange
from ssohelper.core.profile_plan import Plan
from tests.core.test_profile_plan import LISTING, SESSION, listed, plan, process, request

FOUR = ("Admin", "Billing", "Developer", "ReadOnlyAccess")


def big_plan(accounts: int, *more: ListedAccount) -> Plan:
    usual = [listed(f"{number:012}", f"team-{number:03}", *FOUR) for number in range(accounts)]
    return plan(SESSION, request(LISTING._replace(accounts=(*usual, *more))))


def test_300_accounts_with_4_roles_fit_on_one_screen() -> None:
    lines = plan_summary.summary_lines(big_plan(300), 79)
    assert lines[:3] == [
        "to add: 1200 profiles in 300 accounts",
        "  by role: Admin 300, Billing 300, Developer 300, ReadOnlyAccess 300",
        "  300 accounts with Admin, Billing, Developer, ReadOnlyAccess",
    ]
    assert lines[3].startswith("    team-000, team-001, ")
    assert lines[3].endswith(" …")
    assert max(map(len, lines)) <= 79


def test_the_worst_plan_has_22_lines() -> None:
    other = [listed(f"9{number:011}", f"x{number}", *FOUR, f"R{number}") for number in range(50)]
    found = big_plan(300, *other)
    changes = [ProfileChange(f"p{number}", {}, {"region": f"r{number}"}) for number in range(9)]
    found = found._replace(change=tuple(changes), remove=("a", "b"))
    lines = plan_summary.summary_lines(found, 79)
    assert len(lines) == 22
    assert "  46 accounts with other roles" in lines
    assert "  and 6 others" in lines
    assert lines[-2:] == ["to remove: 2 profiles", "  a, b"]


def test_changes_are_counted_by_what_they_do() -> None:
    text = SESSION + process("old", "001234567890", "Read", "/old/bin/ssohelper credential-process")
    text += process("dev.Read", "111122223333", "Read").replace("eu-west-1", "us-east-1")
    choices = Choices(default_region="eu-north-1")
    asked = request(choices=choices, old_region="us-east-1", rename=True)
    lines = plan_summary.summary_lines(plan(text, asked), 79)
    assert lines[-3:] == [
        "to change: 2 profiles",
        "  1 region us-east-1 to eu-north-1",
        "  1 program path, name",
    ]


def test_names_from_aws_are_shown_harmless_and_cut() -> None:
    account = ListedAccount(Account("1" * 12, "x\x1b[31m\u202e" + "y" * 200, ""), ("R",))
    found = plan(SESSION, request(LISTING._replace(accounts=(account,))))
    lines = plan_summary.summary_lines(found, 60)
    assert lines[3].startswith("    x\\x1b[31m\\u202ey")
    assert max(map(len, lines)) == 60


def test_a_plan_is_big_from_41_changes_on() -> None:
    assert not plan_summary.is_big_plan(big_plan(10))
    assert plan_summary.is_big_plan(big_plan(10, listed("9" * 12, "x", "R")))
    assert big_plan(1).add_roles[0] == Role("0" * 12, "Admin")


@pytest.mark.parametrize("columns", [1, 20, 40, 80, 200])
@pytest.mark.parametrize("roles", [1, 9, 30, 500])
def test_no_count_of_a_role_is_lost_at_any_width(columns: int, roles: int) -> None:
    names = [f"{'Role' * (number % 9)}{number}" for number in range(roles)]
    accounts = [listed(f"{number:012}", f"a{number}", *names[number % 3 :]) for number in range(3)]
    found = plan(SESSION, request(LISTING._replace(accounts=tuple(accounts))))
    lines = plan_summary.summary_lines(found, columns - 1)
    assert max(map(len, lines)) <= max(20, columns - 1)
    assert len(lines) <= 22
    start = next(n for n, line in enumerate(lines) if line.startswith("  by role:"))
    end = next((n for n, line in enumerate(lines) if re.match(r"  \d+ account", line)), len(lines))
    text = " ".join(lines[start:end]).removeprefix("  by role:")
    counts = [int(item.split()[-1]) for item in text.split(",")]
    assert sum(counts) == len(found.add)
    assert len(counts) == len({role.name for role in found.add_roles}) or "others" in text


def test_80_columns_hold_the_counts_of_30_roles() -> None:
    names = [f"PowerUserAccess{number:02}" for number in range(30)]
    account = listed("1" * 12, "one", *names)
    found = plan(SESSION, request(LISTING._replace(accounts=(account,))))
    text = "\n".join(plan_summary.summary_lines(found, 79))
    assert all(f"{name} 1" in text for name in names)
