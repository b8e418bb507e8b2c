"""Findings of sign-ins, cached credentials, and sessions of one portal."""

from pathlib import Path
from types import SimpleNamespace

from ssohelper.actions import doctor_sessions
from ssohelper.actions.doctor_facts import Setup
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.model import SsoSession
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


def portals(folder: Path, *sessions: tuple[str, str]) -> Setup:
    setup = make_setup(folder, "")
    setup.sessions = [SsoSession(name, url, "eu-west-1", ()) for name, url in sessions]
    return setup


def test_sessions_are_not_compared_with_each_other(tmp_path, monkeypatch):
    """6,000 sessions took 36 million comparisons."""
    calls = []
    original = doctor_sessions.normalized_start_url
    monkeypatch.setattr(
        doctor_sessions, "normalized_start_url", lambda url: calls.append(url) or original(url)
    )
    many = [(f"s{at}", f"https://x{at}.awsapps.com/start") for at in range(50)]
    setup = portals(tmp_path, *many, ("twin", "https://x7.awsapps.com/start#/"))
    [found] = doctor_sessions.check_portals(setup)
    assert found.subject == 'sessions "s7", "twin"'
    assert len(calls) == len(setup.sessions)


def test_sessions_are_of_one_portal_whichever_of_its_urls_they_name(tmp_path):
    company, aws = "https://sso.example.com/start", "https://x.awsapps.com/start"
    setup = portals(
        tmp_path,
        *(("not-signed-in", f"{company}/"), ("corp", company), ("second", f"{aws}#/")),
        ("other", "https://y.awsapps.com/start"),
    )
    setup.sessions[1] = setup.sessions[1]._replace(portal_url=aws)
    [found] = doctor_sessions.check_portals(setup)
    assert found.subject == 'sessions "not-signed-in", "corp", "second"'


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
