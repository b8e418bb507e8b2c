"""The journal on disk: crashes, full disks, rotation, many processes, files that are not ours."""

import contextlib
import errno
import json
import os
import re
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssohelper.core import journal as events
from ssohelper.core.journal import LONGEST_LINE_BYTES, Entry
from ssohelper.core.model import RoleKey
from ssohelper.errors import LocalState, NotOurs
from ssohelper.stores import files
from ssohelper.stores import journal_file as store
from ssohelper.stores.journal_file import Journal
from tests.stores.disk import mode_of, soon

KEY = RoleKey("corp", "001234567890", "Admin")
# A file takes about 20 lines, so that a few hundred of them rotate often.
SMALL_BYTES = LONGEST_LINE_BYTES + 6000

# Appends lines and prints the number of each one when it is there.
APPEND = """
import sys
from pathlib import Path
from ssohelper.core import journal
from ssohelper.core.model import RoleKey
from ssohelper.stores.journal_file import Journal
state, first, count, size = sys.argv[1:]
key = RoleKey("corp", "001234567890", "Admin")
log = Journal(Path(state), warn=print, file_bytes=int(size))
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(first), int(first) + int(count)):
    log.append(journal.make_entry("release", key, reason=f"number {number}"), wait_seconds=60)
    print(number, flush=True)
"""


def entry(number: int) -> Entry:
    return events.make_entry("release", KEY, reason=f"number {number}")


