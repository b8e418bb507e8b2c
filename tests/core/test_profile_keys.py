"""The keys by which a profile names its role, and the edits that give it these keys."""

import pytest

from ssohelper.core.config_edit import AddSection, EditSection
from ssohelper.core.config_file import ConfigFile, ProfileEntry
from ssohelper.core.model import Role
from ssohelper.core.profile_keys import (
    ProfileChange,
    change_of_identity_keys,
    change_that_adopts_profile,
    identity_keys,
    section_of_session,
)
from tests.core.test_profile_plan import COMMAND, CORP, PAY, URL, native, process

READ = Role(PAY, "Read")
ASKED = f"{COMMAND} --session corp --account-id {PAY} --role-name Read"
NATIVE = {"sso_session": "corp", "sso_account_id": PAY, "sso_role_name": "Read"}


def entry_of(text: str) -> ProfileEntry:
    [entry] = ConfigFile.parse(text.encode(), "config").profiles()
    return entry


@pytest.mark.parametrize(
    ("form", "keys"), [("process", {"credential_process": ASKED}), ("sso", NATIVE)]
)
def test_each_form_names_session_account_and_role(form, keys):
    assert identity_keys(CORP, READ, form, COMMAND) == keys


def test_the_section_of_a_session_without_scopes_has_no_key_for_them():
    keys = (("sso_start_url", URL), ("sso_region", "eu-west-1"))
    assert section_of_session(CORP._replace(scopes=())) == AddSection("sso-session corp", keys)
    with_scopes = section_of_session(CORP._replace(scopes=("a", "b")))
    assert with_scopes.keys == (*keys, ("sso_registration_scopes", "a,b"))


def test_only_the_identity_keys_that_differ_are_changed():
    keys = identity_keys(CORP, READ, "process", COMMAND)
    entry = entry_of(process("p", PAY, "Read") + "output = json\n")
    assert change_of_identity_keys(entry, keys) is None
    entry = entry_of(native("p", PAY, "Admin"))
    assert change_of_identity_keys(entry, NATIVE) == (
        EditSection("profile p", (("sso_role_name", "Read"),), ()),
        ProfileChange("p", {"sso_role_name": "Admin"}, {"sso_role_name": "Read"}),
    )


def test_another_form_removes_the_keys_of_the_one_before_and_no_other_key():
    entry = entry_of(native("p", PAY, "Read") + "output = json\nsso_region = eu-west-1\n")
    assert change_of_identity_keys(entry, {"credential_process": ASKED}) == (
        EditSection("profile p", (("credential_process", ASKED),), (*NATIVE, "sso_region")),
        ProfileChange("p", {**NATIVE, "sso_region": "eu-west-1"}, {"credential_process": ASKED}),
    )


@pytest.mark.parametrize(
    ("own", "assigned"),
    [
        ("region = us-east-1\n", {}),
        ("", {"region": "eu-west-1"}),
        ("region =\n", {"region": "eu-west-1"}),
    ],
)
def test_an_adopted_profile_keeps_its_region_or_gets_the_one_of_a_new_profile(own, assigned):
    entry = entry_of(f"[profile p]\n{own}granted_sso_account_id = {PAY}\noutput = json\n")
    edit, change = change_that_adopts_profile(entry, NATIVE, "eu-west-1")
    assert dict(edit.assign) == change.after == {**NATIVE, **assigned, "ssohelper_managed": "true"}
    assert edit.drop == ("granted_sso_account_id",)
    # A key without a value is replaced, and both values are in the change.
    empty = {"region": ""} if own == "region =\n" else {}
    assert change.before == {**empty, "granted_sso_account_id": PAY}
