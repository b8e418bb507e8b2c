"""Runs a flow with one script of answers through a script, a terminal and the full screen.

Each must ask the same questions in the same order, and lead to the same result.
"""

import importlib
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import click
import pexpect

from ssohelper.actions.flows.dialogue import Dialogue, PlanShown, accept_all
from ssohelper.app import App
from ssohelper.cli.terminal_dialogue import TerminalDialogue
from ssohelper.errors import Interrupted, SsoHelperError
from ssohelper.tui.screens.screen_dialogue import run_flow
from tests.conftest import RUN_SECONDS
from tests.tui.driving import User, run_scenario
from tests.tui.world import until

ROOT = Path(__file__).resolve().parents[3]
Flow = Callable[[App, Dialogue], object]
# What the user types at a question; None: the user leaves with Ctrl-C or Escape.
Answer = str | None


class Script:
    """A Dialogue of given answers. It notes the questions, and what the flow says."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = list(answers)
        self.questions: list[str] = []
        self.said: list[str] = []

    def say(self, text: str, command: str = "") -> None:
        self.said.append(text)

    def ask(
        self,
        question: str,
        default: str = "",
        check: Callable[[str], object] = accept_all,
        command: str = "",
    ) -> str:
        while True:
            answer = self._answer(question) or default
            try:
                check(answer)
            except SsoHelperError:
                continue
            return answer

    def type_word(
        self, notice: str, question: str, check: Callable[[str], object], command: str = ""
    ) -> None:
        check(self._answer(f"{notice}\n{question}"))

    def show_plan(self, plan: PlanShown) -> Literal["y", "n", "c"]:
        answer = self._answer(plan.summary[-1])
        found: Literal["y", "n", "c"] = "c" if answer == "c" else "n"
        return "y" if answer == "y" or (plan.default and not answer) else found

    def _answer(self, question: str) -> str:
        self.questions.append(question)
        answer = self._answers.pop(0)
        if answer is None:
            raise Interrupted("left")
        return answer


def run_in_each(
    environ: dict[str, str], flow: Flow, answers: Sequence[Answer], undo: Callable[[], object]
) -> tuple[str, Script]:
    """Return the result, a value or an error's name; `undo` is called after each run."""
    script = Script(answers)
    found = result_of(lambda: flow(App(environ), script))
    undo()
    steps = [*zip(script.questions, answers, strict=True)]
    for run in (_run_on_terminal, _run_in_full_screen):
        assert run(environ, flow, steps, script.said) == found, run.__name__
        undo()
    return found, script


def result_of(run: Callable[[], object]) -> str:
    try:
        return repr(run())
    except (SsoHelperError, KeyboardInterrupt) as error:
        return _text_of_error(error)


def _text_of_error(error: BaseException) -> str:
    if isinstance(error, SsoHelperError) and not isinstance(error, Interrupted):
        return f"{type(error).__name__}: {error.message}"
    return "Interrupted"


def letters_of(text: str) -> str:
    """Return the text without white space and frames: each front end breaks lines elsewhere."""
    return re.sub(r"[\s│╭╰─╮╯▎]+", "", text)


_Steps = list[tuple[str, Answer]]


def _run_on_terminal(environ: dict[str, str], flow: Flow, steps: _Steps, said: list[str]) -> str:
    code = f"from {__name__} import main; main({flow.__module__!r}, {flow.__name__!r})"
    child = pexpect.spawn(
        sys.executable,
        ["-c", code],
        env={**environ, "TERM": "xterm"},
        cwd=str(ROOT),
        encoding="utf-8",
        timeout=RUN_SECONDS,
        dimensions=(40, 60),
    )
    shown = ""
    for question, answer in steps:
        child.expect(re.compile(r"(?:: |\[[yYnNdc/]+\]: )$"))
        shown += child.before
        assert letters_of(question.split("\n")[-1]) in letters_of(child.before), child.before
        assert letters_of(question) in letters_of(shown), shown
        if answer is None:
            child.sendintr()
        else:
            child.sendline(answer)
    child.expect("result: (.*)\r\n")
    shown += child.before
    result: str = child.match[1]
    child.expect(pexpect.EOF)
    assert [text for text in said if letters_of(text) not in letters_of(shown)] == []
    return result


def main(module: str, name: str) -> None:
    """Run the flow on this process's terminal."""
    sys.argv[:] = ["ssohelper"]
    flow = getattr(importlib.import_module(module), name)
    with click.Context(click.Command("test")):
        print("result:", result_of(lambda: flow(App(), TerminalDialogue("test"))))


def _run_in_full_screen(environ: dict[str, str], flow: Flow, steps: _Steps, said: list[str]) -> str:
    results: list[str] = []

    async def scenario(user: User) -> None:
        app: Any = user.app

        async def run() -> None:
            try:
                results.append(
                    repr(await run_flow(app, lambda dialogue: flow(app.services, dialogue)))
                )
            except SsoHelperError as error:
                results.append(_text_of_error(error))

        app.run_worker(run())
        for question, answer in steps:
            wanted = letters_of(question)
            await until(lambda wanted=wanted: wanted in letters_of(user.screen))
            if answer is None:
                await user.press("escape")
            else:
                # A dialog of yes and no answers at its letter.
                await user.type(answer if question.endswith("?") else answer + "\r")
        await until(lambda: results)
        assert [text for text in said if text not in user.messages] == []
        assert not app.screen.is_modal

    run_scenario(App(environ), scenario, size=(72, 30))
    return results[0]
