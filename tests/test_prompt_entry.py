"""The entry point of a shell's prompt: which arguments it takes, and that it never fails."""

import pytest

from ssohelper import prompt_entry
from ssohelper.actions.prompt import PromptStatus
from ssohelper.app import App

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


@pytest.mark.parametrize(
    ("template", "line"),
    [("<{session}>\n", "<>\\x0a\n"), ("", ""), (None, "pay\\x1b[31m\n")],
)
def test_the_line_has_no_control_characters(app, template, line):
    assert prompt_entry.make_prompt_line(app, template) == line


def test_without_a_profile_in_use_a_format_gives_nothing(app, monkeypatch):
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
