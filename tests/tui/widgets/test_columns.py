"""The columns of the list of roles: by content, and two different rows are never drawn alike."""

import random

import pytest
from rich.cells import cell_len
from rich.style import Style

from ssohelper.core.model import Account
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.role_tree import AccountKey, account_key
from ssohelper.core.shown_roles import Heading
from ssohelper.tui.widgets.cells import fitted
from ssohelper.tui.widgets.columns import (
    Columns,
    lay_out_account_headings,
    lay_out_columns,
    measure_columns,
)
from ssohelper.tui.widgets.role_lines import HEADING_SIGNS_WIDTH, SIGNS_WIDTH, RolePainter
from ssohelper.tui.widgets.role_list import RoleList
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.world import until

ORGANIZATIONS = 1000
WIDTHS = (20, 24, 32, 40, 48, 56, 64, 74, 80, 94, 100, 120, 140, 200)


def row(name: str, role: str, account_id: str = "000000000001", session: str = "corp") -> RoleRow:
    return RoleRow(session, Account(account_id, name, ""), role)


def drawn(one: RoleRow, columns: Columns) -> str:
    """Return the row as the list draws it, without signs and last use."""
    cells = (
        (one.account.name or one.account.id, columns.name, columns.name_tail),
        (one.account.id, columns.id, columns.id_tail),
        (one.role_name, columns.role, columns.role_tail),
        (one.session_name, columns.session, columns.session_tail),
    )
    return " ".join(fitted(text, width - 1, tail) for text, width, tail in cells if width)


def organization(seeded: random.Random) -> list[RoleRow]:
    """Return some rows of an organization whose names are alike, as they are in real ones."""
    stem = seeded.choice(
        ("", "customer-workloads-", "Customer Workloads Europe Central ", "å-日本-")
    )
    ends = ("prod", "prod-1", "prod-2", "dev", "dev-eu-central-1", "dev-eu-central-2", "日本", "")
    names = [stem + seeded.choice(ends) for _ in range(8)]
    sessions = seeded.choice((("corp",), ("corp", "lab"), ("customer-eu", "customer-us", "c")))
    roles = seeded.choice(
        (
            ("Admin", "ReadOnly", "Billing"),
            ("PlatformEngineeringEmergencyAcce", "PlatformEngineeringEmergencyAcc2"),
            ("ProdDatabaseReadOnlyAccess-eu-1", "ProdDatabaseFullAdminAccess-eu-1", "R"),
            ("A" * 31 + "1", "A" * 31 + "2", "B" + "A" * 31),
        )
    )
    ids = [f"{seeded.choice((0, 1234)):04d}{number:08d}" for number in range(6)]
    known = [(session, each, seeded.choice(names)) for session in sessions for each in ids]
    rows = [row(name, role, each, session) for session, each, name in known for role in roles]
    seeded.shuffle(rows)
    return rows[: seeded.randrange(2, 40)]


