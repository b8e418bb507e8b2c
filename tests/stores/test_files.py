"""Files of ours: reading with checks, writing atomically, reserving space on the disk."""

import errno
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ssohelper.core.schema.fields import Damaged
from ssohelper.errors import LocalState, NotOurs
from ssohelper.stores import files
from tests.left_behind import no_descriptor_left
from tests.programs import require_program
from tests.stores.disk import FOREIGN_FILE, SAY_ERROR, as_other_user, locked, mode_of

TOUCHES = {
    "read": files.read_own_file,
    "write": lambda path: files.write_atomically(path, b"new"),
    "lock": locked,
}


class TestReading:
    def test_the_bytes_are_returned_and_a_missing_file_is_none(self, tmp_path):
        files.write_atomically(tmp_path / "a", b"\0\xffabc")
        assert files.read_own_file(tmp_path / "a") == b"\0\xffabc"
        assert files.read_own_file(tmp_path / "none") is None
        assert files.read_own_file(tmp_path / "no-folder" / "none") is None

    @pytest.mark.parametrize("touch", TOUCHES)
    @pytest.mark.parametrize(
        ("thing", "what"),
        [
            ("link", "is a link"),
            ("dangling link", "is a link"),
            ("folder", "is a folder"),
            ("fifo", "is not a regular file"),
            ("socket", "is not a regular file"),
            ("hard link", "has more than one hard link"),
        ],
    )
    def test_another_kind_of_file_is_refused_by_name_without_blocking(
        self, tmp_path, monkeypatch, thing, what, touch
    ):
        monkeypatch.chdir(tmp_path)
        path, other = tmp_path / "a", tmp_path / "b"
        other.write_text("precious")
        if thing.endswith("link") and thing != "hard link":
            path.symlink_to(other if thing == "link" else "nothing")
        elif thing == "folder":
            path.mkdir()
        elif thing == "fifo":
            os.mkfifo(path, 0o600)
        elif thing == "socket":
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(path.name)  # a socket's whole path may have no more than 107 bytes
        else:
            os.link(other, path)
        before = path.lstat()
        with pytest.raises(NotOurs) as refused:
            TOUCHES[touch](path)
        assert refused.value.message == f'"{path}" {what}: not touched'
        assert refused.value.hint == f"check it with: ls -l {path}"
        assert (other.read_text(), path.lstat().st_ino) == ("precious", before.st_ino)

    def test_a_file_that_is_replaced_while_open_is_read(self, tmp_path, monkeypatch):
        path = tmp_path / "a"
        files.write_atomically(path, b"old")
        really_open = os.open

        def open_then_replace(*arguments):
            descriptor = really_open(*arguments)
            (tmp_path / "b").write_text("new")
            os.replace(tmp_path / "b", path)
            return descriptor

        monkeypatch.setattr(os, "open", open_then_replace)
        assert files.read_own_file(path) == b"old"

    @pytest.mark.parametrize("touch", TOUCHES)
    def test_no_descriptor_stays_open(self, tmp_path, touch):
        files.write_atomically(tmp_path / "a", b"x")
        (tmp_path / "folder").mkdir()
        with no_descriptor_left():
            TOUCHES[touch](tmp_path / "a")
            with pytest.raises(LocalState):
                TOUCHES[touch](tmp_path / "folder")

    def test_names_in_a_folder_are_sorted_and_a_json_object_is_returned_as_written(self, tmp_path):
        assert files.list_names_in_folder(tmp_path / "none") == []
        for name in ("c", ".hidden", "a", "b"):
            (tmp_path / name).touch()
        assert files.list_names_in_folder(tmp_path) == ["a", "b", "c"]
        files.write_json(tmp_path / "a", {"b": ["ä", 1, None]})
        assert files.read_json(tmp_path / "a") == {"b": ["ä", 1, None]}
        assert (tmp_path / "a").read_bytes().isascii()
        assert files.read_json(tmp_path / "none") is None

    def test_a_file_over_the_limit_is_refused(self, tmp_path):
        (tmp_path / "a").write_bytes(b"x" * 11)
        assert files.read_own_file(tmp_path / "a", limit=11) == b"x" * 11
        with pytest.raises(LocalState, match="larger than 10 bytes"):
            files.read_own_file(tmp_path / "a", limit=10)

    def test_a_mode_that_lets_others_in_is_set_to_0600_with_one_warning(self, tmp_path, caplog):
        path = tmp_path / "a"
        path.write_text("x")
        path.chmod(0o644)
        assert files.read_own_file(path, tighten=False) == b"x"
        assert (mode_of(path), caplog.records) == (0o644, [])
        for _ in range(2):
            path.write_text("x")
            path.chmod(0o644)
            assert files.read_own_file(path) == b"x"
            assert mode_of(path) == 0o600
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert str(path) in caplog.text

    def test_another_users_file_is_refused(self):
        found = as_other_user(
            SAY_ERROR.format(call="files.read_own_file(sys.argv[1])"), FOREIGN_FILE
        )
        assert found.stdout.startswith("7 "), found
        assert FOREIGN_FILE in found.stdout
        assert "another user" in found.stdout

    def test_an_unreadable_file_raises_local_state(self, open_folder):
        code = SAY_ERROR.format(call="files.read_own_file(sys.argv[1])").replace(
            "try:", "import os\nos.close(os.open(sys.argv[1], os.O_CREAT, 0))\ntry:"
        )
        found = as_other_user(code, str(open_folder / "closed"))
        assert found.stdout.startswith("7 "), found
        assert "permission denied" in found.stdout

    @pytest.mark.parametrize(
        "content",
        [b"", b"{", b"[1]", b"3", b"\xff", b"[" * 100_000, b"{}{}", b'{"a":' + b"1" * 5000 + b"}"],
    )
    def test_content_other_than_a_json_object_is_none(self, tmp_path, content):
        files.write_atomically(tmp_path / "a", content)
        assert files.read_json(tmp_path / "a") is None

    def test_a_damaged_record_is_missing_and_named_in_the_log(self, tmp_path, caplog):
        def refuse(_found):
            raise Damaged("count")

        files.write_json(tmp_path / "a", {"count": "x"})
        with caplog.at_level("INFO"):
            assert files.read_record(tmp_path / "a", refuse) is None
        assert f'"{tmp_path / "a"}" is damaged (no valid "count")' in caplog.text


