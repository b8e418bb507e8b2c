"""What `doctor` finds on the machine: owners of files, the keyring, the clock, a slow config."""

import os
import socket

import pytest

from ssohelper.actions import doctor_machine
from ssohelper.actions.doctor_facts import Setup
from ssohelper.errors import KeyringUnavailable
from tests.actions.world import WorldApp
from tests.doctor_world import make_setup


@pytest.fixture
def setup(tmp_path) -> Setup:
    return make_setup(tmp_path, "[profile a]\nregion = eu-west-1\n")


@pytest.mark.parametrize(
    ("is_ours", "id", "text"),
    [
        (False, "owner", "belongs to the user nobody; AWS tools trust that user"),
        (True, "writable-by-others", ": it names programs that every SDK runs as you"),
    ],
)
def test_a_file_has_one_finding_whatever_its_owner(setup, monkeypatch, is_ours, id, text):
    path, stat = setup.app.locations.aws_config_file, os.stat
    path.chmod(0o666)
    real = stat(path)
    uid = real.st_uid if is_ours else 65534
    fake = os.stat_result((real.st_mode, *real[1:4], uid, *real[5:]))
    monkeypatch.setattr(
        os, "stat", lambda one, **more: fake if one == str(path) else stat(one, **more)
    )
    [found] = [one for one in doctor_machine.check_files(setup) if one.subject == str(path)]
    assert (found.id, found.message.endswith(text)) == (id, True)


def test_tokens_share_one_finding(setup):
    folder = setup.app.locations.token_folder
    folder.mkdir(parents=True)
    folder.chmod(0o700)
    for name in ("a", "b"):
        (folder / f"{name}.json").write_text("")
        (folder / f"{name}.json").chmod(0o640)
    [found] = [one for one in doctor_machine.check_files(setup) if "cache" in one.subject]
    assert (found.id, found.subject) == ("readable-by-others", f"{folder}/a.json and 1 more")
    assert found.repair is not None
    found.repair()
    assert not [one for one in doctor_machine.check_files(setup) if "cache" in one.subject]


def test_devices_and_sockets_are_no_files_to_report(setup, tmp_path, monkeypatch):
    """AWS_CONFIG_FILE=/dev/null is common, and anyone may write to that device."""
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        places = [("socket", "own file"), (os.devnull, "config")]
        monkeypatch.setattr(doctor_machine, "_list_examined_files", lambda _app: iter(places))
        assert list(doctor_machine.check_files(setup)) == []


@pytest.mark.parametrize("name", ["file", "keyring"])
def test_a_keyring_that_does_not_answer_is_a_failure_of_the_storage(tmp_path, monkeypatch, name):
    app = WorldApp(tmp_path)

    def fail() -> None:
        raise KeyringUnavailable("no keyring answers")

    monkeypatch.setattr(app.storage.keyring, "find", fail)
    monkeypatch.setattr(type(app.storage), "apply_setting", lambda _storage: name)
    found = {one.id: one.message for one in doctor_machine.check_storage(Setup(app))}
    assert found.get("keyring") == (None if name == "file" else "no keyring answers")


@pytest.mark.parametrize(("of_hosts", "ids"), [([], []), ([200.0], []), ([0.0, -600.0], ["clock"])])
def test_a_clock_that_differs_from_that_of_a_host(setup, of_hosts, ids):
    setup.apart_seconds = of_hosts
    found = [one for one in doctor_machine.check_installation(setup) if one.id == "clock"]
    assert [one.id for one in found] == ids
    assert all("10m behind AWS's" in one.message for one in found)


def test_the_second_section_of_a_session_and_keys_in_default_have_fixes_of_their_own(tmp_path):
    session = "[sso-session corp]\nsso_region = eu-west-1\n"
    text = f"[DEFAULT]\noutput = json\n{session}[sso-session  corp]\n{session[19:]}"
    setup = make_setup(tmp_path, text)
    fixes = {one.id: one.fix for one in doctor_machine.check_config(setup)}
    assert "lower case" in fixes["default-section"]
    assert "remove one of the two" in fixes["session-twice"]
    setup.app.environ.update(SHELL="/bin/bash", HOME="relative")
    assert list(doctor_machine.check_shell(setup)) == []  # no home folder has no file to check


@pytest.mark.parametrize(
    ("config", "credentials", "is_passed_over"),
    [
        ("", "", False),
        ("", "[default]\naws_access_key_id = A\naws_secret_access_key = s\n", True),
        ("[default]\ncredential_process = x\n", "", True),
        ("[default]\nregion = eu-west-1\n", "[other]\naws_access_key_id = A\n", False),
    ],
)
def test_a_container_is_passed_over_for_credentials_of_the_default_profile(
    tmp_path, config, credentials, is_passed_over
):
    environ = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/c"}
    setup = make_setup(tmp_path, config, credentials=credentials, environ=environ)
    found = [one.id for one in doctor_machine.check_variables(setup) if "container" in one.id]
    assert found == ["default-before-container"] * is_passed_over


@pytest.mark.parametrize("role", ["", "arn:aws:iam::1:role/x"])
@pytest.mark.parametrize("path", ["", "there", "gone"])
def test_a_token_file_matters_only_to_a_shell_with_its_role(tmp_path, role, path):
    (tmp_path / "there").write_text("")
    named = str(tmp_path / path) if path else ""
    environ = {"AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": named}
    found = doctor_machine.check_variables(make_setup(tmp_path, "", environ=environ))
    is_missing = bool(role) and path == "gone"
    assert [one.id for one in found] == ["web-identity-missing"] * is_missing
