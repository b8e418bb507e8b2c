"""What `doctor` gathers of profiles for its sessions."""

import os
from pathlib import Path

import pytest

from ssohelper.actions import doctor_facts, doctor_machine
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.doctor.facts import ConfigFacts, SessionFact
from ssohelper.core.listing import Listing
from ssohelper.core.sign_in_outlook import Outlook
from ssohelper.errors import KeyringUnavailable, LocalState
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
    original = doctor_facts.find_sessions_of_target
    monkeypatch.setattr(
        doctor_facts,
        "find_sessions_of_target",
        lambda config, target: asked.append(target) or original(config, target),
    )
    targets = doctor_facts.gather_profile_targets(
        config, doctor_facts.read_profile_facts(ConfigFacts(file=config))
    )
    assert len(targets.roles) == 20
    found = [one.name for one in config.sso_sessions() if targets.has_managed_profile(one)]
    assert found == [f"s{at}" for at in range(1, 20, 2)]
    assert len(asked) == 10


@pytest.mark.needs_root
def test_a_file_of_another_user_has_that_users_name(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("")
    os.chown(path, 65534, 65534)
    found = doctor_machine._make_file_fact(path, "config")
    assert found is not None
    assert found.owner == "nobody"


def test_a_file_of_our_own_has_no_owner_to_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config"
    path.write_text("")
    if os.getuid() == 0:
        os.chown(path, 65534, 65534)
        monkeypatch.setattr(os, "geteuid", lambda: 65534)
    found = doctor_machine._make_file_fact(path, "config")
    assert found is not None
    assert found.owner == ""


@pytest.mark.parametrize(
    ("failure", "is_in_memory"),
    [(None, True), (LocalState("the keyring is locked"), True), ("disk", False)],
)
def test_only_a_folder_that_is_surely_on_disk_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: object, is_in_memory: bool
) -> None:
    app = WorldApp(tmp_path)

    def find(_storage: object) -> bool:
        if isinstance(failure, LocalState):
            raise failure
        return failure is None

    monkeypatch.setattr(type(app.storage), "may_publish", property(find))
    assert doctor_machine.examine_machine(app).is_runtime_in_memory is is_in_memory


@pytest.mark.parametrize("name", ["file", "keyring"])
def test_a_keyring_that_does_not_answer_is_a_failure_of_the_storage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    app = WorldApp(tmp_path)

    def fail() -> None:
        raise KeyringUnavailable("no keyring answers")

    monkeypatch.setattr(app.storage.keyring, "find", fail)
    monkeypatch.setattr(type(app.storage), "name", name)
    failure = doctor_machine.examine_machine(app).storage_failure
    assert (failure is not None and failure.message == "no keyring answers") is (name != "file")


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


def test_a_shell_without_a_home_folder_has_no_file_to_check(tmp_path: Path) -> None:
    app = WorldApp(tmp_path)
    app.environ.update(SHELL="/bin/bash", HOME="relative")
    assert doctor_machine._examine_shell(app) is None


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
