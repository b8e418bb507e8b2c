"""The picker and the full screen in a pty: inside $(…), choosing, leaving, signals, crashes."""

import json
import os
import signal
import sys
import termios

import pytest

from ssohelper.tui.base import NO_ROLE_CHOSEN
from tests.cli.listing_world import SCRIPT, Shell
from tests.long_rows import long_after
from tests.tui.terminal import Terminal

TERMINAL = {"TERM": "xterm-256color", "PS1": "$ ", "COLUMNS": "", "LINES": ""}


def terminal(shell: Shell, *argv: object, **environ: str) -> Terminal:
    return Terminal(argv, {**shell.environ, **TERMINAL, **environ}, size=(100, 30))


def test_a_role_is_picked_inside_a_command_substitution(shell: Shell) -> None:
    """stdout is a pipe: the picker is drawn on stderr, as wide as the terminal."""
    line = f'x=$({SCRIPT} env --format json); echo "code $?"; echo "$x" > {shell.home}/out'
    inside = terminal(shell, "/bin/sh", "-c", line)
    inside.until("type to search")
    inside.until("20/20")
    assert inside.lines[0].endswith("20/20")
    assert len(inside.lines[0]) > 90
    inside.send("payprod 'read")
    inside.until("1/20")
    inside.until("payments-prod 000030000001 ReadOnlyAccess · corp · no profile")
    inside.send("\r")
    inside.until("code 0")
    assert inside.wait() == 0
    assert json.loads((shell.home / "out").read_text())["AWS_ACCOUNT_ID"] == "000030000001"
    assert "type to search" not in inside.text
    last_used = shell.json("list", "payments-prod", "ReadOnly")["data"][0]["last_used_at"]
    assert last_used is not None


@pytest.mark.long
def test_enter_typed_with_the_letters_chooses_what_they_find(shell: Shell) -> None:
    line = f'x=$({SCRIPT} whoami --json); echo "$x" > {shell.home}/out; echo done'
    inside = terminal(shell, "/bin/sh", "-c", line)
    inside.until("20/20")
    inside.send("prod read pay\r")
    inside.until("done")
    assert inside.wait() == 0
    assert json.loads((shell.home / "out").read_text())["data"]["account_id"] == "000030000001"


@pytest.mark.long
def test_keys_typed_before_the_picker_starts_count(shell: Shell) -> None:
    line = f'x=$({SCRIPT} whoami --json); echo "$x" > {shell.home}/out; echo done'
    inside = terminal(shell, "/bin/sh", "-c", line)
    inside.send("prod read pay\r")  # the terminal passes \r on as a line feed
    inside.until("done")
    assert inside.wait() == 0
    assert json.loads((shell.home / "out").read_text())["data"]["account_id"] == "000030000001"


@pytest.mark.parametrize("command", long_after(1, ["use", "console --print", "exec -- true"]))
def test_enter_alone_takes_no_role_and_escape_leaves_with_130(shell: Shell, command: str) -> None:
    line = f"exec {SCRIPT} {command} > {shell.home}/out"
    inside = terminal(shell, "/bin/sh", "-c", line, _SSOHELPER_SHELL="bash")
    inside.until("20/20")
    before = inside.attributes
    inside.send("\r")
    inside.until(NO_ROLE_CHOSEN)
    inside.send("zz")
    inside.until(" 0/20")
    inside.send("\x1b")
    inside.until("20/20")
    inside.send("\x1b")
    inside.until("nothing was chosen")
    after = termios.tcgetattr(inside.child.child_fd)
    assert inside.wait() == 130
    assert after == before
    assert not (shell.home / "own" / "state" / "usage.json").exists()


@pytest.mark.long
def test_a_narrower_terminal_shows_the_picker_once(shell: Shell) -> None:
    inside = terminal(shell, SCRIPT, "whoami")
    inside.until("enter: choose")
    inside.resize(50, 24)

    def is_shown_alone() -> bool:
        first, *rest = [line for line in inside.lines if line]
        return "type to search" in first and len(rest) == 12

    inside.until(is_shown_alone)
    inside.send("\x1b")
    assert inside.wait() == 130


@pytest.mark.parametrize("keys", long_after(1, ["\x03", "\x11"]))
def test_ctrl_c_and_ctrl_q_leave(shell: Shell, keys: str) -> None:
    inside = terminal(shell, SCRIPT, "console")
    inside.until("20/20")
    inside.send(keys)
    assert inside.wait() == 130


@pytest.mark.long
def test_the_mouse_chooses(shell: Shell) -> None:
    inside = terminal(shell, SCRIPT, "whoami")
    inside.until("orders-dev")
    inside.until("enter: choose")
    row = next(n for n, line in enumerate(inside.lines) if "orders-dev" in line) + 1
    for _ in range(2):
        inside.send(f"\x1b[<0;20;{row}M\x1b[<0;20;{row}m")
    inside.until("confirmed by AWS")
    assert inside.wait() == 0
    assert "orders-dev" in inside.text


@pytest.mark.long
def test_after_sigterm_the_picker_restores_the_terminal(shell: Shell) -> None:
    inside = terminal(shell, SCRIPT, "whoami")
    inside.until("20/20")
    os.kill(inside.child.pid, signal.SIGTERM)
    assert inside.wait() == -signal.SIGTERM
    assert b"\x1b[?25h" in inside.raw.rpartition(b"20/20")[2]


