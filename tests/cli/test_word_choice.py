"""`use`, `exec` and `console` with words of a role instead of its name, on and off a terminal."""

from collections.abc import Iterator
from unittest.mock import Mock

import pytest

from ssohelper.actions.roles import KnownRoles
from ssohelper.actions.selection import UnknownProfile
from ssohelper.app import App
from ssohelper.cli import choosing, output
from ssohelper.core.model import Account
from ssohelper.core.role_rows import RoleRow
from ssohelper.emulator.server import Emulator
from tests.cli.listing_world import SCRIPT, Shell
from tests.long_rows import long_after
from tests.tui.terminal import Terminal

PROFILE = """
[profile mine]
sso_session = corp
sso_account_id = 000030000001
sso_role_name = ReadOnlyAccess
"""
DEV = "payments-dev.ReadOnlyAccess"
ENDS = ("use", ()), ("exec", ("--", "true")), ("console", ("--print",))


@pytest.fixture
def shell(tmp_path) -> Iterator[Shell]:
    with Emulator() as emulator:
        made = Shell(tmp_path, emulator)
        assert made.run("list").returncode == 0
        made.write_config(PROFILE)
        yield made


def terminal(shell: Shell, *argv: str) -> Terminal:
    """Run a command in a terminal, with stdout in a file as in the shell function."""
    env = {**shell.environ, "_SSOHELPER_SHELL": "bash", "COLUMNS": "", "LINES": ""}
    line = '"$@" >"$HOME/out"; echo "code $?"'
    return Terminal(["/bin/sh", "-c", line, "sh", SCRIPT, *argv], env, size=(100, 30))


def leave(inside: Terminal) -> None:
    inside.send("\x1b")
    inside.until("type to search")
    inside.send("\x1b")
    inside.until("code 130")


def output_of(shell: Shell) -> str:
    return (shell.home / "out").read_text()


@pytest.mark.parametrize(("command", "end"), long_after(1, ENDS))
def test_off_a_terminal_words_choose_nothing_and_name_the_hits(shell, command, end):
    for words in (("orders", "database"), ("orders-prod", "datab")):
        done = shell.run(command, *words, *end, _SSOHELPER_SHELL="bash")
        assert (done.returncode, done.stdout) == (2, "")
        assert f'"{" ".join(words)}" is no profile\'s name' in done.stderr
        assert "with these words: corp:000030000002/DatabaseAdmin\n" in done.stderr
    done = shell.run(command, "read", *end, _SSOHELPER_SHELL="bash")
    assert (done.returncode, done.stdout) == (2, "")
    assert 'no profile named "read"' in done.stderr
    assert "with these words: corp:" in done.stderr
    assert " more\n" in done.stderr


def test_list_finds_the_role_that_a_pasted_text_names(shell):
    arn = "arn:aws:iam::000030000002:role/DatabaseAdmin"
    link = "https://x.awsapps.com/start/#/console?account_id=000030000002&role_name=DatabaseAdmin"
    for text in (arn, f"AccessDenied: {arn} is not authorized", link):
        listed = shell.run("list", text).stdout.split("\t")
        assert listed[:3] == ["000030000002", "orders-prod", "DatabaseAdmin"]
        accounts = shell.run("list", "--accounts", text).stdout
        assert [line[:12] for line in accounts.splitlines()] == ["000030000002"]
    assert shell.run("list", arn, "!none").stdout == ""


@pytest.mark.parametrize(("command", "end"), long_after(1, ENDS[1:] + ENDS[:1]))
def test_off_a_terminal_a_word_without_hits_is_answered_as_before(shell, command, end):
    done = shell.run(command, "mime", *end, _SSOHELPER_SHELL="bash")
    assert (done.returncode, done.stdout) == (2, "")
    assert 'no profile named "mime"' in done.stderr
    assert 'did you mean "mine"' in done.stderr
    done = shell.run(command, "odpr", "dba", *end, _SSOHELPER_SHELL="bash")
    assert done.returncode == 2
    assert "profile list" in done.stderr
    assert shell.run(command, "", *end, _SSOHELPER_SHELL="bash").returncode == 2
    done = shell.run(command, "read", "--session", "nope", *end, _SSOHELPER_SHELL="bash")
    assert (done.returncode, 'no sso-session named "nope"' in done.stderr) == (2, True)


def test_the_only_role_with_the_words_is_shown_and_used(shell):
    inside = terminal(shell, "use", "prod", "read", "pay")
    inside.until('the only match: account "payments-prod" (000030000001), role "ReadOnlyAccess"')
    inside.until("code 0")
    assert "export AWS_PROFILE='mine'" in output_of(shell)


def test_the_name_of_a_profile_wins_over_a_search(shell):
    shell.write_config(PROFILE.replace("mine", "lake"))
    inside = terminal(shell, "console", "--print", "lake")
    inside.until("code 0")
    assert "account_id=000030000001" in output_of(shell)
    assert "the only match" not in inside.text


