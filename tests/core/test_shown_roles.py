"""The role list as it is shown: its order, its folds, and the place of the cursor."""

import random

import pytest

from ssohelper.core.model import Account, RoleKey, Usage
from ssohelper.core.privileged import make_privileged_test
from ssohelper.core.role_rows import RoleRow, foreign_profile_rows, ranked_rows
from ssohelper.core.role_tree import FLAT, SORTS, RoleListView, account_key
from ssohelper.core.shown_roles import LineContent, ShownRoles

WORLDS = 300
NAMES = ("prod", "Prod", "dev", "", "日本", "payments-prod", "zz")


def make_world(seeded: random.Random) -> list[RoleRow]:
    """Return the rows of some accounts; names, account ids and sessions repeat."""
    accounts = [
        (session, Account(f"{seeded.randrange(8):012d}", seeded.choice(NAMES), ""))
        for session in ("corp", "lab")
        for _ in range(seeded.randrange(6))
    ]
    unique = {(session, account.id): account for session, account in accounts}
    rows = []
    for (session, _), account in unique.items():
        for role in seeded.sample(("Admin", "admin", "Read", "Billing", "X"), seeded.randrange(5)):
            usage = Usage(seeded.choice((None, 5, 9)), 0, seeded.random() < 0.1)
            chained = RoleKey(session, account.id, role, "c") if seeded.random() < 0.1 else None
            rows.append(RoleRow(session, account, role, (), usage, chained))
    return ranked_rows(rows)


def random_view(seeded: random.Random, rows: list[RoleRow]) -> RoleListView:
    view = RoleListView(seeded.random() < 0.3, seeded.choice(SORTS), seeded.random() < 0.3)
    for row in seeded.sample(rows, min(len(rows), 3)):
        view = view.with_fold(account_key(row), seeded.random() < 0.5)
    return view


def shown_keys(shown: ShownRoles) -> list[RoleKey]:
    return [shown.rows[number].key for number in shown.lines if number >= 0]


@pytest.mark.parametrize("seed", range(3))
def test_each_role_is_there_once_unless_its_account_is_folded(seed):
    seeded = random.Random(seed)
    for _ in range(WORLDS):
        rows = make_world(seeded)
        shown = ShownRoles(random_view(seeded, rows))
        shown.set_rows(rows)
        view = shown.view
        wanted = [r.key for r in rows if view.is_flat or not view.is_folded(account_key(r))]
        assert sorted(shown_keys(shown)) == sorted(wanted)
        assert shown.count == len(rows)
        headings = [account_key(rows[~number]) for number in shown.lines if number < 0]
        assert len(headings) == len(set(headings))
        assert set(headings) == (set() if view.is_flat else set(map(account_key, rows)))
        # Below each heading are the roles of its account.
        last = None
        for number in shown.lines:
            last = account_key(rows[~number]) if number < 0 else last
            assert view.is_flat or number < 0 or account_key(rows[number]) == last
        shown.search("prod")
        # A search shows what it found in folded accounts, too.
        assert len(shown_keys(shown)) == shown.count


@pytest.mark.parametrize("seed", range(3))
def test_the_cursor_stays_on_its_role_over_folds_orders_and_new_readings(seed):
    seeded = random.Random(seed)
    for _ in range(WORLDS):
        rows = make_world(seeded)
        if not rows:
            continue
        shown = ShownRoles()
        shown.set_rows(rows)
        content = LineContent(seeded.choice(rows), False)
        for _ in range(4):
            if seeded.random() < 0.5:
                shown.set_view(random_view(seeded, rows))
            else:
                again = [r._replace(profiles=("p",)) for r in seeded.sample(rows, len(rows))]
                rows = ranked_rows(again)
                shown.set_rows(rows)
            found = shown.content_of_line(shown.line_with_content(content))
            assert found is not None
            view, account = shown.view, account_key(content.row)
            if view.is_flat or not view.is_folded(account):
                assert found == (found.row, False)
                assert found.row.key == content.row.key
            else:
                assert found.is_heading
                assert account_key(found.row) == account


def test_a_heading_stays_under_the_cursor_when_its_account_is_unfolded():
    rows = [row("a", "1", role) for role in ("Admin", "Read")]
    shown = ShownRoles(RoleListView().with_all_folded(folded=True))
    shown.set_rows(rows)
    content = shown.content_of_line(0)
    shown.set_view(RoleListView())
    assert (shown.line_with_content(content), list(shown.lines)) == (0, [-1, 0, 1])
    assert shown.line_with_content(None) == ~1
    shown.set_view(FLAT)
    assert shown.line_with_content(content) == 0


def row(name: str, account_id: str, role: str, usage: Usage = Usage()) -> RoleRow:  # noqa: B008
    account, privileged = Account(account_id.zfill(12), name, ""), make_privileged_test()(role)
    return RoleRow("corp", account, role, (), usage, privileged=privileged)


WORLD = ranked_rows(
    [
        row("beta", "1", "Read"),
        row("beta", "1", "admin"),
        row("Alpha", "3", "Read", Usage(5, 1)),
        row("", "2", "Read"),
        row("gamma", "4", "Read", Usage(None, 0, favourite=True)),
        row("gamma", "4", "Admin"),
    ]
)


