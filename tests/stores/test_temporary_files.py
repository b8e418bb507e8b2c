"""Temporary files: which of them are removed; what `doctor --fix` does to single files."""

import os

import pytest

from ssohelper.errors import LocalState
from ssohelper.stores import files
from tests.left_behind import no_descriptor_left
from tests.stores.disk import mode_of

LEFT = ".ssohelper-1-0123456789ab"


@pytest.mark.parametrize("moment", ["before the lock", "after the lock"])
def test_a_sweep_with_a_clock_set_ahead_removes_no_reservation(tmp_path, monkeypatch, moment):
    """Another process sweeps while ours is stopped somewhere in the making of its reservation."""
    really_lock, swept = files.try_lock, []

    def sweep() -> None:
        if not swept:
            swept.append(True)
            monkeypatch.setattr(files.time, "time", lambda: 4e9)
            files.remove_temporary_files(str(tmp_path), 3600)

    def lock(descriptor: int) -> None:
        if moment == "before the lock":
            sweep()
        really_lock(descriptor)
        sweep()

    monkeypatch.setattr(files, "try_lock", lock)
    with no_descriptor_left(), files.reserve_file(tmp_path / "a", 4096):
        assert swept
        [reserved] = tmp_path.iterdir()
        assert reserved.stat().st_size == 4096


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


def test_a_sweep_removes_only_what_no_process_holds(tmp_path):
    """The clock is set ahead, or the machine sleeps, while the process waits for AWS."""
    doctor = files.ExaminedFiles()
    with files.reserve_file(tmp_path / "a", 4096):
        (held,) = tmp_path.iterdir()
        left = tmp_path / LEFT
        left.write_bytes(bytes(4096))
        for path in (held, left):
            os.utime(path, (0, 0))
        assert doctor.list_temporary_files(str(tmp_path)) == [str(left)]
        assert not doctor.remove_temporary_file(str(held))
        assert doctor.remove_temporary_file(str(left))
        left.write_bytes(b"a token")
        files.remove_temporary_files(str(tmp_path))
        assert list(tmp_path.iterdir()) == [held]


@pytest.mark.parametrize("is_folder", [False, True])
@pytest.mark.parametrize(
    ("mode", "wanted"), [(0o700, 0o700), (0o400, 0o400), (0o755, 0o700), (0o620, 0o600)]
)
def test_other_users_rights_are_removed_and_only_those(tmp_path, mode, wanted, is_folder):
    path, doctor = tmp_path / "x", files.ExaminedFiles()
    path.mkdir() if is_folder else path.write_text("x")
    path.chmod(mode)
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(LocalState):
        doctor.remove_access_of_others(str(tmp_path / "link"))
    assert mode_of(path) == mode
    assert doctor.remove_access_of_others(str(path)) == (mode != wanted)
    assert mode_of(path) == wanted
    assert not doctor.remove_access_of_others(str(path))
