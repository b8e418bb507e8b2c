"""Profiles of other tools that a plan adopts: their form, and the keys they keep and lose."""

import pytest

from tests.core.test_profile_plan import PAY, SESSION, native, plan, request, synced


@pytest.mark.parametrize(
    ("more", "form", "said"),
    [
        ({}, "process", ""),
        ({"form": "sso", "rules": ("*:*/*",)}, "process", "process"),
        (
            {"taken_names": frozenset({"theirs"})},
            "sso",
            'adopted in form "sso": some SDKs still take what [theirs] of',
        ),
        ({"taken_names": frozenset({"theirs"}), "no_native": True}, None, "remove that section"),
        ({"taken_names": frozenset({"theirs"}), "rules": ("*:*/*",)}, None, "remove that section"),
    ],
)
def test_an_adopted_profile_gets_a_form_in_which_no_sdk_takes_other_keys(more, form, said):
    text = SESSION + native("theirs", PAY, "Read", marked=False)
    found = plan(text, request(adopt=frozenset({"theirs"}), **more))
    assert found.adopt == (("theirs",) if form else ())
    notes = [one.reason for one in found.skipped if one.name == "theirs"]
    assert len(notes) == bool(said)
    assert said in "".join(notes)
    after = synced(text, request(adopt=frozenset({"theirs"}), **more))
    [section] = [one for one in after.split("\n\n") if one.startswith("[profile theirs]")]
    assert ("credential_process" in section) == (form == "process")


def test_an_adopted_profile_loses_the_keys_of_its_tool_and_keeps_all_others():
    own = "output = json\ns3 =\n  max_concurrent_requests = 4\n"
    text = SESSION + native("theirs", PAY, "Read", marked=False) + own
    tools = "sso_auto_populated = true\nsso_account_name = pay\n"
    after = synced(text + tools, request(adopt=frozenset({"theirs"}), form="sso"))
    assert f"region = eu-west-1\n{own}ssohelper_managed = true\n" in after
    assert "sso_auto_populated" not in after
    assert "sso_account_name" not in after


@pytest.mark.parametrize("role", ["sso_role_name = Read\n", ""])
def test_a_profile_is_adopted_unless_one_that_includes_it_needs_its_sso_keys(role):
    user = f"\n[profile user]\ninclude_profile = base\nsso_session = corp\nsso_account_id = {PAY}\n"
    text = SESSION + native("base", PAY, "Read", marked=False) + user + role
    found = plan(text, request(adopt=frozenset({"base"})))
    assert found.adopt == (("base",) if role else ())


def test_an_adopted_profile_of_an_unlisted_role_is_told():
    text = SESSION + native("theirs", "999999999999", "Gone", marked=False)
    found = plan(text, request(adopt=frozenset({"theirs"})))
    assert dict(found.skipped)["theirs"] == "adopted, but its role is not in your list"
