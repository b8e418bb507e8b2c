"""`ssohelper` alone in a shell that has the function: Enter switches this shell."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssohelper.emulator.server import Emulator
from ssohelper.emulator.world import demo_world
from ssohelper.system import shell_answer
from tests.long_rows import long_after
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


def start_shell(place: Place, shell: str) -> Terminal:
    folder = place.home / "run"
    folder.mkdir(exist_ok=True)
    env = place.env(
        PS1="$ ",
        SHELL="/bin/sh",
        COLUMNS="",
        LINES="",
        AWS_PROFILE="before",
        XDG_RUNTIME_DIR=str(folder),
    )
    inside = Terminal([require_program(shell), *ARGV[shell]], env, size=(110, 30))
    # The typed words have quotes, the printed ones have none.
    inside.send(f"{INSTALL[shell]}; echo lo''aded\r")
    inside.until("loaded")
    return inside


def start(place: Place, shell: str) -> Terminal:
    inside = start_shell(place, shell)
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


@pytest.mark.parametrize("replacement", long_after(2, ["nothing", "fifo", "folder"]))
@pytest.mark.parametrize("shell", long_after(1, list(SHELLS)))
def test_an_answer_file_that_is_gone_is_an_error_and_switches_nothing(
    place: Place, shell: str, replacement: str
) -> None:
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


@pytest.mark.parametrize("shell", long_after(1, ["zsh", "bash", "fish"]))
def test_leaving_the_screen_changes_nothing(place: Place, shell: str) -> None:
    inside = start(place, shell)
    inside.send("\x1b")
    inside.until("code 0 is-before")
    assert "unexpected" not in inside.text
    inside.close()


@pytest.mark.parametrize("shell", long_after(1, ["zsh", "bash", "fish"]))
def test_ctrl_z_in_the_picker_of_use_keeps_what_was_typed_for_fg(place: Place, shell: str) -> None:
    inside = start_shell(place, shell)
    inside.send("ssohelper use\r")
    inside.until("20/20")
    inside.send("pay prod 'read")
    inside.until("1/20")
    inside.send("\x1a")
    inside.until(lambda: "enter: choose" not in inside.text)
    before = len(inside.raw)
    inside.send("fg\r")
    inside.until(lambda: b"1/20" in inside.raw[before:])
    inside.send("\r")
    inside.until('account "payments-prod" (000030000001), role "ReadOnlyAccess": ')
    inside.send("echo no''w-$AWS_PROFILE\r")
    inside.until(f"now-{PROD}")
    assert not list(place.home.glob("run/*"))
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
    inside.until(f"to use the role in this shell: ssohelper use {PROD}")
    inside.until("ssohelper install")
    assert inside.wait() == 0


@pytest.mark.parametrize("shell", long_after(1, ["fish", "bash", "zsh"]))
def test_ctrl_z_brings_the_prompt_back_and_after_fg_enter_switches_the_shell(
    place: Place, shell: str
) -> None:
    inside = start(place, shell)
    inside.send("pay prod 'read")
    inside.until("1/20")
    inside.send("\x1a")
    # The rest of the line runs now; in zsh it is suspended too.
    inside.until("suspended" if shell == "zsh" else "is-before")
    inside.send("jobs; echo li''sted\r")
    inside.until("listed")
    assert re.search("stopped|suspended", inside.text, re.IGNORECASE)
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
def test_after_sigkill_the_terminal_is_as_it_was(place: Place, shell: str) -> None:
    inside = start(place, shell)
    kill_program(inside)
    inside.until("code 137 is-before")
    assert_terminal_is_reset(inside)
    assert not list(place.home.glob("run/*"))
    inside.close()


@pytest.mark.parametrize("shell", long_after(1, ["bash", "zsh", "fish"]))
def test_after_ctrl_z_fg_and_sigkill_the_terminal_is_as_it_was(place: Place, shell: str) -> None:
    inside = start(place, shell)
    inside.send("\x1a")
    inside.until("suspended" if shell == "zsh" else "is-before")
    before = len(inside.raw)
    inside.send("fg\r")
    inside.until(lambda: b"20/20" in inside.raw[before:].partition(b"\x1b[?1049h")[2])
    kill_program(inside)
    inside.until(lambda: b"?1049l" in inside.raw[before:])
    assert_terminal_is_reset(inside)
    assert not list(place.home.glob("run/*"))
    inside.close()


def kill_program(inside: Terminal) -> None:
    [group] = [os.tcgetpgrp(inside.child.child_fd)]
    assert group != inside.child.pid
    os.kill(group, signal.SIGKILL)


def assert_terminal_is_reset(inside: Terminal) -> None:
    inside.send("echo wro''ng-$(stty -a | grep -c -- '-icanon\\|-echo ')-modes\r")
    inside.until("wrong-0-modes")
    for mode in (b"1049", b"1000", b"1003", b"1006", b"1004"):
        assert inside.raw.rfind(b"\x1b[?%bl" % mode) > inside.raw.rfind(b"\x1b[?%bh" % mode), mode
    assert inside.raw.rfind(b"\x1b[?25h") > inside.raw.rfind(b"\x1b[?25l")


# zsh shows no name of a job that a function has started.
@pytest.mark.parametrize("shell", long_after(1, ["bash", "fish"]))
def test_jobs_names_the_program(place: Place, shell: str) -> None:
    inside = start(place, shell)
    inside.send("\x1a")
    inside.until("is-before")
    inside.send("jobs > ~/jobs; echo li''sted\r")
    inside.until("listed")
    listed = (place.home / "jobs").read_text()
    assert re.search(r"\bssohelper\b", listed)
    assert "_ssohelper" not in listed.lower()
    inside.close()


def test_a_later_start_removes_answer_files_that_a_closed_terminal_has_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = shell_answer._LIFE_SECONDS
    names = ("empty12345", "answer1234", "young12345", "other12345", "open123456", "longer12345")
    paths = [tmp_path / f"ssohelper.{name}" for name in names]
    for path in paths:
        path.touch(0o600)
    paths[1].write_text("__ssohelper_used=x")
    paths[3].write_text("my notes")
    target = tmp_path / "ssohelper.toml"
    target.touch(0o600)
    (tmp_path / "ssohelper.link123456").symlink_to(target)
    for path in (*paths, target):
        old = path.stat().st_mtime - day - 60
        if path != paths[2]:
            os.utime(path, (old, old))
    # The full screen that has this one is open for more than a day.
    monkeypatch.setenv("_SSOHELPER_ANSWER", str(paths[4]))
    still_open = shell_answer.open_answer_file_of_shell_function()
    assert still_open is not None
    assert not paths[0].exists()
    paths[0].touch(0o600)
    os.utime(paths[0], (0, 0))
    new = make_answer_file(tmp_path)
    monkeypatch.setenv("_SSOHELPER_ANSWER", str(new))
    taken = shell_answer.open_answer_file_of_shell_function()
    assert taken is not None
    left = {path.name.removeprefix("ssohelper.") for path in tmp_path.iterdir()}
    assert left == {"answer", *names[2:], "toml", "link123456"}
    taken.finish(0)
    still_open.finish(0)


def make_answer_file(folder: Path) -> Path:
    path = folder / "answer"
    path.touch(0o600)
    return path


@pytest.mark.parametrize("kind", ["none", "", "x", "answer", "full", "link", "twice", "folder"])
def test_a_variable_that_names_no_new_private_file_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = make_answer_file(tmp_path)
    (tmp_path / "full").write_text("kept")
    (tmp_path / "link").symlink_to(path)
    (tmp_path / "folder").mkdir()
    if kind == "twice":
        os.link(path, tmp_path / "twice")
    is_relative = kind in ("", "x", "answer")
    monkeypatch.setenv("_SSOHELPER_ANSWER", kind if is_relative else str(tmp_path / kind))
    monkeypatch.setenv("_SSOHELPER_SHELL", "bash")
    assert shell_answer.open_answer_file_of_shell_function() is None
    assert "_SSOHELPER_ANSWER" not in os.environ
    assert (tmp_path / "full").read_text() == "kept"


@pytest.mark.parametrize(
    ("text", "code", "stays"), [("x", 0, True), ("x", 4, False), ("", 0, False)]
)
def test_the_file_stays_only_with_an_answer_of_a_program_that_succeeded(
    tmp_path: Path, text: str, code: int, stays: bool
) -> None:
    path = make_answer_file(tmp_path)
    with os.fdopen(os.open(path, os.O_WRONLY), "w") as file:
        answer = shell_answer.ShellAnswer(file.fileno(), str(path), {})
        file.write(text)
        file.flush()
        assert answer.finish(code) == code
    assert path.exists() == stays


@pytest.mark.parametrize("text", ["", "x"])
def test_a_file_that_was_replaced_is_no_answer_and_stays(tmp_path: Path, text: str) -> None:
    path = make_answer_file(tmp_path)
    with os.fdopen(os.open(path, os.O_WRONLY), "w") as file:
        answer = shell_answer.ShellAnswer(file.fileno(), str(path), {})
        file.write(text)
        file.flush()
        path.rename(tmp_path / "moved")
        path.symlink_to("moved")
        assert answer.finish(0) == (shell_answer.LOST if text else 0)
    assert path.is_symlink()


def test_a_child_process_does_not_inherit_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_answer_file(tmp_path)
    monkeypatch.setenv("_SSOHELPER_ANSWER", str(path))
    monkeypatch.setenv("_SSOHELPER_SHELL", "bash")
    assert shell_answer.open_answer_file_of_shell_function() is not None
    assert "_SSOHELPER_SHELL" not in os.environ
    found = [number for number in map(int, os.listdir("/proc/self/fd")) if is_open(number, path)]
    assert [os.get_inheritable(number) for number in found] == [False]
    os.close(*found)


def is_open(number: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(number), path.stat())
    except OSError:
        return False