@pytest.mark.parametrize("count", long_after(1, [ORGANIZATIONS // 4, ORGANIZATIONS]))
def test_no_two_rows_of_an_organization_are_drawn_alike(count: int) -> None:
    seeded = random.Random(2026)
    alike = 0
    for _ in range(count):
        rows = organization(seeded)
        for width in seeded.sample(WIDTHS, 3):
            columns = lay_out_columns(rows, width - 7, measure_columns(rows))
            lines = [drawn(one, columns) for one in rows]
            alike += len(lines) - len(set(lines))
            assert max(map(cell_len, lines)) <= width - 7
    assert alike == 0


def tree_lines(rows: list[RoleRow], width: int) -> list[list[str]]:
    """Return the drawn headings of the rows' accounts, then for each account its drawn roles."""
    painter = RolePainter(lambda _name: Style(), lambda: 0, lambda _row: False)
    content = measure_columns(rows)
    wide = lay_out_columns(rows, width - SIGNS_WIDTH, content, grouped=True)
    several = content.several_sessions
    most = lay_out_account_headings(rows, width - HEADING_SIGNS_WIDTH, has_session=several)
    accounts: dict[AccountKey, list[RoleRow]] = {}
    for one in rows:
        accounts.setdefault(account_key(one), []).append(one)
    headings = [
        # All say the same number of roles, which is no help to tell two accounts apart.
        painter.draw_heading(Heading(each, 9, True), (), width, most, is_cursor=False)
        for each in ([one] * 9 for one, *_ in accounts.values())
    ]
    roles = [
        [painter.draw_role(one, (), wide, is_cursor=False, has_heading=True) for one in each]
        for each in accounts.values()
    ]
    drawn_groups = [headings, *roles]
    return [
        ["".join(segment.text for segment in line)[:width] for line in group]
        for group in drawn_groups
    ]


@pytest.mark.parametrize("width", [*range(26, 60), 80, 120])
def test_headings_of_one_account_in_two_sessions_differ_in_the_session(width: int) -> None:
    sessions = [f"customer-europe-central-{end}" for end in ("production", "development")]
    both = [row("day-lambda", "Admin", session=name) for name in sessions]
    headings = tree_lines(both, width)[0]
    assert len(set(headings)) == 2, headings
    assert all("da" in heading and "000000000001" in heading for heading in headings)


ROLES = ("ReadOnlyAccess", "DatabaseAdmin", "Admin")
SIX = [row("payments-prod", role, session=name) for name in ("corp", "lab") for role in ROLES]


@pytest.mark.parametrize("width", [12, 13, 14, 16, 19, 22, 25, 28, 31, 34, 37])
def test_roles_of_two_sessions_are_told_apart_in_the_narrowest_terminals(width: int) -> None:
    columns = lay_out_columns(SIX, width - 7, measure_columns(SIX))
    lines = [drawn(one, columns) for one in SIX]
    assert len(set(lines)) == len(SIX), lines
    assert max(map(cell_len, lines)) <= width - 7


@pytest.mark.parametrize("width", range(9, 12))
def test_where_there_is_space_for_one_column_it_is_that_of_the_roles(width: int) -> None:
    columns = lay_out_columns(SIX, width - 7, measure_columns(SIX))
    lines = {drawn(one, columns) for one in SIX}
    assert len(lines) == len(ROLES)
    assert max(map(cell_len, lines)) <= width - 7


def test_accounts_that_differ_in_the_id_alone_show_its_end() -> None:
    rows = [row("prod", "Admin", f"00003000000{number}") for number in range(5)]
    columns = lay_out_columns(rows, 9, measure_columns(rows))
    assert len({drawn(one, columns) for one in rows}) == 5


@pytest.mark.parametrize(
    "width",
    long_after(10, [*range(0, 260, 28), *sorted({*range(0, 260, 7)} - {*range(0, 260, 28)})]),
)
def test_the_columns_take_no_more_than_the_width(width: int) -> None:
    rows = organization(random.Random(width))
    for grouped in (False, True):
        columns = lay_out_columns(rows, width, measure_columns(rows), grouped=grouped)
        assert min(columns[:6]) >= 0
        if width >= 40:
            assert sum(columns[:6]) <= width
            assert columns.role


def test_columns_are_as_wide_as_their_content_and_no_wider() -> None:
    rows = [row("payments-prod", "ReadOnly"), row("dev", "Admin", "000000000002")]
    columns = lay_out_columns(rows, 100, measure_columns(rows))
    assert (columns.name, columns.id, columns.role, columns.session) == (14, 13, 9, 0)


@pytest.mark.parametrize(
    ("other", "column"),
    [
        (row("prod", "Admin", "000000000002"), "id"),
        (row("prod", "Admin", session="lab"), "session"),
    ],
)
def test_what_tells_rows_apart_is_shown_in_a_narrow_terminal_too(other, column):
    rows = [row("prod", "Admin"), row("dev", "Admin", "000000000003", "lab")]
    assert not getattr(lay_out_columns(rows, 45, measure_columns(rows)), column)
    rows.append(other)
    assert getattr(lay_out_columns(rows, 45, measure_columns(rows)), column)


def test_names_are_cut_where_they_are_alike() -> None:
    rows = [row(f"{'customer-workloads-' * 3}{end}", "Admin") for end in ("prod", "dev")]
    columns = lay_out_columns(rows, 45, measure_columns(rows))
    assert drawn(rows[0], columns).split()[0].endswith("prod")
    assert "…" in drawn(rows[0], columns)


def test_a_text_is_cut_at_its_start_or_in_its_middle() -> None:
    assert fitted("payments-prod", 8) == "payment…"
    assert fitted("payments-prod", 8, 4) == "pay…prod"
    assert fitted("payments-prod", 8, 7) == "…ts-prod"
    assert fitted("payments-prod", 8, 99) == "…ts-prod"
    assert fitted("payments-prod", 13, 4) == "payments-prod"
    assert fitted("日本日本日本", 8, 2) == "日…日本 "
    assert fitted("ab\x1bcd", 5, 2) == "ab…cd"
    assert fitted("payments-prod-eu", 8, -9) == "…prod-eu"
    assert fitted("payments-prod-eu-central", 8, -9) == "…prod-e…"
    assert fitted("payments-prod", 13, -9) == "payments-prod"


@pytest.mark.parametrize(("width", "height"), long_after(1, [(44, 14), (80, 24), (140, 40)]))
def test_the_screen_tells_two_sessions_of_one_account_apart(world, width, height):
    async def scenario(user: User) -> None:
        await user.wait_for_text("▸Roles")
        roles = user.app.screen.query_one(RoleList)
        both = [row("payments-old", "ReadOnlyAccess", session=name) for name in ("corp", "lab")]
        roles.set_rows(both)
        await until(lambda: user.screen.count("payments-old") >= 2)
        for session in ("corp", "lab"):
            await user.wait_for_text(f"▾ payments-old  000000000001  {session}")
        await user.press("ctrl+g")
        await user.wait_for_text("lab")
        lines = [line for line in user.screen.splitlines() if "payme" in line and "R" in line]
        assert any("corp" in line for line in lines)
        assert any("lab" in line for line in lines)

    run_scenario(world.app(), scenario, size=(width, height))


def test_no_name_is_cut_for_a_longer_one_that_is_not_visible() -> None:
    rows = [row("payments-prod", "Admin"), row("x" * 20, "ReadOnlyAccess")]
    columns = lay_out_columns(rows[:1], 22, measure_columns(rows))
    assert columns.name - 1 >= len("payments-prod")
    assert columns.role - 1 >= len("Admin")
