"""Those who wait in turn take the refusal of the one before them; nobody takes an old one."""

import fcntl
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
    """Start a caller and return when it has opened the turn's file, which it does to wait."""
    process = subprocess.Popen(
        [SCRIPT, "credential-process", *KEY],
        env=home.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    ends_at = time.monotonic() + RUN_SECONDS
    while time.monotonic() < ends_at:
        for link in Path(f"/proc/{process.pid}/fd").iterdir():
            try:
                if "/turns/corp/" in str(link.readlink()):
                    return process
            except OSError:
                continue
    raise AssertionError("it never came to wait")


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
