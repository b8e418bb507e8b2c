"""Temporary files: which of them are removed; what `doctor --fix` does to single files."""

import os
from pathlib import Path

import pytest

from ssohelper.errors import LocalState
from ssohelper.stores import files
from tests.left_behind import no_descriptor_left
from tests.stores.disk import mode_of

LEFT = ".ssohelper-1-0123456789ab"


def test_a_write_whose_temporary_file_was_swept_loses_nothing(tmp_path):
    """A sign-out sweeps, or the clock is set ahead, while the process waits for AWS."""
    with no_descriptor_left(), files.reserve_file(tmp_path / "a", 4096) as reservation:
        [reserved] = tmp_path.iterdir()
        assert reserved.stat().st_size == 4096
        files.remove_temporary_files(str(tmp_path))
        assert reservation.commit(b"a token", mtime_ns=10**9)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"a token"
    assert (tmp_path / "a").stat().st_mtime_ns == 10**9


def test_the_temporary_file_is_beside_its_target_also_for_a_relative_path(tmp_path, monkeypatch):
    (tmp_path / "f").mkdir()
    seen = []

    def check(_written: bytes) -> None:
        seen.append([[n[:11] for n in os.listdir(f)] for f in (tmp_path, tmp_path / "f")])

    monkeypatch.chdir(tmp_path)
    files.write_atomically("f/a", b"x", check=check)
    monkeypatch.chdir(tmp_path / "f")
    files.write_atomically("a", b"y", check=check)
    assert [sorted(inner) for _, inner in seen] == [[".ssohelper-"], [".ssohelper-", "a"]]
    assert [outer for outer, _ in seen] == [["f"], ["f"]]
    assert (tmp_path / "f" / "a").read_bytes() == b"y"


@pytest.mark.parametrize(
    ("name", "age", "is_removed"),
    [
        (LEFT, 4000, True),
        (LEFT, 3000, False),
        (LEFT, -4000, False),
        *((f"{LEFT}{end}", 4000, False) for end in ("c", "/a")),
        *((name, 4000, False) for name in ("config", f".x{LEFT}", ".ssohelper-storage.lock")),
    ],
)
def test_only_old_temporary_files_of_ours_are_swept(tmp_path, monkeypatch, name, age, is_removed):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("precious")
    at = path.stat().st_mtime - age
    os.utime(path, (at, at))
    files.write_atomically(tmp_path / "target", b"x")
    with files.reserve_file(tmp_path / "target", 1):
        assert path.exists() != is_removed
    assert files.ExaminedFiles().list_temporary_files(str(tmp_path)) == []
    assert files.ExaminedFiles().list_temporary_files("/no/such/folder") == []


def test_doctor_removes_a_temporary_file_only_if_it_is_old(tmp_path):
    doctor, left = files.ExaminedFiles(), tmp_path / LEFT
    left.write_bytes(b"a token")
    assert not doctor.remove_temporary_file(str(left))
    os.utime(left, (0, 0))
    assert doctor.list_temporary_files(str(tmp_path)) == [str(left)]
    assert doctor.remove_temporary_file(str(left))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("is_folder", [False, True])
@pytest.mark.parametrize(
    ("mode", "wanted"), [(0o700, 0o700), (0o400, 0o400), (0o755, 0o700), (0o620, 0o600)]
)
def test_other_users_rights_are_removed_and_only_those(
    tmp_path: Path, mode: int, wanted: int, is_folder: bool
) -> None:
    path, doctor = tmp_path / "x", files.ExaminedFiles()
    path.mkdir() if is_folder else path.write_text("x")
    path.chmod(mode)
    assert doctor.remove_access_of_others(str(path)) == (mode != wanted)
    assert mode_of(path) == wanted
    assert not doctor.remove_access_of_others(str(path))


def test_a_link_is_not_followed_to_what_others_may_read(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("x")
    target.chmod(0o644)
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(LocalState):
        files.ExaminedFiles().remove_access_of_others(str(tmp_path / "link"))
    assert mode_of(target) == 0o644