def test_the_user_picks_one_of_several_sessions(shell: Shell) -> None:
    shell.write_config(
        "\n[sso-session other]\nsso_start_url = https://d-1111111111.awsapps.com/start\n"
        "sso_region = us-east-1\n"
    )
    inside = terminal(shell, SCRIPT, "profile", "sync", "--dry-run")
    inside.until("which session?")
    inside.until("other  (signed out)  https://d-1111111111")
    inside.until("❯ corp")
    inside.send("j")
    inside.until("❯ other")
    inside.send("k\r")
    inside.until("payments-prod")
    assert inside.wait() == 0
    inside = terminal(shell, SCRIPT, "profile", "sync", "--dry-run")
    inside.send("j\r")  # the keys come before the picker has started
    inside.until("ssohelper login other")
    assert inside.wait() == 4


def test_signed_out_and_without_a_list_it_says_what_to_type(shell: Shell) -> None:
    assert shell.run("cache", "clear", "--yes").returncode == 0
    shell.run("logout")
    inside = terminal(shell, SCRIPT, "whoami")
    inside.until("ssohelper login corp")
    assert inside.wait() == 4


@pytest.mark.parametrize("command", [["whoami"], ["exec", "--", "true"], ["favourite", "add"]])
def test_without_a_terminal_it_is_exit_2(shell: Shell, command: list[str]) -> None:
    answer = shell.run(*command)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "which profile?" in answer.stderr


def test_enter_that_is_typed_before_the_picker_is_there_chooses(shell: Shell) -> None:
    inside = terminal(shell, SCRIPT, "whoami")
    inside.send("payprod 'read\r")  # until the picker starts, the terminal makes a line feed of it
    inside.until("ReadOnlyAccess")
    assert inside.wait() == 0
    assert b"enter: choose" in inside.raw


def test_a_dumb_terminal_gets_no_picker(shell: Shell) -> None:
    inside = Terminal([SCRIPT, "whoami"], {**shell.environ, "TERM": "dumb"}, dumb=True)
    inside.until("which profile?")
    assert inside.wait() == 2


# -- starting and ending the full screen in a real terminal ------------------------------------


@pytest.mark.long
def test_without_a_command_the_full_screen_opens_searches_and_leaves(shell: Shell) -> None:
    inside = terminal(shell, SCRIPT)
    inside.until("20/20")
    inside.until("● tree")
    inside.send("pay read dev")
    inside.until("1/20")
    inside.send("\r")
    inside.until("to use the role in this shell: ssohelper use corp:000040000001/ReadOnlyAccess")
    attributes = termios.tcgetattr(inside.child.child_fd)
    assert inside.wait() == 0
    assert attributes == inside.attributes
    for end in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1003l", b"\x1b[?2004l"):
        assert inside.raw.endswith(end) or end in inside.raw.rpartition(b"1/20")[2]


def test_a_key_starts_a_shell_with_the_role(shell: Shell) -> None:
    inside = terminal(shell, SCRIPT, SHELL="/bin/sh", NO_COLOR="1")
    inside.until("20/20")
    inside.send("\x1b[B")
    inside.until("role keys")
    inside.send("\x1b[18~")
    inside.until("exit: back to the full screen")
    inside.send("echo role=$SSOHELPER_SERVED_ROLE\r")
    inside.until("role=corp:000030000003/")
    inside.send("exit\r")
    inside.until("has ended")
    inside.send("\x11")
    assert inside.wait() == 0


@pytest.mark.long
def test_after_sigterm_the_full_screen_restores_the_terminal(shell: Shell) -> None:
    inside = terminal(shell, SCRIPT)
    inside.until("● tree")
    os.kill(inside.child.pid, signal.SIGTERM)
    assert inside.wait() == -signal.SIGTERM
    assert b"\x1b[?1049l" in inside.raw


@pytest.mark.long
def test_a_crash_prints_one_line_and_restores_the_terminal(shell: Shell) -> None:
    code = (
        "import sys\n"
        "from ssohelper.tui.widgets.role_list import RoleList\n"
        "def broken(self, lines): secret = 'CANARY-LOCAL'; raise ZeroDivisionError(secret)\n"
        "RoleList.action_move = broken\n"
        "sys.argv = ['ssohelper']\n"
        "from ssohelper.__main__ import main\n"
        "sys.exit(main())\n"
    )
    inside = terminal(shell, sys.executable, "-c", code)
    inside.until("● tree")
    inside.send("\x1b[B")
    inside.until("internal error (ZeroDivisionError) — log: ")
    attributes = termios.tcgetattr(inside.child.child_fd)
    assert inside.wait() == 1
    assert attributes == inside.attributes
    assert b"Traceback" not in inside.raw
    assert b"CANARY" not in inside.raw
    [log] = (shell.home / "own" / "state" / "crashes").iterdir()
    assert "search_pane.py" in log.read_text()
    assert "CANARY" not in log.read_text()


def test_a_crash_before_the_first_paint_prints_one_line(shell: Shell) -> None:
    code = (
        "import sys\n"
        "from ssohelper.tui import themes\n"
        "themes.DARK = None\n"
        "sys.argv = ['ssohelper']\n"
        "from ssohelper.__main__ import main\n"
        "sys.exit(main())\n"
    )
    inside = terminal(shell, sys.executable, "-c", code)
    inside.until("internal error (AttributeError) — log: ")
    assert inside.wait() == 1
    assert b"Traceback" not in inside.raw


def test_a_dumb_terminal_gets_help_and_exit_2(shell: Shell) -> None:
    inside = Terminal([SCRIPT], {**shell.environ, "TERM": "dumb"}, dumb=True)
    inside.until("Run the demo's local Identity Center alone")
    assert inside.wait() == 2
