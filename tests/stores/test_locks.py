"""Locks between processes: deadlines, dead holders, deleted lock files, disks without locks."""

import contextlib
import errno
import fcntl
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ssohelper.errors import LocalState, LockNotObtained
from ssohelper.stores import files
from tests.stores.disk import locked, mode_of, soon

HOLD = """
import sys, time
from ssohelper.core.deadline import Deadline
from ssohelper.stores import files
with files.hold_lock(sys.argv[1], Deadline(20, time.monotonic)):
    print("held", flush=True)
    sys.stdin.read()
"""

COUNT = """
import sys, time
from ssohelper.core.deadline import Deadline
from ssohelper.stores import files
for _ in range(int(sys.argv[3])):
    with files.hold_lock(sys.argv[1], Deadline(60, time.monotonic)):
        with open(sys.argv[2]) as counter: found = int(counter.read())
        with open(sys.argv[2], "w") as counter: counter.write(str(found + 1))
"""


def hold_in_another_process(path: Path) -> "subprocess.Popen[str]":
    """Start a process that holds the lock until its stdin is closed."""
    argv, pipe = [sys.executable, "-c", HOLD, str(path)], subprocess.PIPE
    holder = subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True)
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    return holder


def refusal(number: int) -> Callable[..., None]:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


class TestLock:
    @pytest.fixture
    def held(self, tmp_path) -> Iterator[tuple[Path, "subprocess.Popen[str]"]]:
        path = tmp_path / "locks" / "a.lock"
        holder = hold_in_another_process(path)
        yield path, holder
        holder.kill()
        holder.communicate()

    def test_the_error_names_the_process_whose_end_frees_the_lock(self, held):
        path, holder = held
        with (
            pytest.raises(LockNotObtained, match=f"held by process {holder.pid}"),
            files.hold_lock(path, soon(0.1)),
        ):
            pass
        holder.kill()
        holder.wait()
        # The kernel has freed it with the process.
        with files.hold_lock(path, soon(0)):
            pass

    def test_a_free_lock_is_taken_when_no_time_is_left_and_gets_mode_0600(self, tmp_path, caplog):
        for _ in range(2):
            with files.hold_lock(tmp_path / "locks" / "a.lock", soon(0)):
                assert mode_of(tmp_path / "locks" / "a.lock") == 0o600
        (tmp_path / "a.lock").write_text("1\n")
        (tmp_path / "a.lock").chmod(0o666)
        with files.hold_lock(tmp_path / "a.lock", soon(0)):
            assert mode_of(tmp_path / "a.lock") == 0o600
        assert str(tmp_path / "a.lock") in caplog.text

    def test_one_process_at_a_time_holds_the_lock(self, tmp_path):
        counter = tmp_path / "counter"
        counter.write_text("0")
        arguments = [sys.executable, "-c", COUNT, str(tmp_path / "l" / "a.lock"), str(counter), "8"]
        workers = [subprocess.Popen(arguments) for _ in range(4)]
        assert [worker.wait(timeout=100) for worker in workers] == [0, 0, 0, 0]
        assert counter.read_text() == "32"

    @pytest.fixture
    def sleeps(self, monkeypatch) -> threading.Semaphore:
        """Is released each time a waiter has found the lock held, just before it sleeps."""
        released, really_sleep = threading.Semaphore(0), time.sleep

        def sleep(seconds: float) -> None:
            released.release()
            really_sleep(seconds)

        monkeypatch.setattr(files.time, "sleep", sleep)
        return released

    def test_a_folder_that_was_removed_while_waiting_is_made_again(self, tmp_path, sleeps):
        path = tmp_path / "run" / "a.lock"
        got_it = threading.Event()

        def wait() -> None:
            with files.hold_lock(path, soon(60)):
                if path.exists():
                    got_it.set()

        waiter = threading.Thread(target=wait)
        with files.hold_lock(path, soon()):
            waiter.start()
            assert sleeps.acquire(timeout=30)
            shutil.rmtree(path.parent)
        waiter.join(60)
        assert got_it.is_set()

    def test_a_lock_that_was_deleted_and_made_again_excludes_its_waiters(self, tmp_path, sleeps):
        """The waiter gets the deleted file's lock, while another process holds the new file's."""
        path = tmp_path / "run" / "a.lock"
        entered = threading.Event()

        def wait() -> None:
            with files.hold_lock(path, soon(60)):
                entered.set()
            sleeps.release(2)

        waiter = threading.Thread(target=wait)
        with contextlib.ExitStack() as old, contextlib.ExitStack() as new:
            old.enter_context(files.hold_lock(path, soon()))
            waiter.start()
            assert sleeps.acquire(timeout=30)
            path.unlink()
            new.enter_context(files.hold_lock(path, soon(0)))
            old.close()
            while sleeps.acquire(blocking=False):
                pass
            # The first sleep may have begun before the old lock was free; the second has not.
            for _ in range(2):
                assert sleeps.acquire(timeout=30)
            assert not entered.is_set()
        waiter.join(60)
        assert entered.is_set()

    @pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
    def test_a_file_system_without_locks_costs_one_warning(
        self, tmp_path, monkeypatch, caplog, number
    ):
        monkeypatch.setattr(fcntl, "flock", refusal(number))
        for _ in range(3):
            locked(tmp_path / "a.lock")
        assert [record.levelname for record in caplog.records] == ["WARNING"]

    @pytest.mark.parametrize("call", ["open", "mkdir"])
    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
    def test_a_full_or_read_only_disk_costs_one_warning(
        self, tmp_path, monkeypatch, caplog, call, number
    ):
        really = getattr(os, call)

        def refuse(path, *arguments):
            if "locks" in str(path):
                raise OSError(number, os.strerror(number))
            return really(path, *arguments)

        if call == "open":
            (tmp_path / "locks").mkdir(mode=0o700)
        monkeypatch.setattr(os, call, refuse)
        locked(tmp_path / "locks" / "a.lock")
        assert "continuing without the lock" in caplog.text

    def test_a_full_disk_without_the_folder_costs_one_warning(self, tmp_path, monkeypatch, caplog):
        monkeypatch.setattr(os, "mkdir", refusal(errno.ENOSPC))
        with files.hold_lock(tmp_path / "run" / "a.lock", soon(), tmp_path / "run"):
            pass
        assert "continuing without the lock" in caplog.text

    def test_any_other_error_raises_local_state(self, tmp_path, monkeypatch):
        monkeypatch.setattr(os, "open", refusal(errno.EMFILE))
        with pytest.raises(LocalState, match="cannot be made"):
            locked(tmp_path / "a.lock")

    def test_a_child_process_does_not_inherit_the_lock(self, tmp_path):
        path = tmp_path / "l" / "a.lock"
        with files.hold_lock(path, soon()):
            child = subprocess.Popen(
                [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False
            )
        with files.hold_lock(path, soon(0)):
            pass
        child.communicate(b"\n")


def test_the_folders_of_a_lock_are_closed_to_other_users_and_those_of_aws_keep_their_mode(tmp_path):
    base = tmp_path / "run"
    (base / "locks").mkdir(parents=True)
    for folder in (base, base / "locks"):
        folder.chmod(0o755)
    with files.hold_lock(base / "locks" / "a", soon(), base):
        assert mode_of(base) == mode_of(base / "locks") == 0o700
    tmp_path.chmod(0o755)
    with files.hold_lock(tmp_path / "a", soon(), is_private=False):
        assert mode_of(tmp_path) == 0o755
    tmp_path.chmod(0o700)
