"""Colours of the command line: on a terminal, unless the user wants none."""

import re

import pexpect
import pytest

from ssohelper.cli.table import Cell, make_table
from tests.conftest import SCRIPT, Home

ACCOUNT, ROLE = "000030000001", "ReadOnlyAccess"
RED, GREEN, YELLOW = "\x1b[31m", "\x1b[32m", "\x1b[33m"
# The codes of colours and of dim text; bold headings are none.
COLOR = re.compile(r"\x1b\[(?:2|3\d|9\d|[34]8;[\d;]+)m")


@pytest.fixture
def signed_in(home, emulator, session_url, run) -> Home:
    home.browser()
    options = ("--session", "corp", "--region", "us-east-1", "--yes")
    assert run("setup", session_url, *options).returncode == 0
    return home


def on_a_terminal(home: Home, *argv: str, columns: int = 140, **environ: str) -> str:
    env, size = {**home.env, "TERM": "xterm-256color", **environ}, (60, columns)
    said = pexpect.run(" ".join([SCRIPT, *argv]), env=env, dimensions=size, timeout=60)
    text: str = said.decode()
    assert "Traceback" not in text
    return text


def test_each_line_of_a_broken_cell_is_colored_and_widths_do_not_change():
    header, row = ("STATE", "WHAT"), ("signed out, not in the config", "x" * 30)
    plain = list(make_table(header, [row], 44).lines())
    assert len(plain) > 2
    table = make_table(header, [(Cell(row[0], "yellow"), row[1])], 44)
    colored = list(table.lines(colored=True))
    assert [COLOR.sub("", line).replace("\x1b[0m", "") for line in colored] == plain
    assert all(YELLOW in line for line in colored[1:])
    assert list(table.lines()) == plain


@pytest.mark.long
def test_states_times_and_guarded_roles_have_colours(signed_in, run):
    assert run("config", "set", "guard.rules", f"{ACCOUNT}/{ROLE}").returncode == 0
    assert f"{GREEN}valid" in on_a_terminal(signed_in, "status")
    assert f"{GREEN}valid" in on_a_terminal(signed_in, "session", "list")
    assert f"{RED}@@ guarded" in on_a_terminal(signed_in, "list")
    assert COLOR.search(on_a_terminal(signed_in, "cache", "list"))
    assert run("logout", "corp").returncode == 0
    assert f"{YELLOW}signed out" in on_a_terminal(signed_in, "status")
    assert f"{YELLOW}! sign-in" in on_a_terminal(signed_in, "doctor")


def test_profiles_of_the_user_are_dim(signed_in):
    signed_in.write_config(signed_in.config_file.read_text() + "\n[profile mine]\nregion = x\n")
    assert "\x1b[2mno\x1b[0m" in on_a_terminal(signed_in, "profile", "list")


@pytest.mark.long
def test_list_shows_favourites_and_the_age_of_the_last_use(signed_in, run):
    role = f"corp:{ACCOUNT}/{ROLE}"
    assert run("exec", role, "--", "true").returncode == 0
    assert "\x1b[2mjust now" in on_a_terminal(signed_in, "list")
    assert run("favourite", "add", role).returncode == 0
    assert f"{YELLOW}★ just now" in on_a_terminal(signed_in, "list")
    assert "USED" not in on_a_terminal(signed_in, "list", columns=80)


@pytest.mark.long
@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["no", "dumb"])
def test_no_colours_where_none_are_wanted(signed_in, run, environ):
    assert run("config", "set", "guard.rules", f"{ACCOUNT}/{ROLE}").returncode == 0
    assert run("logout", "corp").returncode == 0  # so that doctor has something to say
    for argv in (["list"], ["status"], ["profile", "list"], ["cache", "list"], ["doctor"]):
        said = on_a_terminal(signed_in, *argv, **environ)
        assert said
        assert not COLOR.search(said), argv


def test_off_a_terminal_there_are_no_colours(signed_in, run):
    assert run("config", "set", "guard.rules", f"{ACCOUNT}/{ROLE}").returncode == 0
    environ = {"TERM": "xterm-256color", "FORCE_COLOR": "1"}
    for argv in (["list"], ["status"], ["profile", "list"], ["cache", "list"], ["doctor"]):
        assert "\x1b" not in run(*argv, env=environ).stdout, argv