@pytest.mark.parametrize(
    ("sort", "tree", "flat"),
    [
        ("use", "4 4Read 4Admin 3 3Read 1 1Read 1admin 2 2Read", "4Read 3Read 1Read 1admin 2Read"),
        ("name", "4 4Read 4Admin 2 2Read 3 3Read 1 1Read 1admin", "4Read 2Read 3Read 1Read"),
        ("id", "4 4Read 4Admin 1 1Read 1admin 2 2Read 3 3Read", "4Read 1Read 1admin 2Read 3Read"),
    ],
)
def test_favourites_come_first_in_each_order(sort, tree, flat):
    def text(number: int) -> str:
        one = WORLD[~number if number < 0 else number]
        return one.account.id.lstrip("0") + (one.role_name if number >= 0 else "")

    for is_flat, wanted in ((False, tree), (True, flat)):
        shown = ShownRoles(RoleListView(is_flat, sort))
        shown.set_rows(WORLD)
        assert " ".join(map(text, shown.lines)).startswith(wanted)


@pytest.mark.parametrize("is_flat", [False, True])
@pytest.mark.parametrize(
    ("role", "usage", "is_current", "is_proposed"),
    [
        ("Read", Usage(5, 2), False, True),
        ("Read", Usage(5, 1), False, False),
        ("Read", Usage(None, 0, favourite=True), False, True),
        ("Admin", Usage(5, 9), False, False),
        ("Admin", Usage(None, 0, favourite=True), False, True),
        ("Admin", Usage(), True, True),
    ],
)
def test_only_a_role_that_the_user_prefers_is_proposed(
    is_flat, role, usage, is_current, is_proposed
):
    one, other = row("beta", "1", role, usage), row("beta", "1", "View")
    shown = ShownRoles(RoleListView(is_flat), one if is_current else None)
    shown.set_rows(ranked_rows([other, one]))
    line = shown.line_with_content(None)
    assert (shown.role_at_line(line) is one) is is_proposed
    assert (line < 0) is not is_proposed


@pytest.mark.parametrize(
    ("query", "expected"), [("beta", "Read"), ("beta adm", "Admin"), ("alp", "Admin")]
)
def test_a_search_proposes_a_privileged_role_if_it_names_it_or_finds_no_other(query, expected):
    rows = [row("beta", "1", "Admin"), row("beta", "1", "Read"), row("alpha", "2", "Admin")]
    shown = ShownRoles(RoleListView())
    shown.set_rows(rows)
    shown.search(query)
    found = shown.role_at_line(shown.line_with_content(None))
    assert found is not None
    assert found.role_name == expected


@pytest.mark.parametrize("sort", ["use", "name", "id"])
@pytest.mark.parametrize("is_flat", [False, True])
def test_profiles_that_are_not_ours_come_last_in_each_order(sort, is_flat):
    shown = ShownRoles(RoleListView(is_flat, sort))
    shown.set_rows([*WORLD, *foreign_profile_rows([("a", "static keys"), ("b", "aws login")])])
    names = [shown.rows[number].role_name for number in shown.lines if number >= 0]
    assert names[-2:] == ["a", "b"]
    assert "a" not in names[:-2]
    shown.set_view(RoleListView(is_flat, sort, only_session="corp"))
    assert not any(shown.rows[number].provider for number in shown.lines if number >= 0)


def test_a_search_puts_the_account_of_the_best_match_first():
    shown = ShownRoles(RoleListView(sort="id").with_all_folded(folded=True))
    shown.set_rows(WORLD)
    shown.search("gamma read")
    shown.search("read")
    best = [WORLD[~number].account.id[-1] for number in shown.lines if number < 0]
    assert best[0] == "4"
    assert shown.heading_of(~shown.lines[0]).role_count == 2
    assert len(shown.heading_of(~shown.lines[0]).rows) == 1


def test_one_account_in_two_sessions_has_two_headings_unless_the_list_is_flat():
    account = Account("1".zfill(12), "prod", "")
    for shown, lines in ((ShownRoles(RoleListView()), [-1, 0, -2, 1]), (ShownRoles(), [0, 1])):
        shown.set_rows([RoleRow(session, account, "Admin") for session in ("corp", "lab")])
        assert list(shown.lines) == lines


def test_a_new_order_and_new_rows_are_shown_and_a_search_marks_characters():
    shown = ShownRoles(RoleListView())
    shown.set_rows(WORLD)
    by_use = list(shown.lines)
    shown.set_view(RoleListView(sort="id"))
    assert list(shown.lines) != by_use
    assert shown.heading_of(0).role_count == 2
    shown.set_rows(WORLD[:1])
    shown.search("gamma")
    assert shown.heading_of(0).role_count == 1
    shown = ShownRoles(RoleListView())
    assert shown.spans(0) == []
    shown.set_rows(WORLD)
    assert shown.spans(0) == []
    shown.search("gamma")
    assert any(shown.spans(number) for number in range(len(WORLD)))
