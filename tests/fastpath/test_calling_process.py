"""The parent process and the terminal of a caller: real processes, a pty, hostile names."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from ssohelper.fastpath import calling_process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the names come from /proc")

ROOT = Path(__file__).resolve().parents[2]
FIND = (
    f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
    "from ssohelper.fastpath import calling_process; "
    "print(repr(calling_process.find_caller()))"
)
# A parent that gives itself a name (PR_SET_NAME), then starts the process that looks at it.
NAMED_PARENT = f"""
import ctypes, subprocess, sys
ctypes.CDLL(None).prctl(15, bytes.fromhex(sys.argv[1]), 0, 0, 0)
print(subprocess.check_output([sys.executable, "-c", {FIND!r}], text=True), end="")
"""


def found_by(code: str, *argv: str, **more: bool) -> tuple[str, str]:
    argv = (sys.executable, "-c", code, *argv)
    return eval(subprocess.check_output(argv, text=True, timeout=60, **more))


class TestParent:
    def test_the_named_parent_is_the_process_that_started_us(self):
        assert found_by(FIND)[0] == Path("/proc/self/comm").read_text().rstrip("\n")

    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            (b"terraform", "terraform"),
            (b"a b) R 1 2", "a b) R 1 2"),  # as if the fields after the name began
            (b"\x1b[31mred\x07", "?[31mred?"),
            (b"a\nb\tc\rd", "a?b?c?d"),
            ("é\u202e".encode(), "?????"),
            (b"\xff\xfe\x80", "???"),
            (b"", ""),
            # The kernel cuts a process's name to 15 characters.
            (b"much longer than 15", "much longer tha"),
        ],
    )
    def test_a_hostile_name_becomes_printable(self, name, shown):
        """In a session without a terminal."""
        assert found_by(NAMED_PARENT, name.hex(), start_new_session=True) == (shown, "")

    def test_it_is_unknown_outside_of_the_container_or_when_it_has_ended(self, monkeypatch):
        gone = subprocess.Popen(["true"])
        gone.wait()
        for parent in (0, gone.pid):
            monkeypatch.setattr(os, "getppid", lambda parent=parent: parent)
            assert calling_process.find_caller()[0] == ""

    def test_no_name_is_longer_than_32_characters(self, monkeypatch):
        monkeypatch.setattr(calling_process, "_read_proc_file", lambda _path: b"x" * 4096)
        assert calling_process.find_caller() == ("x" * 32, "")


class TestTerminal:
    def test_is_the_controlling_one_although_no_stream_is_a_terminal(self) -> None:
        """An SDK gives its credential process pipes, so no stream is a terminal."""
        reader, writer = os.pipe()
        process, terminal = pty.fork()
        if process == 0:
            own = os.ttyname(0)
            null = os.open(os.devnull, os.O_RDWR)
            for stream, target in ((0, null), (1, writer), (2, null)):
                os.dup2(target, stream)
            os.write(1, own.encode() + b"\n")
            os.execv(sys.executable, [sys.executable, "-c", FIND])
        os.close(writer)
        try:
            with os.fdopen(reader) as answers:
                own = answers.readline().strip()
                found = eval(answers.readline())
            assert found[1] == own.removeprefix("/dev/")
            assert found[1].startswith("pts/")
        finally:
            os.close(terminal)
            os.waitpid(process, 0)

    @pytest.mark.parametrize(
        ("numbers", "name"),
        [
            *(((136, 3), "pts/3"), ((136, 255), "pts/255"), ((137, 4), "pts/260")),
            *(((4, 1), "tty1"), ((4, 64), "ttyS0"), ((204, 64), "tty 204:64"), ((0, 0), "")),
        ],
    )
    def test_has_the_name_of_its_device(self, numbers, name):
        device = os.makedev(*numbers)
        assert calling_process._terminal_name_of_device(device) == name

    @pytest.mark.parametrize(
        ("stat", "name"),
        [
            # Behind a name like the fields after it; the device of pts/2 is 136 * 256 + 2.
            (b"1 (a) S 1 2 3 34817 4) S 1 2 3 34818 4", "pts/2"),
            *((bad, "") for bad in (b"", b"1 (x", b"1 (x) S 1", b"1 (x) S 1 2 3 many 0")),
        ],
    )
    def test_is_read_from_the_kernels_text(self, monkeypatch, stat, name):
        monkeypatch.setattr(calling_process, "_read_proc_file", lambda _path: stat)
        assert calling_process.find_caller()[1] == name
