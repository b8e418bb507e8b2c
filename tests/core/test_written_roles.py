"""Managed profiles that name no role any more: which they are, and whose they were."""

import pytest

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.model import Role
from ssohelper.core.profile_keys import Skipped
from ssohelper.core.written_roles import WrittenRole, find_written_roles, lacks_role
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
def test_a_lost_role_is_written_again_under_the_same_name(text):
    config = parse(SESSION + text + _OTHERS)
    lost = [entry.name for entry in config.profiles() if lacks_role(config, entry)]
    assert lost == ["pay.Read"]
    written = {"pay.Read": WrittenRole("corp", Role(PAY, "Read"), "process")}
    found = plan(SESSION + text + _OTHERS, request(written_roles=written))
    assert (found.add, found.skipped) == ((), ())
    after = parse(synced(SESSION + text + _OTHERS, request(written_roles=written)))
    entry = after.profile("pay.Read")
    target = after.target_or_none(entry)
    assert target.role == Role(PAY, "Read")
    assert entry.keys["region"] == "eu-west-1"


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_a_profile_with_a_source_of_its_own_is_left_alone(text):
    config = parse(SESSION + text)
    assert not any(lacks_role(config, entry) for entry in config.profiles())
    written = {"pay.Read": WrittenRole("corp", Role(PAY, "Read"), "process")}
    assert synced(SESSION + text, request(written_roles=written)).startswith(SESSION + text)


def test_a_role_of_another_session_is_not_written():
    text = SESSION + LOST["no command"]
    written = {"pay.Read": WrittenRole("other", Role(PAY, "Read"), "process")}
    found = plan(text, request(written_roles=written))
    assert Skipped("pay.Read", "the profile's role cannot be read") in found.skipped
    assert found.change == ()


def written(text: str, *contents: tuple[str, str]) -> dict[str, WrittenRole]:
    writes = [(before.encode(), after.encode()) for before, after in contents]
    return find_written_roles(parse(SESSION + text), writes)


@pytest.mark.parametrize("now", ["no command", "another program", "fixed keys"])
def test_the_latest_readable_config_says_which_role_a_profile_was_written_for(now):
    saved = [SESSION + native("pay.Read", PAY, "Read"), SESSION + process("pay.Read", DEV, "Read")]
    found = written(
        KEPT.get(now, LOST.get(now, "")),
        ("", "[broken"),
        ("", SESSION),
        *zip(("", ""), saved, strict=True),
    )
    assert found == {"pay.Read": WrittenRole("corp", Role(PAY, "Read"), "sso")}


def test_a_role_that_the_profile_has_or_that_ssohelper_removed_is_not_written_again():
    assert written(_OWN, ("", SESSION + _OWN)) == {}
    unmarked = SESSION + native("pay.Read", PAY, "Read", marked=False)
    assert written(LOST["no command"], ("", unmarked)) == {}
    removed = (SESSION + _OWN, SESSION)
    assert written(LOST["no command"], removed, ("", SESSION + _OWN)) == {}
