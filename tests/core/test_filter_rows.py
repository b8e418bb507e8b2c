"""The rows of the picker of filters: each one's filter matches what it names, and nothing else."""

from ssohelper.core import filter_rows
from ssohelper.core.choices import Choices, account_filter, glob_filter
from tests.core.test_profile_plan import LISTING, listed

NAMES = ("dev", "prod", "Prod", "!prod", "a*", "ab", "[x]", "", "111111111111", "a?")
ACCOUNTS = tuple(
    listed(f"{number:012}", name, "Read", *["Admin"][: number % 2])
    for number, name in enumerate(NAMES)
)


def test_each_account_is_matched_by_its_own_filter_alone():
    rows = filter_rows.filter_rows_of_listing(LISTING._replace(accounts=ACCOUNTS))
    ids = [row.note[:12] for row in rows if row.is_account]
    assert sorted(ids) == [one.account.id for one in ACCOUNTS]
    for row in rows:
        if row.is_account:
            is_match = account_filter((row.filter,))
            found = [one.account.id for one in ACCOUNTS if is_match(one.account)]
            assert found == [row.note[:12]], row


def test_role_names_come_first_with_the_number_of_accounts():
    rows = filter_rows.filter_rows_of_listing(LISTING._replace(accounts=ACCOUNTS))
    assert [(row.name, row.note) for row in rows if not row.is_account] == [
        ("Read", "role, in 10 accounts"),
        ("Admin", "role, in 5 accounts"),
    ]
    assert not rows[0].is_account
    assert glob_filter((rows[0].filter,))("Read")


def test_account_filters_stay_if_no_row_is_an_account_and_role_filters_alike():
    rows = filter_rows.filter_rows_of_listing(LISTING._replace(accounts=ACCOUNTS))
    before = Choices(("x*",), ("y*",))
    assert filter_rows.choices_with_filter_rows(before, rows[:1]) == before.with_chosen_fields(
        roles=("Read",)
    )
    assert filter_rows.choices_with_filter_rows(before, rows[-1:]).roles == ("y*",)
