"""What `doctor` gathers of the machine: owners of files, folders in memory, the keyring."""

import os
import socket
from pathlib import Path

import pytest

from ssohelper.actions import doctor_machine
from ssohelper.errors import KeyringUnavailable, LocalState
from tests.actions.world import WorldApp


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


def test_devices_and_sockets_are_no_files_to_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS_CONFIG_FILE=/dev/null is common, and anyone may write to that device."""
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        assert doctor_machine._make_file_fact(tmp_path / "socket", "own file") is None
    assert doctor_machine._make_file_fact(Path(os.devnull), "config") is None


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
    monkeypatch.setattr(type(app.storage), "apply_setting", lambda _storage: name)
    failure = doctor_machine.examine_machine(app).storage_failure
    assert (failure is not None and failure.message == "no keyring answers") is (name != "file")


def test_a_shell_without_a_home_folder_has_no_file_to_check(tmp_path: Path) -> None:
    app = WorldApp(tmp_path)
    app.environ.update(SHELL="/bin/bash", HOME="relative")
    assert doctor_machine._examine_shell(app) is None
