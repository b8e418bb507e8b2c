"""Which session and profile a command uses when the user omits, mistypes or breaks a name."""

import pytest

from ssohelper.app import App
from ssohelper.cli import choosing, listing_progress
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account, SsoSession
from ssohelper.errors import UsageProblem
from tests.conftest import Home


@pytest.fixture
def two(home) -> Home:
    home.add_session("corp")
    home.add_session("other", "https://d-1111111111.awsapps.com/start")
    return home


def test_a_broken_only_session_is_an_error_with_its_line(home, run):
    home.write_config("# mine\n[sso-session corp]\nsso_start_url = https://x.awsapps.com/start\n")
    answer = run("login")
    assert answer.returncode == 3
    assert "config:2" in answer.stderr or "line 2" in answer.stderr


def test_without_any_session_the_hint_is_setup_also_for_a_picker_of_roles(run, terminal):
    for command, code in (("status", 0), ("login", 2)):
        answer = run(command)
        assert answer.returncode == code
        assert "ssohelper setup START_URL" in answer.stderr
    child = terminal("whoami")
    child.expect("ssohelper setup START_URL")
    assert child.ended()[0] == 2


def test_unknown_profiles_and_roles_are_refused(two, run):
    answer = run("whoami", env={"AWS_PROFILE": "payments-prd"})
    assert answer.returncode == 3
    assert "AWS_PROFILE" in answer.stderr
    for name in ("a/b", "nope/Role", "corp:nope/Role", "x", "", "--", "a\nb", "é"):
        answer = run("whoami", name, "--session", "corp")
        assert answer.returncode in (2, 5)
        assert answer.stdout == ""
        assert answer.stderr.startswith("ssohelper: error: ")


PROFILES = """
[profile dev]
credential_process = /x/ssohelper credential-process --session corp --account-id 000000000001 --role-name A
region = eu-west-1

[profile old]
sso_start_url = https://d-1111111111.awsapps.com/start
sso_region = eu-west-1
sso_account_id = 000000000001
sso_role_name = A
"""


def test_an_empty_profile_argument_is_an_error_and_not_aws_profile(two, run):
    two.write_config(two.config_file.read_text() + PROFILES)
    answer = run("console", "--print", "", env={"AWS_PROFILE": "dev"})
    assert (answer.returncode, answer.stdout) == (2, "")
    assert 'no profile named ""' in answer.stderr


@pytest.mark.parametrize(
    ("session", "name", "says"),
    [
        ("corp", "dev", None),
        ("other", "dev", 'the profile "dev" is of the session "corp", not of "other"'),
        ("crop", "dev", 'no sso-session named "crop"'),
        ("other", "old", None),
        ("corp", "old", "not of"),
    ],
)
def test_the_session_option_must_be_the_profiles_own_session(two, run, session, name, says):
    two.write_config(two.config_file.read_text() + PROFILES)
    for argv, env in (((name,), {}), ((), {"AWS_PROFILE": name})):
        answer = run("console", "--print", "--session", session, *argv, env=env)
        assert answer.returncode == (2 if says else 0), answer.stderr
        assert (says or "") in answer.stderr


def test_a_missing_session_is_exit_3_and_a_missing_list_exit_5_with_the_command(two, run):
    gone = PROFILES.replace("--session corp", "--session gone")
    two.write_config(two.config_file.read_text() + gone)
    answer = run("console", "--print", "dev")
    assert answer.returncode == 3
    assert 'profile "dev" names the sso-session "gone", which does not exist' in answer.stderr
    answer = run("console", "--print", "corp:payments-prod/Admin")
    assert answer.returncode == 5
    assert 'session "corp" was never listed' in answer.stderr
    assert "hint: list its accounts with: ssohelper list --session corp" in answer.stderr


@pytest.mark.parametrize(
    ("command", "name"), [("whoami", "ch"), ("env", "legacy"), ("use", "legacy"), ("exec", "ch")]
)
def test_a_legacy_profile_of_a_portal_with_two_sessions_needs_the_session(home, run, command, name):
    home.add_session("first")
    home.add_session("second")
    home.write_config(
        home.config_file.read_text()
        + "[profile legacy]\nsso_start_url = https://d-0000000000.awsapps.com/start\n"
        "sso_region = us-east-1\nsso_account_id = 000030000001\nsso_role_name = Admin\n\n"
        "[profile ch]\nrole_arn = arn:aws:iam::000030000002:role/Deploy\nsource_profile = legacy\n"
    )
    more = ["--", "true"] if command == "exec" else []
    env = {"_SSOHELPER_SHELL": "bash"}
    answer = run(command, name, *more, env=env)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert all(one in answer.stderr for one in ("first", "second"))
    answer = run(command, name, "--session", "second", *more, env=env)
    assert answer.returncode == 4
    assert "ssohelper login second" in answer.stderr


def test_the_roles_to_choose_from_have_those_of_sessions_that_were_never_listed(two, monkeypatch):
    app, asked = App(two.env), list[str]()

    def fetch(_app: App, session: SsoSession, **_: object) -> None:
        asked.append(session.name)
        account = ListedAccount(Account("000030000001", "pay", ""), ("Admin",))
        listing = Listing(session.start_url, session.region, app.clock.now(), (account,))
        app.directory.save(session.name, listing)

    monkeypatch.setattr(listing_progress.directory, "fetch_listing", fetch)
    found = choosing.read_known_roles(app, "corp")
    assert [(row.session_name, row.role_name) for row in found.rows] == [("corp", "Admin")]
    found = choosing.read_known_roles(app, None)
    assert [row.session_name for row in found.rows] == ["corp", "other"]
    assert asked == ["corp", "other"]
    with pytest.raises(UsageProblem) as unknown:
        choosing.read_known_roles(app, "crop")
    assert 'did you mean "corp"' in (unknown.value.hint or "")
