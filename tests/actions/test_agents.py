"""Allow-lists: which patterns a child gets, and what a limited program is refused."""

import pytest

from ssohelper.actions import agents
from ssohelper.errors import Refused, UsageProblem
from tests.actions.world import CONFIG, ROLE, WorldApp
from tests.published import date_back

PROFILES = f"""
[profile pay.ro]
sso_session = corp
sso_account_id = {ROLE.account_id}
sso_role_name = {ROLE.name}

[profile other]
region = eu-west-1
"""
OF_PROFILE = f"corp:{ROLE.account_id}/{ROLE.name}"


@pytest.fixture
def app(tmp_path) -> WorldApp:
    made = WorldApp(tmp_path)
    made.locations.aws_config_file.write_text(CONFIG + PROFILES)
    date_back(made.locations.aws_config_file)
    return made


def variables(app: WorldApp, *globs: str) -> dict[str, str]:
    found: dict[str, str] = agents.build_allow_list_variable(app, globs)
    return found


def test_without_a_glob_there_is_no_list(app):
    assert variables(app) == {}


@pytest.mark.parametrize(
    ("globs", "text"),
    [
        (["*-dev/*"], "*-dev/*"),
        (["*-dev/*", "a/b", "*-dev/*"], "*-dev/*,a/b"),
        (["pay.*"], OF_PROFILE),
        (["PAY.RO", "a/b"], f"{OF_PROFILE},a/b"),
    ],
)
def test_a_glob_without_a_slash_names_profiles(app, globs, text):
    assert variables(app, *globs) == {"SSOHELPER_ALLOW": text}


@pytest.mark.parametrize(
    ("glob", "said"),
    [
        ("", "is no pattern"),
        ("a/b,c/d", "is no pattern"),
        ("a/b;c/d", "is no pattern"),
        ("other", "no profile matches"),
        ("nothing.*", "no profile matches"),
    ],
)
def test_a_glob_that_cannot_be_meant_is_refused(app, glob, said):
    with pytest.raises(UsageProblem, match=said):
        variables(app, "a/b", glob)


def test_a_list_that_this_process_has_stays_in_force(app):
    app.environ["SSOHELPER_ALLOW"] = "*-dev/*"
    assert variables(app, "a/b") == {"SSOHELPER_ALLOW": "*-dev/*;a/b"}


def test_a_limited_program_is_refused_with_a_line_in_the_journal(app):
    agents.refuse_if_limited(app, "sign in", "ssohelper login corp")
    assert app.journal.read().lines == []
    app.environ["SSOHELPER_ALLOW"] = ""
    with pytest.raises(Refused, match="cannot sign in") as refusal:
        agents.refuse_if_limited(app, "sign in", "ssohelper login corp")
    assert "ssohelper login corp" in (refusal.value.hint or "")
    [line] = app.journal.read().lines
    assert (line.event, line.fields["what"]) == ("refused", "sign in")
