"""The entry point of a shell's prompt: which arguments it takes, and that it never fails."""

import os
import subprocess

import pytest

from ssohelper import prompt_entry
from ssohelper.actions.prompt import PromptStatus
from ssohelper.app import App
from tests.conftest import SCRIPT, Home

STATUS = PromptStatus("pay\x1b[31m")


@pytest.fixture
def app(monkeypatch) -> App:
    monkeypatch.setattr(prompt_entry.prompt, "read_prompt_status", lambda _app: STATUS)
    return App({"HOME": "/nowhere"})


@pytest.mark.parametrize(
    "argv", [["--help"], ["--format"], ["--format", "a", "b"], ["--state", "x"], ["x"], ["--json"]]
)
def test_other_arguments_are_left_to_click(argv, capfd):
    assert prompt_entry.print_prompt(argv) is None
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("template", "line"), [("<{session}>\n", "<>\\x0a\n"), ("", "")])
def test_a_format_gives_one_line_without_control_characters(app: App, template, line):
    assert prompt_entry.make_prompt_line(app, template) == line


def test_the_line_is_that_of_the_status(app: App):
    line = prompt_entry.make_prompt_line(app, None)
    assert line.startswith("pay")
    assert line.count("\n") == 1
    assert "\x1b" not in line


def test_without_a_profile_in_use_a_format_gives_nothing(app: App, monkeypatch):
    monkeypatch.setattr(prompt_entry.prompt, "read_prompt_status", lambda _app: PromptStatus(""))
    assert prompt_entry.make_prompt_line(app, "text") == ""
    assert prompt_entry.make_prompt_line(app, None) == ""


@pytest.mark.parametrize(("failure", "code"), [(ValueError("x"), 0), (KeyboardInterrupt(), 130)])
@pytest.mark.parametrize("argv", [[], ["--state"], ["--format", "x"]])
def test_a_failure_prints_nothing(argv, failure, code, monkeypatch, capfd):
    def fail(_app: App) -> None:
        raise failure

    for name in ("answer_shell_prompt", "read_prompt_status"):
        monkeypatch.setattr(prompt_entry.prompt, name, fail)
    monkeypatch.setattr(prompt_entry, "_silence_stdout", lambda: None)
    assert prompt_entry.print_prompt(argv) == code
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def configured(home) -> Home:
    home.add_session("corp")
    home.write_config(
        home.config_file.read_text()
        + "[profile dev]\ncredential_process = ssohelper-credentials --session corp "
        "--account-id 000030000001 --role-name ReadOnlyAccess\n"
    )
    home.env["AWS_PROFILE"] = "dev"
    return home


@pytest.mark.parametrize("argv", [[], ["--format", "{profile}"], ["--state"]])
def test_a_prompt_that_cannot_be_written_or_read_says_nothing(configured, argv):
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
