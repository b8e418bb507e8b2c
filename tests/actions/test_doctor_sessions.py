"""Findings of cached credentials, and how often profiles and sessions are compared."""

from types import SimpleNamespace

from ssohelper.actions import doctor_sessions
from ssohelper.actions.doctor_facts import Setup
from ssohelper.core.config_file import ConfigFile
from tests.actions.world import NOW, WorldApp, keys
from tests.doctor_world import make_setup


def test_cached_credentials_are_told_after_the_minutes_that_aws_may_take_to_change_a_role(tmp_path):
    app = WorldApp(tmp_path)
    app.locations.aws_config_file.write_text(
        app.locations.aws_config_file.read_text()
        + "[profile p]\nsso_session = corp\nsso_account_id = 000000000001\nsso_role_name = R\n"
    )
    setup = Setup(app, "p")
    [profile] = setup.profiles
    assert profile.target is not None
    held = SimpleNamespace(credentials=keys("AKIA"), received_at=NOW)
    app.__dict__["credentials"] = SimpleNamespace(load=lambda _key, _session: held)
    for age, expected in ((300, []), (301, ["cached-credentials"])):
        setup.now = NOW + age
        found = doctor_sessions.check_sign_ins(setup)
        assert [one.id for one in found if one.id == "cached-credentials"] == expected


def test_a_session_is_compared_with_its_own_profiles_only(tmp_path, monkeypatch):
    """6,000 sessions with a profile each took 36 million comparisons."""
    text = "".join(
        f"[sso-session s{at}]\nsso_start_url = https://x{at}.awsapps.com/start\nsso_region = eu-west-1\n"
        f"[profile p{at}]\nsso_session = s{at}\nsso_account_id = {at:012d}\nsso_role_name = R\n"
        f"ssohelper_managed = {'true' if at % 2 else 'false'}\n"
        for at in range(20)
    )
    setup, asked = make_setup(tmp_path, text), []
    original = ConfigFile.sessions_of_target
    monkeypatch.setattr(
        ConfigFile,
        "sessions_of_target",
        lambda config, one: asked.append(one) or original(config, one),
    )
    assert len(setup.roles_with_profile) == 20
    del asked[:]
    assert setup.managed_sessions == {f"s{at}" for at in range(1, 20, 2)}
    assert len(asked) == 10
