"""Findings of the config's sections, and of a config that is slow to read."""

import pytest

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.doctor import checks, config
from ssohelper.core.doctor.facts import (
    ConfigFacts,
    Facts,
)


def test_keys_of_the_default_section_and_a_second_session_have_fixes_of_their_own() -> None:
    session = "[sso-session corp]\nsso_region = eu-west-1\n"
    text = f"[DEFAULT]\noutput = json\n{session}[sso-session  corp]\n{session[19:]}"
    file = ConfigFile.parse(text.encode(), "c")
    found = checks.run_checks(Facts(config=ConfigFacts(file=file)))
    fixes = {one.id: one.fix for one in found}
    assert "lower case" in fixes["default-section"]
    assert "remove one of the two" in fixes["session-twice"]


@pytest.mark.parametrize(("seconds", "ids"), [(None, []), (0.1, []), (0.5, ["config-slow"])])
def test_a_config_that_costs_every_start_much(seconds: float | None, ids: list[str]) -> None:
    file = ConfigFile.parse(b"[profile a]\nregion = eu-west-1\n", "config")
    facts = Facts(config=ConfigFacts(file=file, parse_seconds=seconds))
    assert [one.id for one in config.check_config_speed(facts)] == ids
