"""Temporary files: their names, and which ones of ended processes are removed."""

import os
import subprocess

import pytest

from ssohelper.stores import files, temporary_files
from tests.left_behind import no_descriptor_left


def test_a_reservation_sweeps_its_own_folder(tmp_path):
    left = tmp_path / f"{temporary_files.TEMP_PREFIX}left"
    left.write_text("")
    os.utime(left, (1, 1))
    with files.reserve_file(tmp_path / "a", 10) as reserved:
        assert not left.exists()
        assert reserved.commit(b"x")
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("moment", ["before the lock", "after the lock"])
def test_a_sweep_with_a_clock_set_ahead_removes_no_reservation(tmp_path, monkeypatch, moment):
    """Another process sweeps while ours is stopped somewhere in the making of its reservation."""
    really_lock, swept = files.try_lock, []

    def sweep() -> None:
        if not swept:
            swept.append(True)
            monkeypatch.setattr(temporary_files.time, "time", lambda: 4e9)
            monkeypatch.setattr(temporary_files, "_swept", set())
            temporary_files.remove_old_temporary_files_once(str(tmp_path))

    def lock(descriptor: int) -> None:
        if moment == "before the lock" and not swept:
            sweep()
        really_lock(descriptor)
        if moment == "after the lock" and not swept:
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
    assert [sorted(inner) for _, inner in seen] == [
        [temporary_files.TEMP_PREFIX],
        [temporary_files.TEMP_PREFIX, "a"],
    ]
    assert [outer for outer, _ in seen] == [["f"], ["f"]]
    assert (tmp_path / "f" / "a").read_bytes() == b"y"


def test_of_ended_processes_only_temporary_files_are_removed(tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    prefix = temporary_files.TEMP_PREFIX
    kept = {f"{ended.pid}-notes", f"{ended.pid}", f"{prefix}x-1", f"{prefix}{os.getpid()}-1"}
    # Names that end in no process id.
    kept |= {f"{prefix}{'9' * 30}-1", f"{prefix}\N{SUPERSCRIPT TWO}-1"}
    for name in (*kept, f"{prefix}{ended.pid}-1"):
        (tmp_path / name).write_text("precious")
    files.remove_files_of_killed_processes(str(tmp_path))
    assert set(os.listdir(tmp_path)) == kept


def test_old_files_with_other_names_stay(tmp_path):
    for name in ("config", ".bashrc", "ssohelper-1-abc", f".x{temporary_files.TEMP_PREFIX}"):
        (tmp_path / name).write_text("precious")
        os.utime(tmp_path / name, (1, 1))
    before = os.listdir(tmp_path)
    files.write_atomically(tmp_path / "a", b"x")
    assert sorted(os.listdir(tmp_path)) == sorted([*before, "a"])


def test_young_temporary_files_of_other_processes_stay(tmp_path):
    (tmp_path / f"{temporary_files.TEMP_PREFIX}1-abc").write_text("being written")
    files.write_atomically(tmp_path / "a", b"x")
    assert (tmp_path / f"{temporary_files.TEMP_PREFIX}1-abc").exists()


def test_a_sweep_removes_only_what_no_process_holds(tmp_path):
    """The clock is set ahead, or the machine sleeps, while the process waits for AWS."""
    with files.reserve_file(tmp_path / "a", 4096):
        (held,) = tmp_path.iterdir()
        left = tmp_path / f"{temporary_files.TEMP_PREFIX}1-of-a-killed-process"
        left.write_bytes(bytes(4096))
        for path in (held, left):
            os.utime(path, (0, 0))
        temporary_files._swept.clear()
        temporary_files.remove_old_temporary_files_once(str(tmp_path))
        assert list(tmp_path.iterdir()) == [held]
