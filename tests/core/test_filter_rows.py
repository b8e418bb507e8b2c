"""The rows of the picker of filters: each one's filter matches what it names, and nothing else."""

from ssohelper.core import filter_rows
from ssohelper.core.choices import Choices, account_filter, glob_filter
from tests.core.test_profile_plan import listed, listing_of

NAMES = ("dev", "prod", "Prod", "!prod", "a*", "ab", "[x]", "", "111111111111", "a?")
ACCOUNTS = [
    listed(f"{number:012}", name, "Read", *["Admin"][: number % 2])
    for number, name in enumerate(NAMES)
]
ROWS = filter_rows.filter_rows_of_listing(listing_of(*ACCOUNTS))


def test_each_account_has_a_filter_of_its_own_and_role_names_come_first():
    ids = [row.note[:12] for row in ROWS if row.is_account]
    assert sorted(ids) == [one.account.id for one in ACCOUNTS]
    for row in ROWS:
        if row.is_account:
            is_match = account_filter((row.filter,))
            found = [one.account.id for one in ACCOUNTS if is_match(one.account)]
            assert found == [row.note[:12]], row
    assert [(row.name, row.note) for row in ROWS if not row.is_account] == [
        ("Read", "role, in 10 accounts"),
        ("Admin", "role, in 5 accounts"),
    ]
    assert not ROWS[0].is_account
    assert glob_filter((ROWS[0].filter,))("Read")


def test_account_filters_stay_if_no_row_is_an_account_and_role_filters_alike():
    before = Choices(("x*",), ("y*",))
    after = filter_rows.choices_with_filter_rows(before, ROWS[:1])
    assert after == before.with_chosen_fields(roles=("Read",))
    assert filter_rows.choices_with_filter_rows(before, ROWS[-1:]).roles == ("y*",)