class TestWriting:
    def test_mode_and_time_are_those_asked_for_with_any_umask(self, tmp_path):
        before = os.umask(0)
        try:
            files.write_atomically(tmp_path / "a", b"x")
            assert mode_of(tmp_path / "a") == 0o600
        finally:
            os.umask(before)
        files.write_atomically(tmp_path / "a", b"x", mode=0o640, mtime_ns=4_000_000_000 * 10**9)
        assert mode_of(tmp_path / "a") == 0o640
        assert (tmp_path / "a").stat().st_mtime == 4_000_000_000

    def test_the_content_is_synced_before_the_rename_and_the_folder_after_it(
        self, tmp_path, monkeypatch
    ):
        done = []
        really_sync, really_replace = os.fsync, os.replace

        def fsync(descriptor: int) -> None:
            done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
            really_sync(descriptor)

        def replace(*paths: str) -> None:
            done.append("rename")
            really_replace(*paths)

        monkeypatch.setattr(os, "fsync", fsync)
        monkeypatch.setattr(os, "replace", replace)
        files.write_atomically(tmp_path / "a", b"x")
        assert done == ["file", "rename", "folder"]
        done.clear()
        files.write_atomically(tmp_path / "a", b"x", durable=False)
        assert done == ["rename"]

    def test_a_failed_check_leaves_the_old_file_and_nothing_else(self, tmp_path):
        files.write_atomically(tmp_path / "a", b"old")

        def check(written: bytes) -> None:
            assert written == b"new"
            raise LocalState("not what was meant")

        with pytest.raises(LocalState, match="not what was meant"):
            files.write_atomically(tmp_path / "a", b"new", check=check)
        assert (tmp_path / "a").read_bytes() == b"old"
        assert os.listdir(tmp_path) == ["a"]

    @pytest.mark.parametrize("call", ["fsync", "replace"])
    @pytest.mark.parametrize("fault", ["ENOSPC", "EDQUOT", "EIO", "EROFS"])
    def test_a_failed_fsync_or_rename_keeps_the_old_file(self, tmp_path, monkeypatch, call, fault):
        def refuse(*_arguments: object) -> None:
            raise OSError(getattr(errno, fault), os.strerror(getattr(errno, fault)))

        files.write_atomically(tmp_path / "a", b"old")
        monkeypatch.setattr(os, call, refuse)
        with pytest.raises(LocalState, match="cannot be written") as refused:
            files.write_atomically(tmp_path / "a", b"new")
        is_full = fault in ("ENOSPC", "EDQUOT")
        assert refused.value.hint == ("free some space and try again" if is_full else None)
        assert (tmp_path / "a").read_bytes() == b"old"
        assert os.listdir(tmp_path) == ["a"]

    @pytest.mark.parametrize("call", ["fsync", "rename"])
    def test_a_killed_writer_loses_nothing_and_the_next_one_cleans_up(self, tmp_path, call):
        assert self._injected(tmp_path, call, "signal=SIGKILL:when=1").returncode != 0
        assert (tmp_path / "a").read_bytes() in (b"old", b"new")
        left = [name for name in os.listdir(tmp_path) if name != "a"]
        for name in left:
            os.utime(tmp_path / name, (1, 1))
        files.write_atomically(tmp_path / "a", b"next")
        assert os.listdir(tmp_path) == ["a"]

    @pytest.mark.parametrize("call", ["unlink", "symlink"])
    def test_a_killed_writer_of_a_link_leaves_no_temporary_file(self, tmp_path, call):
        code = SAY_ERROR.format(call="files.write_link(sys.argv[1], 'target')")
        assert self._injected(tmp_path, call, "signal=SIGKILL:when=1", code).returncode != 0
        assert os.listdir(tmp_path) == (["a"] if call == "unlink" else [])

    def test_the_injected_fault_harms_a_writer_in_place(self, tmp_path):
        """The control: were the injection broken, the tests above would pass with any code."""
        code = "import os, sys\nf = open(sys.argv[1], 'w')\nos.fsync(f.fileno())\nf.write('new')"
        assert self._injected(tmp_path, "fsync", "signal=SIGKILL:when=1", code).returncode != 0
        assert (tmp_path / "a").read_bytes() == b""

    def test_remove_removes_a_link_and_not_its_target(self, tmp_path):
        (tmp_path / "a").write_text("precious")
        (tmp_path / "link").symlink_to(tmp_path / "a")
        assert files.remove_file(tmp_path / "link") is True
        assert files.remove_file(tmp_path / "link") is False
        assert files.remove_file(tmp_path / "a" / "below") is False
        assert (tmp_path / "a").read_text() == "precious"

    @staticmethod
    def _injected(folder: Path, call: str, what: str, code: str = ""):
        (folder / "a").write_bytes(b"old")
        (folder / "a").chmod(0o600)
        code = code or SAY_ERROR.format(call="files.write_atomically(sys.argv[1], b'new')")
        return subprocess.run(
            [
                *(require_program("strace"), "-f", "-qq", "-o", os.devnull),
                *("-e", f"trace={call}", "-e", f"inject={call}:{what}"),
                *(sys.executable, "-B", "-c", code, str(folder / "a")),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


class TestReserving:
    @pytest.mark.parametrize("data", [b"new", b"x" * 5000])
    def test_a_committed_file_has_its_content_alone_and_mode_0600(self, tmp_path, data):
        (tmp_path / "a").write_bytes(b"old")
        with files.reserve_file(tmp_path / "a", 4096) as reservation:
            assert (tmp_path / "a").read_bytes() == b"old"
            reservation.commit(data)
        assert (tmp_path / "a").read_bytes() == data
        assert mode_of(tmp_path / "a") == 0o600
        assert os.listdir(tmp_path) == ["a"]

    def test_an_unused_reservation_leaves_no_file(self, tmp_path):
        with files.reserve_file(tmp_path / "a", 4096):
            (found,) = tmp_path.iterdir()
            assert found.stat().st_size == 4096
            assert found.stat().st_blocks * 512 >= 4096, "the space is promised, not allocated"
        assert os.listdir(tmp_path) == []

    @pytest.mark.parametrize("size", [1, 4096])
    def test_the_space_is_on_the_disk_before_the_block_begins(self, tmp_path, monkeypatch, size):
        done = []
        really_sync = os.fsync

        def fsync(descriptor: int) -> None:
            done.append(os.fstat(descriptor).st_size)
            really_sync(descriptor)

        monkeypatch.setattr(os, "fsync", fsync)
        with files.reserve_file(tmp_path / "a", size) as reservation:
            assert done == [size]
            reservation.commit(b"new")
        assert done[1] == 3, "the content is on the disk before its name"

    @pytest.mark.parametrize("call", ["write", "fsync"])
    def test_a_full_disk_raises_before_the_block_begins(self, tmp_path, monkeypatch, call):
        (tmp_path / "a").write_bytes(b"old")

        def refuse(*_words: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, call, refuse)
        began = False
        with (
            pytest.raises(LocalState, match="cannot be written"),
            files.reserve_file(tmp_path / "a", 4096),
        ):
            began = True
        assert not began
        assert os.listdir(tmp_path) == ["a"]

    def test_a_file_is_committed_with_its_time_though_the_reserved_one_was_removed(self, tmp_path):
        with files.reserve_file(tmp_path / "a", 10) as reservation:
            [reserved] = tmp_path.iterdir()
            reserved.unlink()
            assert reservation.commit(b"new", mtime_ns=1_000 * 10**9)
        assert (tmp_path / "a").read_bytes() == b"new"
        assert (tmp_path / "a").stat().st_mtime == 1_000
        assert os.listdir(tmp_path) == ["a"]

    def test_a_link_that_is_made_within_the_block_is_refused(self, tmp_path):
        (tmp_path / "theirs").write_bytes(b"precious")
        with files.reserve_file(tmp_path / "a", 10) as reservation:
            (tmp_path / "a").symlink_to("theirs")
            with pytest.raises(NotOurs):
                reservation.commit(b"new")
        assert (tmp_path / "a").is_symlink()
        assert (tmp_path / "theirs").read_bytes() == b"precious"
        began = False
        with pytest.raises(LocalState), files.reserve_file(tmp_path / "a", 4096):
            began = True
        assert (began, sorted(os.listdir(tmp_path))) == (False, ["a", "theirs"])


def test_a_link_that_cannot_be_made_leaves_nothing_behind(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(LocalState):
        files.write_link(tmp_path / "folder", "target")
    with pytest.raises(LocalState):
        files.write_link(tmp_path / "none" / "link", "target")
    assert os.listdir(tmp_path) == ["folder"]
    files.write_link(tmp_path / "link", "target")
    files.write_link(tmp_path / "link", "other")
    assert os.readlink(tmp_path / "link") == "other"
    assert sorted(os.listdir(tmp_path)) == ["folder", "link"]


def test_a_file_in_place_of_a_folder_is_named_with_its_cure(tmp_path: Path) -> None:
    place = tmp_path / "sign-ins"
    place.write_text("x")
    with pytest.raises(LocalState) as refused:
        files.read_own_file(place / "corp.json")
    assert refused.value.hint == f"there must be a folder; remove this file: {place}"
