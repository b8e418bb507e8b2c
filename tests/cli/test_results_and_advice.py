"""The last lines of commands: what was done, what there was to do, and what comes next."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from ssohelper import cli
from ssohelper.app import App
from ssohelper.core.grants import Grant, TerminalSession
from ssohelper.core.model import RoleKey
from ssohelper.stores.grant_files import GrantStore
from tests.cli.listing_world import SCRIPT
from tests.core.test_profile_plan import process
from tests.saved_listing import PAY, add_listed_session

Command = Callable[..., str]


@pytest.fixture
def command(home, capfd, monkeypatch) -> Command:
    """Run a command line in this process; return what it wrote on stdout and stderr."""
    add_listed_session(home)
    # Restores sys.stdout, which the program may replace.
    monkeypatch.setattr(sys, "stdout", sys.stdout)

    def run(*argv: str) -> str:
        assert cli.run(list(argv)) == 0
        said = capfd.readouterr()
        return said.out if "--json" in argv else said.out + said.err

    return run


def data_of(command: Command, *argv: str) -> Any:
    return json.loads(command(*argv, "--json"))["data"]


def test_guard_commands_say_that_there_was_nothing(command):
    assert "there was no grant to revoke" in command("guard", "revoke", "--all")
    assert data_of(command, "guard", "revoke", "--all") == []
    assert "no role is guarded; guard some with" in command("guard", "list")


def test_a_grant_says_whether_it_counts_in_this_terminal(command, monkeypatch):
    now = int(time.time())
    key, terminal = RoleKey("corp", PAY, "Admin"), TerminalSession(77, 4711, "pts/3")
    here = Grant(key, "INC-1", now, now + 1790, 5000, 1000, "boot", terminal, "a")
    other = here._replace(reason="INC-2", id="b")
    monkeypatch.setattr(GrantStore, "list_for_all_terminals", lambda _: [here, other])
    monkeypatch.setattr(GrantStore, "list_in_force", lambda _: [here])
    lines = [line for line in command("guard", "list").splitlines() if "more: " in line]
    assert ["in another terminal" in line for line in lines] == [False, True]
    assert [line.partition(" (")[2] for line in lines] == ["INC-1)", "INC-2)"]


def test_a_session_command_says_as_json_whether_it_wrote(command, home):
    for option, is_done in (("--dry-run", False), ("--yes", True)):
        done = data_of(command, "session", "rm", "corp", option)
        assert done == {"session": "corp", "changed": is_done}


@pytest.mark.parametrize(("shell", "ends_with_true"), [("fish", True), ("bash", False)])
def test_text_for_fish_ends_with_a_zero_status(home, run, emulator, shell, ends_with_true):
    home.add_session()
    home.write_token(emulator.issue_token("ana"))
    text = process("pay.Read", "000030000001", "ReadOnlyAccess")
    text = text.replace("/abs/bin/ssohelper", str(SCRIPT))
    home.write_config(home.config_file.read_text() + text)
    done = run("use", "pay.Read", env={"_SSOHELPER_SHELL": shell})
    assert done.returncode == 0, done.stderr
    assert (done.stdout.splitlines()[-1] == "true") == ends_with_true


def test_a_missing_program_or_a_guard_is_told_before_a_missing_sign_in(home, run):
    add_listed_session(home)
    assert run("exec", f"corp:{PAY}/Admin", "--", "no-such-program").returncode == 127
    assert run("exec", f"corp:{PAY}/Admin", "--", "true").returncode == 4
    assert run("config", "set", "guard.rules", "*/Admin").returncode == 0
    for damage in (b"", b"[guard"):  # also before settings that cannot be read end the command
        with App(home.env).locations.settings_file.open("ab") as settings:
            settings.write(damage)
        done = run("console", f"corp:{PAY}/Admin", "--print")
        assert "guard" in done.stderr
        assert done.returncode == 9
    events = [line.event for line in App(home.env).journal.read().lines]
    assert events.count("refused") == 2
