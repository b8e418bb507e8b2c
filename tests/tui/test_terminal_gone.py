"""A terminal that is closed without a signal ends the program: no endless loop, no crash report."""

import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssohelper.emulator.server import Emulator
from tests.cli.listing_world import SCRIPT, Shell
from tests.long_rows import long_after

# The longest wait: reached only if something is broken.
SECONDS = 120


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with Emulator() as emulator:
        made = Shell(tmp_path, emulator)
        assert made.run("list").returncode == 0
        yield made


def read_until(master: int, text: bytes) -> None:
    ends_at = time.monotonic() + SECONDS
    seen = b""
    while text not in seen:
        assert time.monotonic() < ends_at, seen
        seen += os.read(master, 1 << 16)


@pytest.mark.parametrize(
    ("argv", "shown"),
    long_after(1, [([], b"role keys"), (["whoami"], b"20/20")]),
    ids=["full screen", "picker"],
)
def test_a_closed_terminal_ends_the_program_without_sighup(
    shell: Shell, argv: list[str], shown: bytes
) -> None:
    master, slave = pty.openpty()
    # The program gets a session of its own that this terminal does not control: the kernel sends
    # no SIGHUP to it.
    with subprocess.Popen(
        [SCRIPT, *argv],
        env={**shell.environ, "TERM": "xterm-256color"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    ) as program:
        try:
            os.close(slave)
            read_until(master, shown)
            os.close(master)
            assert program.wait(SECONDS) == -signal.SIGHUP
        finally:
            program.kill()
    assert not (shell.home / "own" / "state" / "crashes").exists()
