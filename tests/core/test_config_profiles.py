"""The role of each profile in a list of many: its own, that of its chain, or none."""

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.config_profiles import ConfigProfile, make_config_profiles
from ssohelper.core.model import Role
from tests.core.test_profile_plan import COMMAND, DEV, PAY, SESSION, native, process

_CHAIN = f"role_arn = arn:aws:iam::{DEV}:role/Deploy\nsource_profile = pay\n"


def make(text: str) -> dict[str, ConfigProfile]:
    config = ConfigFile.parse(text.encode(), "config")
    return {one.entry.name: one for one in make_config_profiles(config, config.profiles())}


def test_a_profile_has_the_target_that_the_config_finds():
    text = SESSION + process("pay", PAY, "Read") + native("dev", DEV, "Admin")
    config = ConfigFile.parse(text.encode(), "config")
    found = make(text)
    assert list(found) == ["pay", "dev"]
    for entry in config.profiles():
        target = config.target(entry)
        assert target is not None
        assert found[entry.name].target == target
        assert found[entry.name].shown_target == target
        assert found[entry.name].name_and_role == (entry.name, target, None)


def test_profiles_of_one_session_and_form_share_one_source():
    text = process("a", PAY, "Read") + process("b", DEV, "Admin") + native("c", DEV, "Admin")
    found = make(SESSION + text)
    assert found["a"].source is found["b"].source
    assert found["c"].source != found["a"].source


def test_a_profile_without_a_role_or_with_a_damaged_one_points_at_none():
    found = make(
        f"{SESSION}[profile own]\nregion = eu-west-1\n"
        f"[profile damaged]\ncredential_process = {COMMAND} --session corp --account-id 1\n"
    )
    assert [(one.target, one.shown_target) for one in found.values()] == [(None, None)] * 2


def test_a_chain_is_shown_with_the_role_that_it_assumes():
    found = make(f"{SESSION}{process('pay', PAY, 'Read')}\n[profile deploy]\n{_CHAIN}")["deploy"]
    assert found.target is None
    shown = found.shown_target
    assert shown is not None
    assert (shown.role, shown.form, shown.session_name) == (Role(DEV, "Deploy"), "chain", "corp")
