"""Managed profiles that name no role any more: which they are, and whose they were."""

import pytest

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.model import Role
from ssohelper.core.profile_keys import Skipped
from ssohelper.core.written_roles import (
    Write,
    WrittenRole,
    find_profiles_edited_to_other_source,
    find_roles_before_edit,
    find_written_roles,
    lacks_role,
    list_profiles_without_role,
)
from tests.core.test_profile_plan import DEV, PAY, SESSION, native, plan, process, request, synced

_OWN = process("pay.Read", PAY, "Read")
_OTHERS = process("pay.Admin", PAY, "Admin") + process("dev.Read", DEV, "Read")
_LINE = _OWN.splitlines()[2]
LOST = {
    "no command": _OWN.replace(f"{_LINE}\n", ""),
    "an empty command": _OWN.replace(_LINE, "credential_process ="),
    "an option that does not exist": _OWN.replace("--role-name", "--role"),
    "an open quote": _OWN.replace("--role-name ", '--role-name "'),
    "half of the sso keys": native("pay.Read", PAY, "Read").replace("sso_role_name = Read\n", ""),
}
KEPT = {
    "a role": _OWN,
    "another program": _OWN.replace(_LINE, "credential_process = /bin/x"),
    "fixed keys": _OWN.replace(_LINE, "aws_access_key_id = A\naws_secret_access_key = s"),
    "a role on a profile": _OWN.replace(_LINE, "role_arn = x\nsource_profile = y"),
    "no mark": LOST["no command"].replace("ssohelper_managed = true\n", ""),
}


def parse(text: str) -> ConfigFile:
    return ConfigFile.parse(text.encode(), "config")


@pytest.mark.parametrize("text", LOST.values(), ids=LOST)
def test_a_lost_role_is_written_again_under_the_same_name(text: str) -> None:
    config = parse(SESSION + text + _OTHERS)
    assert [one.name for one in list_profiles_without_role(config)] == ["pay.Read"]
    written = {"pay.Read": WrittenRole("corp", Role(PAY, "Read"), "process")}
    found = plan(SESSION + text + _OTHERS, request(written_roles=written))
    assert (found.add, found.skipped) == ((), ())
    after = parse(synced(SESSION + text + _OTHERS, request(written_roles=written)))
    entry = after.profile("pay.Read")
    assert entry is not None
    target = after.target_or_none(entry)
    assert target is not None
    assert target.role == Role(PAY, "Read")
    assert entry.keys["region"] == "eu-west-1"


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_a_profile_with_a_source_of_its_own_is_left_alone(text: str) -> None:
    config = parse(SESSION + text)
    assert not any(lacks_role(config, entry) for entry in config.profiles())
    written = {"pay.Read": WrittenRole("corp", Role(PAY, "Read"), "process")}
    assert synced(SESSION + text, request(written_roles=written)).startswith(SESSION + text)


def test_only_a_profile_that_is_still_there_can_have_another_source() -> None:
    written = {
        name: WrittenRole("corp", Role(PAY, name), "process") for name in ("pay.Read", "gone", "x")
    }
    config = parse(SESSION + KEPT["fixed keys"] + process("x", PAY, "x"))
    found = find_profiles_edited_to_other_source(config, written)
    assert found == {Role(PAY, "pay.Read"): "pay.Read"}


def test_a_role_of_another_session_is_not_written() -> None:
    text = SESSION + LOST["no command"]
    written = {"pay.Read": WrittenRole("other", Role(PAY, "Read"), "process")}
    found = plan(text, request(written_roles=written))
    assert Skipped("pay.Read", "the profile's role cannot be read") in found.skipped
    assert found.change == ()


def test_the_latest_config_with_a_readable_role_says_whose_the_profile_was() -> None:
    contents = [
        None,
        b"[broken\n",
        (SESSION + LOST["no command"]).encode(),
        (SESSION + native("pay.Read", PAY, "Read")).encode(),
        (SESSION + process("pay.Read", DEV, "Read") + process("x", DEV, "Read")).encode(),
    ]
    found = find_written_roles(["pay.Read", "x", "y"], contents, "config")
    assert found == {
        "pay.Read": WrittenRole("corp", Role(PAY, "Read"), "sso"),
        "x": WrittenRole("corp", Role(DEV, "Read"), "process"),
    }
    unmarked = SESSION + native("pay.Read", PAY, "Read", marked=False)
    assert find_written_roles(["pay.Read"], [unmarked.encode()], "config") == {}


@pytest.mark.parametrize(
    ("writes", "is_found"),
    [
        ([(None, SESSION + _OWN)], True),
        ([("", SESSION), (None, SESSION + _OWN)], True),
        ([(SESSION + _OWN, SESSION), (None, SESSION + _OWN)], False),
        # What the latest write changed is not known: it may have removed the profile.
        ([("", "[broken"), (None, SESSION + _OWN)], False),
        ([("[broken", SESSION + _OWN)], True),
    ],
    ids=[
        "one write",
        "another write since",
        "we removed it",
        "unreadable since",
        "unreadable before",
    ],
)
def test_a_role_counts_as_written_unless_a_later_write_may_have_changed_it(
    writes: list[tuple[str | None, str]], is_found: bool
) -> None:
    saved = [Write(None if old is None else old.encode(), new.encode()) for old, new in writes]
    found = find_roles_before_edit(["pay.Read"], saved, "config")
    expected = WrittenRole("corp", Role(PAY, "Read"), "process")
    assert found == ({"pay.Read": expected} if is_found else {})
