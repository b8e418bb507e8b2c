"""Which managed profiles prune removes, and which it never does."""

import pytest

from ssohelper.core.choices import Choices
from tests.core.test_profile_plan import (
    ALL,
    COMMAND,
    DEV,
    LISTING,
    PAY,
    SESSION,
    listed,
    native,
    plan,
    process,
    request,
    synced,
)

GONE = LISTING._replace(accounts=(listed(PAY, "pay", "Read"), listed(DEV, "dev", "Read")))


def test_nothing_is_removed_without_prune():
    found = plan(SESSION + ALL, request(GONE))
    assert (found.stale, found.remove, found.changes) == (("pay.Admin",), (), ())


def test_prune_removes_only_the_stale_profiles():
    mine = native("mine", PAY, "Old", marked=False)
    after = synced(SESSION + ALL + mine, request(GONE, prune=True))
    assert after == SESSION + ALL.replace(process("pay.Admin", PAY, "Admin"), "") + mine


@pytest.mark.parametrize("how", [{"refused": True}, {"answered": False}])
def test_an_account_that_did_not_answer_is_never_pruned(how):
    listing = LISTING._replace(accounts=(listed(PAY, "pay", **how), LISTING.accounts[1]))
    found = plan(SESSION + ALL, request(listing, prune=True))
    assert (found.stale, found.remove) == ((), ())


def test_nothing_is_pruned_after_an_incomplete_listing():
    accounts = (LISTING.accounts[0]._replace(answered=False),)
    found = plan(SESSION + ALL, request(LISTING._replace(accounts=accounts), prune=True))
    assert (found.stale, found.remove) == (("dev.Read",), ())


def test_new_filters_for_roles_limit_prune():
    empty = LISTING._replace(accounts=())
    choices = Choices(roles=("Admin",))
    assert plan(SESSION + ALL, request(empty, choices)).stale == (
        "pay.Read",
        "pay.Admin",
        "dev.Read",
    )
    narrowed = request(empty, choices, prune=True, has_new_filters=True)
    assert plan(SESSION + ALL, narrowed).remove == ("pay.Admin",)


def test_new_filters_for_accounts_limit_prune():
    gone = LISTING._replace(accounts=(listed(PAY, "pay"), listed(DEV, "dev")))
    narrowed = request(gone, Choices(accounts=("dev",)), prune=True, has_new_filters=True)
    assert plan(SESSION + ALL, narrowed).remove == ("dev.Read",)


READ_ONLY = Choices(roles=("Read",))


def test_prune_with_new_filters_also_removes_what_they_leave_out():
    mine = native("mine", PAY, "Admin", marked=False)
    asked = request(choices=READ_ONLY, prune=True, has_new_filters=True)
    after = synced(SESSION + ALL + mine, asked)
    assert after == SESSION + ALL.replace(process("pay.Admin", PAY, "Admin"), "") + mine
    assert plan(SESSION + ALL, asked).stale == ()


def test_remembered_filters_alone_remove_nothing():
    assert plan(SESSION + ALL, request(choices=READ_ONLY, prune=True)).remove == ()
    assert plan(SESSION + ALL, request(choices=READ_ONLY, has_new_filters=True)).remove == ()


@pytest.mark.parametrize("how", [{"refused": True}, {"answered": False}])
def test_new_filters_remove_no_profile_of_an_account_that_did_not_answer(how):
    listing = LISTING._replace(accounts=(listed(PAY, "pay", **how), LISTING.accounts[1]))
    asked = request(listing, READ_ONLY, prune=True, has_new_filters=True)
    assert plan(SESSION + ALL, asked).remove == ()


def test_new_filters_that_match_no_role_remove_nothing():
    asked = request(choices=Choices(roles=("Raed",)), prune=True, has_new_filters=True)
    assert plan(SESSION + ALL, asked).remove == ()


def test_a_source_of_another_profile_stays_outside_new_filters():
    chain = "\n[profile ci]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = pay.Admin\n"
    asked = request(choices=READ_ONLY, prune=True, has_new_filters=True)
    found = plan(SESSION + ALL + chain, asked)
    assert found.remove == ()
    [skipped] = [one for one in found.skipped if one.name == "pay.Admin"]
    assert skipped.reason == 'not removed, because the profile "ci" refers to it'


def test_a_profile_that_goes_is_not_changed_too():
    old = ALL.replace(COMMAND, "/old/ssohelper credential-process")
    asked = request(
        choices=READ_ONLY, prune=True, has_new_filters=True, old_region="eu-west-1", region="x"
    )
    found = plan(SESSION + old, asked)
    assert [one.profile for one in found.change] == ["pay.Read", "dev.Read"]
    assert found.remove == ("pay.Admin",)
