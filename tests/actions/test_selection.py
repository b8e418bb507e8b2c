"""Which session and which role the text of a command line means; AWS_PROFILE fills the gaps."""

import pytest

from ssohelper.actions import prompt, selection
from ssohelper.app import App
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account, RoleKey, SsoSession
from ssohelper.core.served_role import VARIABLE
from ssohelper.errors import UsageProblem
from tests.actions.world import token
from tests.conftest import Home

URL = "https://d-0000000000.awsapps.com/start"
OTHER_URL = "https://d-1111111111.awsapps.com/start"
ROLE = "sso_account_id = 000030000001\nsso_role_name = Admin\n"
LEGACY = f"[profile old]\nsso_start_url = {URL}\nsso_region = us-east-1\n{ROLE}"


def app_of(home: Home, *, profiles: str = "", sessions: dict[str, str] | None = None, **env: str):
    for name, url in (sessions or {"corp": URL, "other": OTHER_URL}).items():
        home.add_session(name, url)
    home.write_config(home.config_file.read_text() + profiles)
    return App({**home.env, **env})


@pytest.mark.parametrize(
    "keys",
    [
        f"sso_session = other\n{ROLE}",
        f"sso_start_url = {OTHER_URL}\nsso_region = us-east-1\n{ROLE}",
        "credential_process = /x/ssohelper-credentials --session other "
        "--account-id 000030000001 --role-name Admin\n",
    ],
)
def test_the_session_of_aws_profile_is_used_where_none_is_named(home, keys):
    app = app_of(home, profiles=f"[profile dev]\n{keys}", AWS_PROFILE="dev")
    assert selection.resolve_session(app, None).name == "other"
    assert selection.resolve_profile(app, "000030000001/Admin", None).session.name == "other"
    assert selection.resolve_session(app, "corp").name == "corp"


@pytest.mark.parametrize("name", ["", "missing", "keys"])
def test_an_aws_profile_without_a_session_leaves_the_question_open(home, name):
    app = app_of(home, profiles="[profile keys]\nregion = eu-west-1\n", AWS_PROFILE=name)
    with pytest.raises(selection.NoSessionNamed) as question:
        selection.resolve_session(app, None)
    assert [session.name for session in question.value.sessions] == ["corp", "other"]


def test_an_account_name_that_two_accounts_have_is_refused_with_both_ids(home):
    app = app_of(home)
    listed = tuple(
        ListedAccount(Account(account_id, name, ""), ("Admin",))
        for account_id, name in (
            ("000030000001", "payments"),
            ("000030000002", "payments"),
            ("000030000003", "orders"),
        )
    )
    app.directory.save("corp", Listing(URL, "us-east-1", app.clock.now(), listed))
    with pytest.raises(UsageProblem) as refused:
        selection.resolve_profile(app, "corp:payments/Admin", None)
    assert refused.value.message == (
        'several accounts are named "payments": 000030000001, 000030000002'
    )
    found = selection.resolve_profile(app, "corp:orders/Admin", None)
    assert found.key == RoleKey("corp", "000030000003", "Admin")


CHAIN = "[profile ch]\nrole_arn = arn:aws:iam::000030000002:role/Deploy\nsource_profile = old\n"
GRANTED = LEGACY.replace("sso_", "granted_sso_").replace("[profile old]", "[profile g]")
GRANTED += "credential_process = granted credential-process --profile g\n"


@pytest.mark.parametrize("name", ["old", "ch", "g"])
def test_a_profile_without_a_session_is_of_each_session_of_its_portal(home, name):
    sessions = {"corp": URL, "admin": f"{URL}/", "x": OTHER_URL}
    app = app_of(home, profiles=LEGACY + CHAIN + GRANTED, sessions=sessions, AWS_PROFILE=name)
    for session_name in ("corp", "admin"):
        found = selection.resolve_profile(app, name, session_name)
        assert (found.name, found.session.name) == (name, session_name)
        assert (found.key.account_id, found.key.role_name) == ("000030000001", "Admin")
    for text in (name, None):
        with pytest.raises(selection.NoSessionNamed) as question:
            selection.resolve_profile(app, text, None)
        assert [session.name for session in question.value.sessions] == ["corp", "admin"]
    with pytest.raises(UsageProblem, match='is of the session "corp" or "admin", not of "x"'):
        selection.resolve_profile(app, name, "x")


def test_a_chosen_role_takes_the_region_of_its_profile_and_none_of_another(home):
    profiles = (
        f"[profile gone]\nsso_session = corp\n{ROLE}region = eu-west-1\n".replace("Admin", "Read")
        + f"[profile mine]\nsso_session = corp\n{ROLE}region = eu-north-1\n"
    )
    app = app_of(home, profiles=profiles)
    key = RoleKey("corp", "000030000001", "Admin")
    found = selection.resolve_chosen_role(app, key, ["missing", "gone", "mine"])
    assert (found.name, found.key, found.region) == ("mine", key, "eu-north-1")
    found = selection.resolve_chosen_role(app, key, ["gone"])
    assert (found.name, found.key, found.region) == ("corp:000030000001/Admin", key, None)
    with pytest.raises(UsageProblem, match='no sso-session named "crop"'):
        selection.resolve_chosen_role(app, RoleKey("crop", "000030000001", "Admin"))


def test_a_shells_endpoint_is_asked_unless_another_session_is_named(home):
    env = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/c",
        VARIABLE: "corp:000030000001/Admin",
    }
    app = app_of(home, **env)
    key = RoleKey("corp", "000030000001", "Admin")
    for session_name in (None, "corp"):
        assert selection.resolve_profile(app, None, session_name).key == key
    with pytest.raises(UsageProblem):
        selection.resolve_profile(app, None, "other")
    assert selection.resolve_session(app, None).name == "corp"
    app.environ[VARIABLE] = "other:000030000001/Admin"
    assert selection.resolve_session(app, None).name == "other"


def test_a_recorded_session_that_the_config_lacks_is_found_by_its_name(home):
    session = SsoSession("corp", URL, "us-east-1", ())
    app = app_of(home, sessions={"other": OTHER_URL})
    assert selection.find_unlisted_session(app, "corp") is None
    app.tokens.save_session(session)
    app.tokens.save(session, token("theirs"))
    assert selection.find_unlisted_session(app, "corp") == session
    assert selection.find_unlisted_session(app, None) is None  # the config has a session


@pytest.mark.parametrize(
    ("used", "has_fixed_keys", "name"),
    [
        ("keys dev", True, "dev"),
        ("keys dev", False, "other"),
        ("profile dev", True, "other"),
        ("", True, "other"),
    ],
)
def test_a_prompt_names_the_keys_of_use_only_while_the_shell_has_keys(
    home, used, has_fixed_keys, name
):
    profiles = "".join(f"[profile {one}]\nsso_session = corp\n{ROLE}" for one in ("dev", "other"))
    app = app_of(home, profiles=profiles, AWS_PROFILE="other", _SSOHELPER_USED=used)
    found, profile = prompt._find_profile_in_use(app, has_fixed_keys)
    assert profile is not None
    assert (found, profile.name) == (name, name)


@pytest.mark.parametrize("count", [1, 2])
def test_a_prompt_names_the_session_only_if_there_are_several(home, count):
    sessions = dict(list({"corp": URL, "other": OTHER_URL}.items())[:count])
    app = app_of(home, sessions=sessions)
    label, profile = prompt._find_served_profile(app, "corp:000030000001/Admin")
    assert label == ("corp:" if count > 1 else "") + "000030000001/Admin"
    assert profile is not None