@pytest.mark.parametrize(("answer", "code"), long_after(1, [("y", 0), ("", 130), ("n", 130)]))
def test_exec_asks_before_it_takes_a_role(shell, answer, code):
    inside = terminal(shell, "exec", "prod", "read", "pay", "--", "env")
    inside.until('run "env"? [y/N]')
    assert 'role "ReadOnlyAccess"' in inside.text
    inside.send(f"{answer}\r")
    inside.until(f"code {code}")
    assert ("AWS_ACCESS_KEY_ID=" in output_of(shell)) == (code == 0)


def guard_payments(shell: Shell) -> None:
    shell.ok("config", "set", "guard.rules", "payments-prod/*")


@pytest.mark.parametrize(("command", "end"), long_after(1, ENDS[2:] + ENDS[:2]))
def test_a_guarded_role_that_words_match_is_used_only_after_a_question(shell, command, end):
    guard_payments(shell)
    inside = terminal(shell, command, "prod", "read", "pay", *end)
    inside.until("this role is guarded; ")
    inside.send("n\r")
    inside.until("code 130")
    assert output_of(shell) == ""


@pytest.mark.parametrize("answer", long_after(1, ["n", ""]))
@pytest.mark.parametrize("words", long_after(1, [["payprod", "'read"], []]))
def test_the_picker_asks_before_a_guarded_role_is_taken(shell, words, answer):
    guard_payments(shell)
    inside = terminal(shell, "use", *words)
    inside.until("1/20" if words else "20/20")
    inside.send("\r" if words else "payprod 'read\r")
    inside.until("chosen: account")
    inside.until("this role is guarded; use it? [y/N]")
    inside.send(f"{answer}\r")
    inside.until("code 130")
    assert output_of(shell) == ""


@pytest.mark.parametrize(
    ("words", "shown"),
    long_after(
        1,
        [
            (("payments-prod",), "3/20"),
            (("!prod", "!dev"), "/20"),
            (("payprod", "'read"), "1/20"),
        ],
    ),
)
def test_anything_else_opens_the_picker_filled_in(shell, words, shown):
    inside = terminal(shell, "use", *words)
    inside.until(shown)
    assert inside.lines[-1] == ""
    assert f"  {' '.join(words)}" in inside.text
    leave(inside)
    assert output_of(shell) == ""


@pytest.mark.long
def test_a_word_that_nothing_contains_is_answered_with_similar_names_above_the_picker(shell):
    inside = terminal(shell, "use", "mime")
    inside.until(" 1/20")
    assert 'did you mean "mine"?' in inside.text
    assert "  mine" in inside.text
    leave(inside)


@pytest.mark.long
@pytest.mark.parametrize(("command", "end"), ENDS)
def test_the_name_of_a_profile_that_is_not_written_finds_its_role(shell, command, end):
    done = shell.run(command, DEV, *end, _SSOHELPER_SHELL="bash")
    assert (done.returncode, done.stdout) == (2, "")
    assert "with these words: corp:000040000001/ReadOnlyAccess\n" in done.stderr
    inside = terminal(shell, command, DEV, *end)
    inside.until("1/20")
    assert "  payments-dev ReadOnlyAccess" in inside.text
    leave(inside)


def test_use_of_a_previous_profile_that_is_gone_searches_nothing(shell):
    done = shell.run("use", "-", _SSOHELPER_SHELL="bash", _SSOHELPER_PREVIOUS="profile min")
    assert (done.returncode, done.stdout) == (2, "")
    assert "with these words" not in done.stderr


@pytest.mark.parametrize(
    ("words", "offered", "typed", "is_said"),
    [
        (["payments"], [], "payments", False),
        (["payments", "nowhere"], [], "payments", True),
        (["payments.Read"], ["mine"], "payments Read", True),
        (["mime"], ["mine"], "mine", True),
        (["nowhere"], [], "nowhere", True),  # an empty search would show other roles for Enter
    ],
)
def test_a_picker_opens_with_the_words_that_find_roles_and_says_why(
    monkeypatch, capsys, words, offered, typed, is_said
):
    rows = [RoleRow("corp", Account("1", "payments", ""), name) for name in ("Admin", "Read")]
    choice = KnownRoles(rows, {}, [])
    opened: list[str] = []
    monkeypatch.setattr(
        choosing, "pick_role_from", lambda _app, _choice, typed: opened.append(typed)
    )
    unknown = UnknownProfile("no profile has this name", hint="list them")
    unknown.offered = offered
    monkeypatch.setattr(choosing, "choose_any_profile", Mock(side_effect=unknown))
    monkeypatch.setattr(choosing, "read_known_roles", lambda *_, **_more: choice)
    monkeypatch.setattr(output, "get_app", lambda: App({}))
    monkeypatch.setattr(output, "options", output.CommonOptions)
    monkeypatch.setattr(output, "can_draw_picker", lambda: True)
    choosing.choose_by_words(words)
    assert opened == [typed]
    assert ("hint: list them" in capsys.readouterr().err) is is_said
