"""Why AWS tools cannot use a profile, by the program that its section names."""

import pytest

from ssohelper.actions.profile_checks import (
    ProfileChecker,
    find_broken_commands,
)
from ssohelper.app import App
from tests.actions.broken_homes import add_profile, helper_moved, make_healthy
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

[profile base]
sso_session = corp
sso_account_id = 000000000001
sso_role_name = ReadOnlyAccess

[profile assuming]
role_arn = arn:aws:iam::000000000002:role/Deploy
source_profile = base
"""


@pytest.fixture
def checker(tmp_path) -> ProfileChecker:
    app = WorldApp(tmp_path)
    app.locations.aws_config_file.write_text(CONFIG + PROFILES)
    date_back(app.locations.aws_config_file)
    return ProfileChecker(app, app.config.read())


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("gone", 'the program "/missing/tool" of credential_process does not exist'),
        ("there", ""),  # only a run would show what it gives
        (
            "ours",
            'ssohelper is no longer at "/missing/ssohelper-credentials", which '
            "credential_process runs",
        ),
    ],
)
def test_adoption_solves_the_problem_of_a_missing_program(checker, name, problem):
    found = checker.find_problem(name)
    assert (found.message, found.is_solvable) == (problem, True) if problem else found is None
    doubt = 'only a run of "/bin/sh" would show which credentials it gives'
    assert checker.explain_doubt(name) == (problem or doubt)


@pytest.mark.parametrize(
    ("section", "doubt"),
    [
        ("", ""),
        (
            "[base]\nsso_role_name = Other\n",
            'its source profile "base": the profile\'s section in ~/.aws/credentials names another '
            "role or program",
        ),
    ],
)
def test_other_keys_of_a_source_profile_are_a_doubt_about_the_profile(
    checker, tmp_path, section, doubt
):
    (tmp_path / ".aws" / "credentials").write_text(section)
    assert checker.explain_doubt("assuming") == doubt
    assert checker.find_problem("assuming") is None


NAMES = ("pay.Read", "mine", "gone")


def test_a_managed_profile_whose_program_has_moved_is_written_again(home):
    make_healthy(home)
    add_profile(home, "mine", f"credential_process = {home.path}/old/tool")
    assert find_broken_commands(App(home.env), NAMES) == frozenset()
    helper_moved(home)
    assert find_broken_commands(App(home.env), NAMES) == {"pay.Read"}
