"""What `doctor` gathers of profiles for its sessions."""

from pathlib import Path

import pytest

from ssohelper.actions import doctor_facts
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.doctor.facts import ConfigFacts, SessionFact
from ssohelper.core.listing import Listing
from ssohelper.core.sign_in_outlook import Outlook
from tests.actions.world import CONFIG, SESSION, WorldApp

URL = "https://d-0000000000.awsapps.com/start"


def test_a_session_is_compared_with_its_own_profiles_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """6,000 sessions with a profile each took 36 million comparisons."""
    text = "".join(
        f"[sso-session s{at}]\nsso_start_url = {URL}\nsso_region = eu-west-1\n"
        f"[profile p{at}]\nsso_session = s{at}\nsso_account_id = {at:012d}\nsso_role_name = R\n"
        f"ssohelper_managed = {'true' if at % 2 else 'false'}\n"
        for at in range(20)
    )
    config = ConfigFile.parse(text.encode(), "config")
    asked = []
    original = config.sessions_of_target
    monkeypatch.setattr(
        config, "sessions_of_target", lambda target: asked.append(target) or original(target)
    )
    targets = doctor_facts.gather_profile_targets(
        config, doctor_facts.read_profile_facts(ConfigFacts(file=config))
    )
    assert len(targets.roles) == 20
    found = [one.name for one in config.sso_sessions() if targets.has_managed_profile(one)]
    assert found == [f"s{at}" for at in range(1, 20, 2)]
    assert len(asked) == 10


def test_a_list_of_roles_is_read_once_for_each_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = WorldApp(tmp_path)
    other = SESSION._replace(name="other")
    text = f"{CONFIG}[sso-session other]\nsso_start_url = {URL}\nsso_region = us-east-1\n"
    config = ConfigFacts(file=ConfigFile.parse(text.encode(), "config"))
    lists = {name: Listing(URL, "us-east-1", at, ()) for at, name in enumerate(("corp", "other"))}
    for name, listing in lists.items():
        app.directory.save(name, listing)
    known = SessionFact(SESSION, Outlook(None, "unknown"), listing=lists["corp"])
    asked: list[str] = []
    load = doctor_facts.directory.load_listing
    monkeypatch.setattr(
        doctor_facts.directory,
        "load_listing",
        lambda app, session: asked.append(session.name) or load(app, session),
    )
    assert doctor_facts.load_listings(app, config, [known]) == lists
    assert asked == [other.name]


@pytest.mark.parametrize("role", ["", "arn:aws:iam::1:role/x"])
@pytest.mark.parametrize("path", ["", "there", "gone"])
def test_a_token_file_matters_only_to_a_shell_with_its_role(
    tmp_path: Path, role: str, path: str
) -> None:
    (tmp_path / "there").write_text("")
    named = str(tmp_path / path) if path else ""
    environ = {"AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": named}
    is_missing = bool(role) and path == "gone"
    assert doctor_facts.is_web_identity_token_file_missing(environ) is is_missing


def test_a_profile_of_the_credentials_file_has_the_line_of_its_section(tmp_path: Path) -> None:
    app = WorldApp(tmp_path)
    path = app.locations.aws_credentials_file
    path.write_text("# mine\n[keys]\naws_access_key_id = CNRY\n")
    path.chmod(0o600)
    [found] = doctor_facts.read_config_facts(app).credentials_profiles
    assert (found.entry.name, found.entry.line, found.entry.managed) == ("keys", 2, False)
    assert "CNRY" not in repr(found)


def test_the_time_to_parse_a_config_is_measured_only_if_the_config_is_big() -> None:
    section = b"[profile %d]\nnote = " + b"x" * 250 + b"\n"
    for count, is_measured in ((1, False), (1000, True)):
        data = b"".join(section % number for number in range(count))
        facts = ConfigFacts(file=ConfigFile.parse(data, "config"), data=data)
        seconds = doctor_facts.measure_config_parsing_time(facts).parse_seconds
        # No machine parses 2,000 lines in half a millisecond.
        assert (seconds is not None and seconds > 0.0005) is is_measured
