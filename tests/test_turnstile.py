"""Those who wait in turn take the refusal of the one before them; nobody takes an old one."""

import errno
import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ssohelper import ready_document, turnstile
from tests.conftest import RUN_SECONDS, SCRIPT, Home

KEY = ("--session", "corp", "--account-id", "000030000003", "--role-name", "ReadOnlyAccess")
LINE = b'ssohelper: error: the session "corp" expired (sign in with: ssohelper login corp)\n'


@contextmanager
def our_turn(home: Home) -> Iterator[int]:
    """Hold the role's turn as the first caller does."""
    path = home.runtime / "turns" / "corp" / f"{KEY[3]}.{KEY[5]}"
    for folder in (home.runtime, home.runtime / "turns", path.parent):
        folder.mkdir(mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    yield descriptor


def waiting(home: Home) -> "subprocess.Popen[bytes]":
    """Start a caller and return when it sleeps with the turn's file open: it has found it taken."""
    process = subprocess.Popen(
        [SCRIPT, "credential-process", *KEY],
        env=home.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    ends_at = time.monotonic() + RUN_SECONDS
    while time.monotonic() < ends_at:
        if _has_open(process.pid, "/turns/corp/") and _sleeps(process.pid):
            return process
    raise AssertionError("it never came to wait")


def _has_open(pid: int, part: str) -> bool:
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            if part in str(link.readlink()):
                return True
    return False


def _sleeps(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def test_who_waited_takes_the_refusal(home: Home) -> None:
    # There is no config: whoever looks for itself says exit 3.
    with our_turn(home) as turn:
        callers = [waiting(home) for _ in range(3)]
        os.write(turn, b"4 " + LINE)
        os.close(turn)
        for caller in callers:
            assert caller.communicate(timeout=RUN_SECONDS) == (b"", LINE)
            assert caller.returncode == 4


def test_an_older_or_a_torn_word_is_nobodys(home: Home) -> None:
    with our_turn(home) as turn:
        os.write(turn, b"4 " + LINE)
        os.utime(turn, (time.time() - 5, time.time() - 5))
        late = waiting(home)
        os.close(turn)
        assert late.wait(RUN_SECONDS) == 3
        late.communicate()
    path = home.runtime / "turns" / "corp" / f"{KEY[3]}.{KEY[5]}"
    turn = os.open(path, os.O_RDWR | os.O_TRUNC)
    fcntl.flock(turn, fcntl.LOCK_EX)
    caller = waiting(home)
    os.write(turn, b"4 ssohelper: err")
    os.close(turn)
    assert caller.wait(RUN_SECONDS) == 3
    caller.communicate()


# -- the same in our own process: each thing by itself ---------------------------------------------


@pytest.fixture
def turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of the role's turn, below a runtime folder of its own; nobody holds it."""
    monkeypatch.setenv("SSOHELPER_HOME", str(tmp_path))
    monkeypatch.setattr(turnstile, "_held", None)
    path = tmp_path / "run" / "turns" / "corp" / f"{KEY[3]}.{KEY[5]}"
    path.parent.mkdir(parents=True)
    yield path
    if turnstile._held is not None:
        os.close(turnstile._held)


@contextmanager
def held(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        yield descriptor
    finally:
        with suppress(OSError):
            os.close(descriptor)


def test_the_first_one_goes_in_and_keeps_its_turn_and_the_next_one_loses_patience(
    turn, monkeypatch, capfd
):
    monkeypatch.setattr(turnstile, "PATIENCE_SECONDS", 0.1)
    assert turnstile.answered_in_turn([*KEY]) is None
    with pytest.raises(BlockingIOError), held(turn):
        pass
    began = time.monotonic()
    assert turnstile.answered_in_turn([*KEY]) is None
    assert time.monotonic() - began >= 0.1
    assert turn.stat().st_mode & 0o777 == 0o600
    assert capfd.readouterr() == ("", "")


def test_other_arguments_take_no_turn(turn):
    assert turnstile.answered_in_turn(["--profile", "a"]) is None
    assert not turn.exists()


def test_who_waits_is_answered_as_soon_as_there_is_a_document(turn, monkeypatch):
    looks = iter([False, True])
    monkeypatch.setattr(ready_document, "answered", lambda argv: argv == [*KEY] and next(looks))
    with held(turn):
        assert turnstile.answered_in_turn([*KEY]) == 0


@pytest.mark.parametrize(("then", "code"), [(True, 0), (False, None)])
def test_a_turn_that_ended_without_a_word_may_have_left_a_document(turn, monkeypatch, then, code):
    with held(turn) as descriptor:
        looks = iter([False, then])

        def answered(_argv: list[str]) -> bool:
            with suppress(OSError):
                os.close(descriptor)  # the one before us ends between two of our looks
            return next(looks)

        monkeypatch.setattr(ready_document, "answered", answered)
        assert turnstile.answered_in_turn([*KEY]) == code
    with held(turn):  # those behind us need not wait for us
        pass


@pytest.mark.parametrize("code", [4, 5, 6])
def test_a_word_that_is_left_is_said_by_who_waited(turn, capfdbinary, code):
    turn.write_bytes(b"an older and longer word, which goes" * 9)
    assert turnstile.answered_in_turn([*KEY]) is None
    turnstile.leave_word(code, LINE)
    descriptor = os.open(turn, os.O_RDONLY)
    assert turnstile._word_since(descriptor, 0) == code
    assert capfdbinary.readouterr() == (b"", LINE)
    os.close(descriptor)


def test_who_holds_no_turn_leaves_no_word(turn):
    turnstile.leave_word(4, LINE)
    assert not turn.exists()


@pytest.mark.parametrize(
    "word",
    [
        b"",
        b"4",
        b"4 ",
        b"4 torn",
        LINE,
        b"3 " + LINE,
        b"7 " + LINE,
        b"44 " + LINE,
        b"4".ljust(4097) + b"\n",
    ],
)
def test_what_is_no_word_says_nothing(turn, capfd, word):
    turn.write_bytes(word)
    descriptor = os.open(turn, os.O_RDONLY)
    assert turnstile._word_since(descriptor, 0) is None
    assert capfd.readouterr() == ("", "")
    os.close(descriptor)


@pytest.mark.parametrize(("later_ns", "code"), [(-1, None), (0, 4), (1, 4)])
def test_an_older_word_is_of_callers_before(turn, later_ns, code):
    began_ns = 1_700_000_000_000_000_000
    turn.write_bytes(b"4 " + LINE)
    os.utime(turn, ns=(began_ns + later_ns, began_ns + later_ns))
    descriptor = os.open(turn, os.O_RDONLY)
    assert turnstile._word_since(descriptor, began_ns) == code
    os.close(descriptor)


def test_a_closed_stderr_takes_no_words_and_the_code_is_the_same(turn, monkeypatch):
    turn.write_bytes(b"5 " + LINE)
    descriptor = os.open(turn, os.O_RDONLY)

    def write(_descriptor: int, _words: bytes) -> int:
        raise OSError

    monkeypatch.setattr(turnstile.os, "write", write)
    assert turnstile._word_since(descriptor, 0) == 5
    turn.unlink()
    turn.mkdir()
    assert turnstile.answered_in_turn([*KEY]) == 7
    monkeypatch.undo()
    os.close(descriptor)


@pytest.mark.parametrize("planted", ["link", "hard link", "fifo", "folder", "another user's"])
def test_what_is_planted_in_its_place_is_refused_with_its_path(turn, monkeypatch, capfd, planted):
    other = turn.with_name("other")
    other.write_text("precious")
    if planted == "link":
        turn.symlink_to(other)
    elif planted == "hard link":
        os.link(other, turn)
    elif planted == "fifo":
        os.mkfifo(turn)
    elif planted == "folder":
        turn.mkdir()
    else:
        turn.touch()
        # Of the folders it is us who made them; only the file is somebody else's.
        monkeypatch.setattr(turnstile, "_make_private", lambda _path: None)
        monkeypatch.setattr(os, "geteuid", lambda: other.stat().st_uid + 1)
    before = set(os.listdir("/proc/self/fd"))
    assert turnstile.answered_in_turn([*KEY]) == 7
    assert set(os.listdir("/proc/self/fd")) <= before
    out, line = capfd.readouterr()
    assert out == ""
    assert line == (
        f'ssohelper: error: the lock "{turn}" is no plain file of yours: not touched '
        f"(look at it with: ls -l {turn})\n"
    )
    assert other.read_text() == "precious"


@pytest.mark.parametrize("folder", ["run", "run/turns", "run/turns/corp"])
@pytest.mark.parametrize("planted", ["file", "link"])
def test_without_a_folder_of_ours_everybody_goes_in(turn, tmp_path, folder, planted):
    shutil.rmtree(tmp_path / "run")
    path = tmp_path / folder
    path.parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "elsewhere").mkdir()
    if planted == "file":
        path.touch()
    else:
        path.symlink_to(tmp_path / "elsewhere")
    assert turnstile.answered_in_turn([*KEY]) is None
    assert turnstile._held is None
    assert os.listdir(tmp_path / "elsewhere") == []


def test_folders_are_made_for_us_alone(turn, tmp_path):
    shutil.rmtree(tmp_path / "run")
    before = os.umask(0)
    try:
        assert turnstile.answered_in_turn([*KEY]) is None
    finally:
        os.umask(before)
    for folder in ("run", "run/turns", "run/turns/corp"):
        assert (tmp_path / folder).stat().st_mode & 0o777 == 0o700
    assert turnstile._held is not None


def test_where_the_file_system_knows_no_locks_everybody_goes_in(turn, monkeypatch):
    def flock(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    assert turnstile.answered_in_turn([*KEY]) is None
    assert turnstile.answered_in_turn([*KEY]) is None


def test_folders_of_another_user_are_not_used_and_nobody_is_refused(turn, monkeypatch, capfd):
    monkeypatch.setattr(os, "geteuid", lambda: turn.parent.stat().st_uid + 1)
    assert turnstile.answered_in_turn([*KEY]) is None
    assert turnstile._held is None
    assert not turn.exists()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EMFILE])
def test_a_file_that_cannot_be_made_refuses_nobody(turn, monkeypatch, capfd, number):
    really = os.open

    def refuse(path, *arguments):
        if path == str(turn):
            raise OSError(number, os.strerror(number))
        return really(path, *arguments)

    monkeypatch.setattr(turnstile.os, "open", refuse)
    assert turnstile.answered_in_turn([*KEY]) is None
    assert turnstile._held is None
    assert capfd.readouterr() == ("", "")


def test_a_word_is_the_answer_whatever_else_there_is(turn, monkeypatch, capfdbinary):
    with held(turn) as descriptor:
        looks = iter([False, True])

        def answered(_argv: list[str]) -> bool:
            with suppress(OSError):
                os.write(descriptor, b"4 " + LINE)
                os.close(descriptor)
            return next(looks)

        monkeypatch.setattr(ready_document, "answered", answered)
        assert turnstile.answered_in_turn([*KEY]) == 4
    assert capfdbinary.readouterr() == (b"", LINE)
