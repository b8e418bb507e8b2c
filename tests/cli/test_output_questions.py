"""Questions: what they say, and what was typed before them is no answer."""

import sys
from types import SimpleNamespace

import click
import pytest

from ssohelper import cli
from ssohelper.actions.leaving import Leaving
from ssohelper.cli import install_command, output
from ssohelper.core.config_edit import RemoveSection
from tests.actions.world import WorldApp
from tests.core.test_profile_plan import process
from tests.saved_listing import PAY, add_listed_session


def test_what_was_typed_before_a_question_is_dropped_first(monkeypatch):
    done: list[object] = []
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(fileno=lambda: 77))
    monkeypatch.setattr(output.terminal, "discard_typed_input", done.append)
    monkeypatch.setattr(click, "prompt", lambda question, **_: done.append(question) or "y")
    assert output.ask("go on?") == "y"
    assert done == [77, "go on?"]


@pytest.mark.parametrize(
    ("question", "options", "lines"),
    [
        (
            "write all profiles into the file? [y/N]",
            {"default": ""},
            "write all profiles into the\nfile? [y/N]",
        ),
        ("go on with /a/path/of-this-home? [y/N]", {}, "go on with\n/a/path/of-this-home? [y/N]"),
        ("default region", {"default": "eu-central-1"}, "default region\n[eu-central-1]"),
        ("region", {"default": "eu-west-1"}, "region [eu-west-1]"),
    ],
)
def test_a_question_is_broken_between_words_if_narrow(monkeypatch, question, options, lines):
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setattr(sys, "stdin", None)
    asked: list[str] = []

    def prompt(text: str, *, show_default: bool, **_: object) -> str:
        assert not show_default  # the question's text names the default already
        asked.append(text)
        return "y"

    monkeypatch.setattr(click, "prompt", prompt)
    assert output.ask(question, **options) == "y"
    assert asked == [lines]


def answer_each(monkeypatch, answer: str) -> list[str]:
    """Return the questions that are asked from now on."""
    asked: list[str] = []
    monkeypatch.setattr(output, "can_ask_user", lambda: True)
    monkeypatch.setattr(output, "ask", lambda question, **_: asked.append(question) or answer)
    return asked


def test_an_undo_names_the_file_in_its_question(home, monkeypatch):
    questions = answer_each(monkeypatch, "y")
    add_listed_session(home)
    home.write_config(home.config_file.read_text() + process("pay.Admin", PAY, "Admin"))
    for words in (("rm", "pay.Admin"), ("undo",)):
        assert cli.run(["profile", *words]) == 0
    removal = "1 profile to remove — write ~/.aws/config?"
    undo = f"undo the last change of {home.config_file}?"
    assert questions == [f"{question} [y/N]" for question in (removal, undo)]


@pytest.mark.parametrize(
    "line",
    [
        *("profile rm pay.Admin", "profile sync", "session rm corp", "cache clear"),
        f"profile add chained --assume arn:aws:iam::{PAY}:role/X --via pay.Admin",
        "install --shell bash",
    ],
)
def test_after_no_each_command_says_once_that_nothing_was_changed(home, monkeypatch, capsys, line):
    add_listed_session(home)
    text = home.config_file.read_text() + process("pay.Admin", PAY, "Admin")
    home.write_config(text)
    answer_each(monkeypatch, "n")
    assert cli.run(line.split()) == 0
    assert capsys.readouterr().err.count("nothing was changed\n") == 1
    assert home.config_file.read_text() == text


@pytest.mark.parametrize(
    ("has_changes", "files", "asked"),
    [
        (True, (), "write CONFIG?"),
        (False, (b"left",), "write rc0?"),
        (False, (None,), "remove rc0?"),
        (True, (None, b"left"), "write CONFIG, rc1 and remove rc0?"),
    ],
)
def test_leaving_asks_for_each_file(tmp_path, monkeypatch, has_changes, files, asked):
    questions = answer_each(monkeypatch, "y")
    app = WorldApp(tmp_path)
    planned = Leaving((RemoveSection("profile x"),) if has_changes else (), (), (), (), b"")
    edits = [SimpleNamespace(path=f"rc{at}", after=after) for at, after in enumerate(files)]
    assert install_command._confirm_leaving(app, planned, edits, yes=False)  # type: ignore[arg-type]
    assert questions == [f"{asked} [y/N]".replace("CONFIG", str(app.locations.aws_config_file))]
