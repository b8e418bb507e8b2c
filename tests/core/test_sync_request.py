"""Which roles of a plan count as guarded, and which written roles are of its session."""

import pytest

from ssohelper.core.listing import Listing
from ssohelper.core.model import Account, Role
from ssohelper.core.profile_names import UnnamedRole
from ssohelper.core.sync_request import form_of_profile, is_guarded
from ssohelper.core.written_roles import WrittenRole
from tests.core.test_profile_plan import PAY, SESSION, URL, listed, native, process, request, synced


@pytest.mark.parametrize(
    ("name", "form"), [("", "process"), ("pay", "native"), ("prod", "process")]
)
def test_an_account_without_a_name_counts_as_guarded_by_rules_for_names(
    name: str, form: str
) -> None:
    listing = Listing(URL, "eu-west-1", 0, (listed(PAY, name, "Read"),))
    asked = request(listing, form="sso", rules=("prod*/Read",), template="x")
    expected = process("x", PAY, "Read") if form == "process" else native("x", PAY, "Read")
    assert synced(SESSION, asked) == SESSION + expected


@pytest.mark.parametrize(
    ("rules", "form"),
    [((), "sso"), (("pay/Admin",), "sso"), (("pay/Read",), "process"), (("corp:*/*",), "process")],
)
def test_a_guarded_role_is_in_process_form_whatever_form_is_asked_for(
    rules: tuple[str, ...], form: str
) -> None:
    unnamed = UnnamedRole(Account(PAY, "pay", ""), Role(PAY, "Read"))
    asked = request(form="sso", rules=rules)
    assert form_of_profile(asked, unnamed) == form
    assert is_guarded(asked, unnamed) is (form == "process")


def test_the_written_roles_of_the_session_are_those_that_name_it() -> None:
    ours, other = (WrittenRole(name, Role(PAY, "Read"), "sso") for name in ("corp", "corp2"))
    asked = request(written_roles={"a": ours, "b": other})
    assert asked.written_roles_of_session == {"a": ours}
