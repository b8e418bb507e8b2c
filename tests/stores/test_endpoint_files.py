"""An endpoint's private folder, while other endpoints start and remove abandoned folders."""

import fcntl
import os
from pathlib import Path

import pytest

from ssohelper.errors import LocalState
from ssohelper.stores import endpoint_files
from ssohelper.stores.endpoint_files import PrivateFolder


def test_a_folder_that_is_just_being_made_is_not_removed_as_abandoned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock
    seen: list[int] = []

    def another_endpoint_removes_first(descriptor: int, operation: int) -> None:
        seen.append(operation)
        if len(seen) == 1:  # the folder is made and its lock is not held yet
            endpoint_files._remove_abandoned(tmp_path)
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", another_endpoint_removes_first)
    folder = PrivateFolder(tmp_path)
    assert folder.write_file("token", b"x").read_bytes() == b"x"
    endpoint_files._remove_abandoned(tmp_path)
    assert folder.path.is_dir()
    folder.remove()
    assert os.listdir(tmp_path) == []


def test_a_full_disk_raises_local_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(LocalState, match="no space left"):
        PrivateFolder(tmp_path)
