"""Which roles of a plan count as guarded."""

import pytest

from ssohelper.core.listing import Listing
from ssohelper.core.model import Account, Role
from ssohelper.core.profile_names import UnnamedRole
from tests.core.test_profile_plan import PAY, SESSION, URL, listed, native, process, request, synced


@pytest.mark.parametrize(
    ("name", "form"), [("", "process"), ("pay", "native"), ("prod", "process")]
)
def test_an_account_without_a_name_counts_as_guarded_by_rules_for_names(name, form):
    listing = Listing(URL, "eu-west-1", 0, (listed(PAY, name, "Read"),))
    asked = request(listing, form="sso", rules=("prod*/Read",), template="x")
    expected = process("x", PAY, "Read") if form == "process" else native("x", PAY, "Read")
    assert synced(SESSION, asked) == SESSION + expected


@pytest.mark.parametrize(
    ("rules", "form"),
    [((), "sso"), (("pay/Admin",), "sso"), (("pay/Read",), "process"), (("corp:*/*",), "process")],
)
def test_a_guarded_role_is_in_process_form_whatever_form_is_asked_for(rules, form):
    unnamed = UnnamedRole(Account(PAY, "pay", ""), Role(PAY, "Read"))
    asked = request(form="sso", rules=rules)
    assert asked.form_of(unnamed) == form
    assert asked.is_guarded(unnamed) is (form == "process")
