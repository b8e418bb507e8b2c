"""`ssohelper` alone in a shell that has the function: Enter switches this shell."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssohelper.emulator.server import Emulator
from ssohelper.emulator.world import demo_world
from ssohelper.system import shell_answer
from tests.programs import require_program
from tests.shell.at_a_terminal import ARGV, INSTALL, SHELLS
from tests.shell.test_function import PROD, Place
from tests.tui.terminal import Terminal


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Emulator(demo_world()) as emulator:
        made = Place(tmp_path, emulator)
        assert made.run("profile", "sync", "--yes").returncode == 0
        yield made


def start(place: Place, shell: str) -> Terminal:
    env = place.env(PS1="$ ", SHELL="/bin/sh", COLUMNS="", LINES="", AWS_PROFILE="before")
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
def test_enter_switches_the_shell_to_the_role(place: Place, shell: str) -> None:
    inside = start(place, shell)
    inside.send("pay prod 'read")
    inside.until("1/20")
    inside.send("\r")
    inside.until(f"code 0 is-{PROD}")
    assert 'account "payments-prod" (000030000001), role "ReadOnlyAccess": ' in inside.text
    # `clear` knows what was before.
    inside.send("ssohelper clear; echo no''w-$AWS_PROFILE\r")
    inside.until("now-before")
    inside.close()


@pytest.mark.parametrize("shell", SHELLS)
def test_leaving_the_screen_changes_nothing(place: Place, shell: str) -> None:
    inside = start(place, shell)
    inside.send("\x1b")
    inside.until("code 0 is-before")
    assert "unexpected" not in inside.text
    inside.close()


def test_a_shell_of_the_full_screen_is_on_the_terminal_and_knows_nothing_of_the_function(
    place: Place,
) -> None:
    inside = start(place, "bash")
    inside.until("F7 Shell")
    inside.send("\x1b[18~")  # F7
    inside.until("exit: back to the full screen")
    inside.send("test -t 1 && echo on-a-''terminal\r")
    inside.until("on-a-terminal")
    inside.send("ls -l /proc/$$/fd >~/open; echo fou''nd-$(env | grep -c _SSOHELPER_)\r")
    inside.until("found-0")
    assert "pipe" not in (place.home / "open").read_text()
    inside.send("exit\r")
    inside.until("type to search")
    inside.send("\x1b")
    inside.until("code 0 is-before")
    inside.close()


def test_without_the_function_the_line_to_type_is_printed_with_what_loads_it(place: Place) -> None:
    inside = Terminal([require_program("env"), "ssohelper"], place.env(COLUMNS="", LINES=""))
    inside.until("20/20")
    inside.send("pay prod 'read\r")
    inside.until(f"to use it in this shell: ssohelper use {PROD}")
    inside.until("ssohelper install")
    assert inside.wait() == 0


@pytest.mark.parametrize("number", ["", "x", "0", "2", "-3", "999999999999", "77", "³"])
def test_a_variable_that_names_no_pipe_is_ignored(
    monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    monkeypatch.setenv("_SSOHELPER_ANSWER", number)
    monkeypatch.setenv("_SSOHELPER_SHELL", "bash")
    assert shell_answer.take_answer_stream() is None
    assert not any(name.startswith("_SSOHELPER_") for name in os.environ)


def test_a_child_process_does_not_inherit_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    monkeypatch.setenv("_SSOHELPER_ANSWER", str(writing))
    assert shell_answer.take_answer_stream() is not None
    assert not os.get_inheritable(writing)
    os.close(reading)
    os.close(writing)
