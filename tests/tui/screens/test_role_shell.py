"""F7: a shell with renewed credentials that says which role it has, and then the same screen."""

import json
import re

import pytest

from tests.cli.listing_world import SCRIPT, Shell
from tests.tui.terminal import Terminal

OTHER = "https://d-1111111111.awsapps.com/start"


@pytest.fixture
def shell(shell: Shell) -> Shell:
    facts = shell.app.tokens.load_facts("corp")
    now = shell.app.clock.now()
    shell.app.tokens.save_facts("corp", facts._replace(signed_in_at=now))
    return shell


def open_shell(shell: Shell, **environ: str) -> Terminal:
    """Press F7 on the role ReadOnlyAccess in payments-prod."""
    terminal = Terminal(
        (SCRIPT,), {**shell.environ, "SHELL": "/bin/sh", "PS1": "$ ", **environ}, size=(100, 30)
    )
    terminal.until("type to search")
    terminal.send("payments prod readonly")
    terminal.until("1/20")
    terminal.until("⏎ Use")
    terminal.send("\x1b[18~")
    terminal.until("these keys are renewed")
    if environ.get("SHELL", "/bin/sh") == "/bin/sh":
        terminal.until(lambda: "$" in terminal.lines)
    return terminal


def test_the_shell_knows_its_role_and_the_screen_is_as_it_was(shell: Shell) -> None:
    terminal = open_shell(shell)
    out = shell.home / "out"
    for command in ("whoami --json", "prompt", "exec -- env"):
        terminal.send(f"{SCRIPT} {command} >> {out}; echo code $?\r")
        terminal.until("code 0")
        terminal.send("clear\r")
        terminal.until(lambda: "code 0" not in terminal.text)
    terminal.send("exit\r")
    terminal.until("the shell with ReadOnlyAccess has ended")
    terminal.until("payments prod readonly")
    terminal.until("1/20")
    terminal.send("\x1b\x1b")
    terminal.send("\x11")
    assert terminal.wait() == 0
    found, end = json.JSONDecoder().raw_decode(out.read_text())
    prompt, *variables = out.read_text()[end:].strip().splitlines()
    data = found["data"]
    assert (data["account_id"], data["role_name"]) == ("000030000001", "ReadOnlyAccess")
    assert data["confirmed"]
    assert re.fullmatch(r"payments-prod/ReadOnlyAccess \dh\d\dm\??", prompt)
    # Fixed keys replace the endpoint, and with it the name of its role.
    assert any(line.startswith("AWS_ACCESS_KEY_ID=") for line in variables)
    assert not any(line.startswith("SSOHELPER_SERVED_ROLE=") for line in variables)


@pytest.mark.long
def test_the_shells_programs_have_no_fixed_keys(shell: Shell) -> None:
    terminal = open_shell(shell)
    out = shell.home / "out"
    terminal.send(f"env > {out}; echo do''ne\r")
    terminal.until("done")
    terminal.send("exit\r")
    terminal.until("has ended")
    terminal.send("\x11")
    terminal.wait()
    names = {line.partition("=")[0] for line in out.read_text().splitlines()}
    assert "AWS_ACCESS_KEY_ID" not in names
    assert {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "SSOHELPER_SERVED_ROLE"} <= names


@pytest.mark.long
def test_a_session_of_another_name_is_not_the_shells(shell: Shell) -> None:
    shell.write_config(f"\n[sso-session lab]\nsso_start_url = {OTHER}\nsso_region = us-east-1\n")
    terminal = open_shell(shell)
    out = shell.home / "out"
    terminal.send(f"{SCRIPT} prompt > {out}; {SCRIPT} login > /dev/null && echo ov''er\r")
    terminal.until("over")  # without a session of its own, `login` would ask which
    terminal.send(f"{SCRIPT} whoami --session lab < /dev/null | cat; echo co''de\r")
    terminal.until("code")
    assert "which profile?" in terminal.text
    terminal.send("exit\r")
    terminal.until("has ended")
    terminal.send("\x11")
    terminal.wait()
    assert out.read_text().startswith("corp:payments-prod/")


@pytest.mark.long
def test_a_shell_that_cannot_be_started_leaves_its_error_on_the_terminal(shell: Shell) -> None:
    terminal = Terminal((SCRIPT,), {**shell.environ, "SHELL": "/no/shell"}, size=(100, 30))
    terminal.until("space Actions")
    terminal.send("\x1b[B\x1b[18~")
    terminal.until('no command "/no/shell"')
    terminal.until("ended with exit code 127; enter: back")
    terminal.send("\r")
    terminal.until("has ended")
    terminal.send("\x11")
    assert terminal.wait() == 0


def test_a_profile_that_was_edited_since_the_role_was_chosen_gives_no_shell(shell: Shell) -> None:
    """The full screen names the role to `exec`, which reads the profile again."""
    assert shell.run("profile", "sync", "--yes").returncode == 0
    name = "payments-prod.ReadOnlyAccess"
    argv = ("exec", "--server", name, "--", "env")
    right = shell.run(*argv, _SSOHELPER_CHOSEN_ROLE="corp:000030000001/ReadOnlyAccess")
    assert right.returncode == 0
    assert "SSOHELPER_SERVED_ROLE=" in right.stdout
    assert "_SSOHELPER_CHOSEN_ROLE" not in right.stdout
    edited = shell.run(*argv, _SSOHELPER_CHOSEN_ROLE="corp:000030000001/BreakGlassAdmin")
    assert (edited.returncode, edited.stdout) == (2, "")
    assert f'the profile "{name}" has been edited' in edited.stderr
