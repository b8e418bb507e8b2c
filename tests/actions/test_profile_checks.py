"""Why AWS tools cannot use a profile, by the program that its section names."""

from pathlib import Path

import pytest

from ssohelper.actions.profile_checks import ProfileChecker
from tests.actions.world import CONFIG, WorldApp
from tests.published import date_back

OURS = "--session corp --account-id 000000000001 --role-name ReadOnlyAccess"
PROFILES = f"""
[profile gone]
credential_process = /missing/tool

[profile there]
credential_process = /bin/sh -c true

[profile ours]
credential_process = /missing/ssohelper-credentials {OURS}
"""


@pytest.fixture
def checker(tmp_path: Path) -> ProfileChecker:
    app = WorldApp(tmp_path)
    app.locations.aws_config_file.write_text(CONFIG + PROFILES)
    date_back(app.locations.aws_config_file)
    return ProfileChecker(app, app.config.read())


@pytest.mark.parametrize(
    ("name", "despite_adoption", "against_use"),
    [
        ("gone", "", 'there is no program "/missing/tool"'),
        ("there", "", ""),  # only a run would show what it gives: no reason against its use
        ("ours", *['there is no program "/missing/ssohelper-credentials"'] * 2),
    ],
)
def test_a_missing_program_is_trouble_of_its_own_profile(
    checker: ProfileChecker, name: str, despite_adoption: str, against_use: str
) -> None:
    assert checker.find_trouble_despite_adoption(name) == despite_adoption
    assert checker.find_reason_against_use(name) == against_use
