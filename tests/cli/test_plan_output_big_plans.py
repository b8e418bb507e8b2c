"""A big plan on a terminal: the summary, the diff in the pager on demand, and then the question."""

import stat
from typing import Any

import pytest

from ssohelper.app import App
from tests.conftest import SCRIPT, Home
from tests.saved_listing import add_listed_session, listed_account, save_listing
from tests.tui.terminal import Terminal as Screen

ROLES = ("Admin", "Billing", "Developer", "ReadOnlyAccess")
QUESTION = "(d shows the diff, c leaves parts out) [y/N/d/c]: "


@pytest.fixture
def big(home) -> Home:
    """A home with a saved list of 300 accounts with four roles each. No test here asks AWS."""
    add_listed_session(home)
    save_listing(home, *(listed_account(f"{n:012}", f"team-{n:03}", *ROLES) for n in range(300)))
    return home


def write_pager(home: Home) -> None:
    """Put a pager into $PAGER that prints how many lines it gets."""
    script = home.path / "count-lines"
    script.write_text('#!/bin/sh\necho paged $(wc -l) "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    home.env["PAGER"] = f"{script} ';id'"


def test_the_summary_is_shown_and_d_shows_the_diff_in_the_pager(big, terminal):
    write_pager(big)
    before = big.config_file.read_bytes()
    child: Any = terminal("profile", "sync")
    child.expect_exact(QUESTION)
    assert "300 accounts with Admin, Billing, Developer, ReadOnlyAccess" in child.before
    assert "+[profile" not in child.before
    assert child.before.count("\n") < 24
    child.sendline("d")
    child.expect(r"paged (\d+) ;id")
    assert int(child.match[1]) > 1200 * 4
    child.expect_exact(QUESTION)
    child.sendline("n")
    assert "nothing was changed" in child.ended()[1]
    assert big.config_file.read_bytes() == before


def test_without_a_pager_d_prints_the_diff_and_y_writes(big, terminal):
    big.env["PAGER"] = ""
    child: Any = terminal("profile", "sync")
    child.expect_exact(QUESTION)
    child.sendline("d")
    child.expect_exact("+[profile team-000.Admin]")
    child.expect_exact(QUESTION)
    assert "+[profile team-299.ReadOnlyAccess]" in child.before
    child.sendline("y")
    code, rest = child.ended()
    assert (code, "1200 profiles added" in rest) == (0, True)
    assert "[profile team-299.ReadOnlyAccess]" in big.config_file.read_text()


def test_off_a_terminal_and_for_scripts_the_diff_stays(big, run):
    write_pager(big)
    for done in (run("profile", "sync", "--dry-run"), run("profile", "sync", "--yes")):
        assert done.returncode == 0
        assert "+[profile team-299.ReadOnlyAccess]" in done.stdout + done.stderr
        assert "paged" not in done.stdout + done.stderr
    assert "300 accounts with" in done.stderr


@pytest.mark.long
def test_c_picks_accounts_and_roles_which_are_planned_asked_and_remembered(big):
    screen = Screen((SCRIPT, "profile", "sync"), big.env, size=(100, 40))
    screen.until("[y/N/d/c]")
    screen.send("c\r")
    screen.until("304/304")
    assert "ReadOnlyAccess" in screen.text
    for number, typed in enumerate(("team-007\t", "\x15team-123\t", "\x15billing\t"), 1):
        screen.send(typed)
        screen.until(f"✓{number}")
    screen.send("\r")
    screen.until("2 profiles to add")
    screen.until("+[profile team-123.Billing]")
    screen.send("y\r")
    assert screen.wait() == 0
    written = big.config_file.read_text()
    assert written.count("[profile ") == 2
    assert "[profile team-007.Billing]" in written
    saved = App(big.env).choices.load("corp")
    assert (saved.accounts, saved.roles) == (("team-007", "team-123"), ("Billing",))


def test_a_dumb_terminal_gets_no_picker(big):
    screen = Screen((SCRIPT, "profile", "sync"), big.env, size=(100, 40), dumb=True)
    screen.until(lambda: "(d shows the diff) [y/N/d]" in " ".join(screen.text.split()))
    screen.send("c\r")
    screen.until("nothing was changed")
    assert screen.wait() == 0