class Place:
    """A journal in a folder."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.file = self.state / "audit.jsonl"
        self.warnings: list[str] = []

    def open(self, file_bytes: int = store.FILE_BYTES) -> Journal:
        return Journal(self.state, warn=self.warnings.append, file_bytes=file_bytes)

    def add(self, count: int, first: int = 1, file_bytes: int = store.FILE_BYTES) -> None:
        journal = self.open(file_bytes)
        for number in range(first, first + count):
            journal.append(entry(number))

    def numbers(self) -> list[int]:
        """Return the number of each line that is there, the oldest first."""
        return numbers_in(self.open())

    @property
    def files(self) -> list[Path]:
        return sorted(self.state.glob("audit*.jsonl"))


def numbers_in(journal: Journal) -> list[int]:
    return [int(line.fields["reason"].split()[1]) for line in journal.read().lines]


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path)


class TestAppend:
    def test_lines_are_dated_and_in_order_in_a_file_that_is_ours_alone(self, place):
        before = time.time()
        place.add(1)
        assert {mode_of(path) for path in place.state.iterdir()} == {0o600}
        assert mode_of(place.state) == 0o700
        place.file.chmod(0o644)
        place.add(2, 2)
        assert mode_of(place.file) == 0o600
        raw = place.file.read_bytes().splitlines()
        found = [events.parse_line(line) for line in raw]
        assert {line.uid for line in found} == {os.geteuid()}
        assert int(before) <= found[0].at_seconds <= time.time()
        assert place.numbers() == [1, 2, 3]

    def test_a_line_is_one_write_at_the_files_end(self, place, monkeypatch):
        place.add(1)
        written, real = list[bytes](), os.write

        def note(descriptor: int, data: bytes) -> int:
            if os.path.samestat(os.fstat(descriptor), place.file.stat()):
                written.append(data)
            return real(descriptor, data)

        monkeypatch.setattr(os, "write", note)
        place.add(1, 2)
        assert written == [place.file.read_bytes().splitlines(keepends=True)[1]]

    def test_neither_truncates_nor_syncs_a_file(self, place, monkeypatch):
        """An append takes 0.2 ms. ext4 takes 5 ms more for each of these."""
        place.add(1)

        def refuse(*_arguments: object) -> None:
            raise AssertionError

        for name in ("truncate", "ftruncate", "fsync", "fdatasync"):
            monkeypatch.setattr(os, name, refuse)
        place.add(2, 2)
        assert place.numbers() == [1, 2, 3]


class TestDamagedEnd:
    @pytest.mark.parametrize("cut", [1, 2, 40, 120])
    def test_a_torn_line_is_left_out_and_what_follows_is_good(self, place, cut):
        place.add(3)
        whole = place.file.read_bytes()
        place.file.write_bytes(whole[:-cut])
        place.add(2, 4)
        # With cut 1, only the newline of the last line is gone.
        assert place.numbers() == ([1, 2, 3, 4, 5] if cut == 1 else [1, 2, 4, 5])
        assert place.open().read().damaged == (cut > 1)
        assert place.file.read_bytes().startswith(whole[:-cut] + b"\n{")

    @pytest.mark.parametrize("size", [100, 9000, 100_000])
    def test_zeros_after_a_power_failure_are_one_damaged_line(self, place, size):
        place.add(2)
        with place.file.open("ab") as file:
            file.write(bytes(size))
        place.add(2, 3)
        assert (place.numbers(), place.open().read().damaged) == ([1, 2, 3, 4], 1)

    def test_lines_of_earlier_builds_are_read(self, place):
        place.add(1)
        old = json.loads(place.file.read_bytes()) | {"seq": 7, "prev": "0" * 64}
        place.file.write_text(json.dumps(old) + "\n")
        place.add(1, 2)
        assert place.numbers() == [1, 2]
        assert not {"seq", "prev"} & set(place.open().read().lines[0].fields)


class TestFullDisk:
    def test_a_partial_write_is_taken_back(self, place, monkeypatch):
        place.add(2)
        whole, real = place.file.read_bytes(), os.write

        def write_half(descriptor: int, data: bytes) -> int:
            is_journal = os.path.samestat(os.fstat(descriptor), place.file.stat())
            return real(descriptor, data[: len(data) // 2] if is_journal else data)

        with monkeypatch.context() as patched:
            patched.setattr(os, "write", write_half)
            with pytest.raises(LocalState, match="no space left on device"):
                place.open().append(entry(3))
        assert place.file.read_bytes() == whole
        place.add(1, 3)
        assert place.numbers() == [1, 2, 3]

    def test_a_disk_that_takes_nothing_is_an_error_and_for_try_append_a_warning(
        self, place, monkeypatch
    ):
        def refuse(*_arguments: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        place.add(1)
        monkeypatch.setattr(os, "write", refuse)
        with pytest.raises(LocalState, match="the journal took no new line") as refused:
            place.open().append(entry(2))
        assert refused.value.hint == "free some space and try again"
        assert place.warnings == []
        place.open().try_append(entry(2))
        assert place.warnings == [refused.value.message]


class TestRotation:
    def test_the_files_stay_below_their_limit(self, place):
        assert store.FILE_BYTES * (store.OLDER_FILES + 1) <= 5_000_000
        place.add(400, file_bytes=SMALL_BYTES)
        assert len(place.files) == 5
        assert max(path.stat().st_size for path in place.files) <= SMALL_BYTES
        numbers = place.numbers()
        assert numbers == list(range(401 - len(numbers), 401))
        # Each of the four older files is full but for one line.
        assert len(numbers) > 60

    def test_a_file_is_full_when_the_longest_line_and_a_newline_no_longer_fit(self, place):
        place.add(1)
        size = place.file.stat().st_size
        place.add(1, 2, file_bytes=size + 1 + LONGEST_LINE_BYTES)
        assert len(place.files) == 1
        size = place.file.stat().st_size
        place.add(1, 3, file_bytes=size + LONGEST_LINE_BYTES)
        assert len(place.files) == 2

    @pytest.mark.parametrize("renames", range(4))
    def test_killed_between_two_renames_loses_nothing(self, place, monkeypatch, renames):
        place.add(300, file_bytes=SMALL_BYTES)
        journal = place.open(SMALL_BYTES)
        left, real = [renames], files.replace_file

        def rename(old: str, new: str) -> None:
            if left[0] == 0:
                raise KeyboardInterrupt
            left[0] -= 1
            real(old, new)

        number, is_killed = 301, False
        with monkeypatch.context() as patched:
            patched.setattr(files, "replace_file", rename)
            while not is_killed and number < 360:
                try:
                    journal.append(entry(number))
                    number += 1
                except KeyboardInterrupt:
                    is_killed = True
        before = place.numbers()
        assert before[-1] == number - 1
        place.add(1, number, file_bytes=SMALL_BYTES)
        # What was there is still there: a name that is free takes the next file.
        after = place.numbers()
        assert is_killed
        if renames:
            assert after == [*before, number]
        assert after[-1] == number


class TestFilesThatAreNotOurs:
    @pytest.mark.parametrize("name", ["audit.jsonl", "audit.lock"])
    @pytest.mark.parametrize("kind", ["link", "hard link", "fifo", "folder"])
    def test_are_refused_and_left_as_they_are(self, place, name, kind):
        place.add(1)
        target, path = place.state.parent / "target", place.state / name
        target.write_bytes(b"mine\n")
        path.unlink()
        match kind:
            case "link":
                path.symlink_to(target)
            case "hard link":
                os.link(target, path)
            case "fifo":
                os.mkfifo(path)
            case _:
                path.mkdir()
        began = time.monotonic()
        with pytest.raises(LocalState, match=re.escape(str(path))):
            place.open().append(entry(2))
        assert time.monotonic() - began < 30  # a FIFO without a reader would block
        assert target.read_bytes() == b"mine\n"
        if name == "audit.jsonl":
            with pytest.raises(NotOurs):
                place.open().read()

    def test_a_stopped_lock_holder_delays_and_does_not_block(self, place):
        place.add(1)
        with files.hold_lock(place.state / "audit.lock", soon()):
            began = time.monotonic()
            failed: list[str] = []

            def append() -> None:
                try:
                    place.open().append(entry(2), wait_seconds=0.3)
                except LocalState as error:
                    failed.append(error.message)

            thread = threading.Thread(target=append)
            thread.start()
            thread.join(60)
            assert failed
            assert "is held by process" in failed[0]
            assert time.monotonic() - began >= 0.3


@contextlib.contextmanager
def appending(
    place: Place, first: int, count: int, file_bytes: int, stdout: int = subprocess.PIPE
) -> "Iterator[subprocess.Popen[str]]":
    argv = [sys.executable, "-c", APPEND, str(place.state), *map(str, (first, count, file_bytes))]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=stdout, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class TestManyProcesses:
    @pytest.mark.long
    def test_50_processes_with_20_lines_each_lose_none(self, place):
        with contextlib.ExitStack() as stack:
            appenders = [
                stack.enter_context(appending(place, first * 20, 20, store.FILE_BYTES))
                for first in range(50)
            ]
            for each in appenders:
                assert each.stdout
                assert each.stdout.readline() == "ready\n"
            for each in appenders:  # let all appenders begin at once
                assert each.stdin
                each.stdin.write("\n")
                each.stdin.flush()
            printed = [each.communicate(timeout=200)[0] for each in appenders]
        assert [each.returncode for each in appenders] == [0] * 50
        told = sorted(int(word) for text in printed for word in text.split())
        assert told == list(range(1000))
        assert sorted(place.numbers()) == told

    def test_readers_see_whole_lines_while_others_rotate(self, place):
        with appending(place, 1, 600, SMALL_BYTES, stdout=subprocess.DEVNULL) as appender:
            assert appender.stdin
            appender.stdin.write("\n")
            appender.stdin.close()
            readings = 0
            while appender.poll() is None:
                found = place.open().read()
                assert found.damaged == 0
                readings += len(found.lines) > 0
            assert appender.returncode == 0
            assert readings


def test_reading_makes_and_changes_no_file(place):
    assert place.open().read() == ([], 0)
    assert not place.state.exists()
    place.add(2)
    before = (place.file.read_bytes(), place.file.stat().st_mtime_ns)
    place.open().read()
    assert (place.file.read_bytes(), place.file.stat().st_mtime_ns) == before
    assert stat.S_ISREG(place.file.lstat().st_mode)
