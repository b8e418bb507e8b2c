"""`ssohelper prompt` without click: what it answers itself, and that no error reaches a prompt."""

import os
import subprocess

import pytest

from tests.conftest import SCRIPT, Home, Run


@pytest.fixture
def configured(home: Home) -> Home:
    home.add_session("corp")
    home.write_config(
        home.config_file.read_text()
        + "[profile dev]\ncredential_process = ssohelper-credentials --session corp "
        "--account-id 000030000001 --role-name ReadOnlyAccess\n"
    )
    home.env["AWS_PROFILE"] = "dev"
    return home


def test_a_format_is_filled_in_and_one_with_an_escape_cannot_reach_the_terminal(
    configured: Home, run: Run
) -> None:
    assert run("prompt", "--format", "<{profile}>").stdout == "<dev>\n"
    shown = run("prompt", "--format", "a\x1b]0;x\x07{profile}").stdout
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert run("prompt", "--format", "").stdout == ""
    assert run("prompt", env={"AWS_PROFILE": ""}).stdout == ""


def test_other_arguments_are_parsed_as_of_every_command(configured: Home, run: Run) -> None:
    help_ = run("prompt", "--help")
    assert (help_.returncode, help_.stderr) == (0, "")
    assert "Usage: ssohelper prompt" in help_.stdout
    wrong = run("prompt", "--formatt", "x")
    assert wrong.returncode == 2
    assert "--format" in wrong.stderr


@pytest.mark.parametrize("argv", [[], ["--format", "{profile}"], ["--state"]])
def test_a_prompt_that_cannot_be_written_or_read_says_nothing(
    configured: Home, argv: list[str]
) -> None:
    """Python flushes stdout once more at the end, and prints an error if that fails."""
    for broken in ("stdout", "config"):
        if broken == "config":
            configured.write_config("[profile dev\n")
        with open("/dev/full" if broken == "stdout" else os.devnull, "w") as out:
            done = subprocess.run(
                [SCRIPT, "prompt", *argv],
                env=configured.env,
                stdout=out,
                stderr=subprocess.PIPE,
                text=True,
            )
        assert (done.returncode, done.stderr) == (0, ""), broken
