"""`ssohelper` alone in a shell that has the function: Enter and `space -` switch this shell."""

import os
import re
import signal
from collections.abc import Iterator

import pytest

from ssohelper.emulator.server import Emulator
from ssohelper.emulator.world import demo_world
from ssohelper.system import shell_answer
from tests.long_rows import long_after
from tests.programs import require_program
from tests.shell.at_a_terminal import ARGV, INSTALL, SHELLS
from tests.shell.test_function import DEV, PROD, Place
from tests.tui.terminal import Terminal


@pytest.fixture
def place(tmp_path) -> Iterator[Place]:
    with Emulator(demo_world()) as emulator:
        made = Place(tmp_path, emulator)
        assert made.run("profile", "sync", "--yes").returncode == 0
        yield made


def start(place: Place, shell: str) -> Terminal:
    folder = place.home / "run"
    folder.mkdir(exist_ok=True)
    of_terminal = {"PS1": "$ ", "SHELL": "/bin/sh", "COLUMNS": "", "LINES": ""}
    env = place.env(**of_terminal, AWS_PROFILE="before", XDG_RUNTIME_DIR=str(folder))
    inside = Terminal([require_program(shell), *ARGV[shell]], env, size=(110, 30))
    # The typed words have quotes, the printed ones have none.
    inside.send(f"{INSTALL[shell]}; echo lo''aded\r")
    inside.until("loaded")
    status = "$status" if shell == "fish" else "$?"
    inside.send(f"ssohelper; echo co''de {status} is-''$AWS_PROFILE\r")
    inside.until("type to search")
    inside.until("20/20")
    return inside


@pytest.mark.parametrize("shell", SHELLS)
def test_enter_switches_the_shell_to_the_role(place, shell):
    inside = start(place, shell)
    inside.send("pay prod 'read")
    inside.until("1/20")
    inside.send("\r")
    inside.until(f"code 0 is-{PROD}")
    assert 'account "payments-prod" (000030000001), role "ReadOnlyAccess": ' in inside.text
    inside.send(f"ssohelper use {DEV}; ssohelper; echo ag''ain-$AWS_PROFILE\r")
    inside.until("payments-dev/ReadOnlyAccess")
    inside.send(" ")
    inside.until("- previous role")
    inside.send("-")
    inside.until(f"again-{PROD}")
    # `clear` restores the variables of before.
    inside.send("ssohelper clear; echo no''w-$AWS_PROFILE\r")
    inside.until("now-before")
    inside.close()


@pytest.mark.parametrize("replacement", long_after(1, ["nothing", "fifo", "folder"]))
@pytest.mark.parametrize("shell", long_after(1, list(SHELLS)))
def test_an_answer_file_that_is_gone_is_an_error_and_switches_nothing(place, shell, replacement):
    inside = start(place, shell)
    [file] = place.home.glob("run/ssohelper.*")
    file.unlink()
    if replacement == "fifo":
        os.mkfifo(file)
    elif replacement == "folder":
        file.mkdir()
    inside.send("pay prod 'read")
    inside.until("1/20")
    inside.send("\r")
    inside.until(f"code {shell_answer.LOST} is-before")
    assert "the file for this shell's function was removed or replaced" in inside.text
    assert 'account "payments-prod"' not in inside.text.partition("ssohelper: error: ")[0]
    assert "of the sign-in left" not in inside.text
    inside.close()


@pytest.mark.long
def test_without_the_function_the_line_to_type_is_printed_with_what_loads_it(place):
    inside = Terminal([require_program("env"), "ssohelper"], place.env(COLUMNS="", LINES=""))
    inside.until("20/20")
    inside.send("pay prod 'read\r")
    inside.until(f"to use the role in this shell: ssohelper use {PROD}")
    inside.until("ssohelper install")
    assert inside.wait() == 0


@pytest.mark.parametrize("shell", long_after(1, ["bash", "fish", "zsh"]))
def test_ctrl_z_brings_the_prompt_back_and_after_fg_enter_switches_the_shell(place, shell):
    inside = start(place, shell)
    inside.send("pay prod 'read")
    inside.until("1/20")
    inside.send("\x1a")
    # The rest of the line runs now; in zsh it is suspended too.
    inside.until("suspended" if shell == "zsh" else "is-before")
    inside.send("jobs > ~/jobs; cat ~/jobs; echo li''sted\r")
    inside.until("listed")
    listed = (place.home / "jobs").read_text()
    assert re.search("stopped|suspended", listed, re.IGNORECASE)
    # zsh shows no name of a job that a function has started.
    assert shell == "zsh" or re.search(r"\bssohelper\b", listed)
    assert "_ssohelper" not in listed.lower()
    # pyte has no second screen: what it shows may be from before `fg`.
    before = len(inside.raw)
    inside.send("fg\r")
    inside.until(lambda: b"1/20" in inside.raw[before:].partition(b"\x1b[?1049h")[2])
    inside.send("\r")
    inside.until('account "payments-prod" (000030000001), role "ReadOnlyAccess": ')
    inside.send("echo no''w-$AWS_PROFILE\r")
    inside.until(f"now-{PROD}")
    inside.send("ssohelper clear; echo af''ter-$AWS_PROFILE\r")
    inside.until("after-before")
    assert not list(place.home.glob("run/*"))
    inside.close()


@pytest.mark.parametrize("shell", long_after(1, ["fish", "bash", "zsh"]))
def test_after_sigkill_the_terminal_is_as_it_was(place, shell):
    inside = start(place, shell)
    [group] = [os.tcgetpgrp(inside.child.child_fd)]
    assert group != inside.child.pid
    os.kill(group, signal.SIGKILL)
    inside.until("code 137 is-before")
    inside.send("echo wro''ng-$(stty -a | grep -c -- '-icanon\\|-echo ')-modes\r")
    inside.until("wrong-0-modes")
    for mode in (b"1049", b"1000", b"1003", b"1006", b"1004"):
        assert inside.raw.rfind(b"\x1b[?%bl" % mode) > inside.raw.rfind(b"\x1b[?%bh" % mode), mode
    assert inside.raw.rfind(b"\x1b[?25h") > inside.raw.rfind(b"\x1b[?25l")
    assert not list(place.home.glob("run/*"))
    inside.close()
