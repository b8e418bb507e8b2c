"""Which managed profiles prune removes, and which it never does."""

import pytest

from ssohelper.core.choices import Choices
from tests.core.test_profile_plan import (
    ALL,
    CHAINED,
    COMMAND,
    DEV,
    LISTING,
    OLD,
    PAY,
    SESSION,
    listed,
    listing_of,
    native,
    plan,
    process,
    request,
    synced,
)

GONE = listing_of(listed(PAY, "pay", "Read"), listed(DEV, "dev", "Read"))
READ_ONLY = Choices(roles=("Read",))


def test_nothing_is_removed_without_prune():
    found = plan(SESSION + ALL, request(GONE))
    assert (found.stale, found.remove, found.changes) == (("pay.Admin",), (), ())


@pytest.mark.parametrize(
    "asked",
    [
        request(GONE, prune=True),
        request(choices=READ_ONLY, prune=True, has_new_filters=True),
    ],
    ids=["the role is gone", "new filters leave it out"],
)
def test_prune_removes_only_managed_profiles(asked):
    mine = native("mine", PAY, "Admin", marked=False)
    after = synced(SESSION + ALL + mine, asked)
    assert after == SESSION + ALL.replace(process("pay.Admin", PAY, "Admin"), "") + mine


@pytest.mark.parametrize("how", [{"refused": True}, {"answered": False}])
def test_an_account_that_did_not_answer_is_never_pruned(how):
    listing = listing_of(listed(PAY, "pay", **how), LISTING.accounts[1])
    found = plan(SESSION + ALL, request(listing, prune=True))
    assert (found.stale, found.remove) == ((), ())
    asked = request(listing, READ_ONLY, prune=True, has_new_filters=True)
    assert plan(SESSION + ALL, asked).remove == ()


def test_nothing_is_pruned_after_an_incomplete_listing():
    listing = listing_of(LISTING.accounts[0]._replace(answered=False))
    found = plan(SESSION + ALL, request(listing, prune=True))
    assert (found.stale, found.remove) == (("dev.Read",), ())


@pytest.mark.parametrize(
    ("listing", "choices", "removed"),
    [
        (listing_of(), Choices(roles=("Admin",)), "pay.Admin"),
        (
            listing_of(listed(PAY, "pay"), listed(DEV, "dev")),
            Choices(accounts=("dev",)),
            "dev.Read",
        ),
    ],
)
def test_new_filters_limit_prune(listing, choices, removed):
    stale = plan(SESSION + ALL, request(listing, choices)).stale
    assert stale == ("pay.Read", "pay.Admin", "dev.Read")
    narrowed = request(listing, choices, prune=True, has_new_filters=True)
    assert plan(SESSION + ALL, narrowed).remove == (removed,)


def test_remembered_filters_alone_or_filters_that_match_no_role_remove_nothing():
    assert plan(SESSION + ALL, request(choices=READ_ONLY, prune=True)).remove == ()
    assert plan(SESSION + ALL, request(choices=READ_ONLY, has_new_filters=True)).remove == ()
    asked = request(choices=Choices(roles=("Raed",)), prune=True, has_new_filters=True)
    assert plan(SESSION + ALL, asked).remove == ()


def test_a_source_of_another_profile_stays_and_one_that_goes_is_not_changed_too():
    asked = request(choices=READ_ONLY, prune=True, has_new_filters=True)
    found = plan(SESSION + ALL + CHAINED.format("pay.Admin"), asked)
    assert found.remove == ()
    reason = 'not removed, because the profile "chained" refers to it'
    assert dict(found.skipped)["pay.Admin"] == reason
    asked = request(choices=READ_ONLY, prune=True, has_new_filters=True)
    asked = asked._replace(old_region="eu-west-1", region="x")
    found = plan(SESSION + ALL.replace(COMMAND, OLD), asked)
    assert [one.profile for one in found.change] == ["pay.Read", "dev.Read"]
    assert found.remove == ("pay.Admin",)
