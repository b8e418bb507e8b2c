"""What a flow says and asks, on the terminal."""

import os
import sys
from collections.abc import Callable
from typing import Literal

import click

from ssohelper.actions.flows.dialogue import NoTerminal, PlanShown, accept_all
from ssohelper.cli import output
from ssohelper.core.text import show, show_message
from ssohelper.errors import SsoHelperError
from ssohelper.system import programs
from ssohelper.system.terminal import discard_typed_input

_LONGEST_ANSWER = 512


class TerminalDialogue:
    """`what` names the asking command. With `yes`, each question is answered with yes."""

    def __init__(self, what: str = "", *, yes: bool = False) -> None:
        self._what, self._yes = what, yes

    def say(self, text: str, command: str = "") -> None:
        output.say(text)

    def ask(
        self,
        question: str,
        default: str = "",
        check: Callable[[str], object] = accept_all,
        command: str = "",
    ) -> str:
        def checked(answer: str) -> str:
            try:
                check(answer.strip())
            except SsoHelperError as error:
                hint = f"; {error.hint}" if error.hint else ""
                raise click.UsageError(show_message(f"{error.message}{hint}")) from error
            return answer.strip()

        shown = {"default": default, "show_default": bool(default)}
        return output.ask(say_first_lines(question), value_proc=checked, **shown)

    def type_word(
        self, notice: str, question: str, check: Callable[[str], object], command: str = ""
    ) -> None:
        """Ask on the terminal, whatever stdin is."""
        try:
            if sys.platform == "win32":
                terminal = os.open("CON", os.O_RDWR)
            else:
                terminal = os.open("/dev/tty", os.O_RDWR)
        except OSError as cause:
            raise NoTerminal(
                "this command needs an answer that a person types, and there is no terminal",
                hint=f"run it in a terminal: {output.command_line()}",
            ) from cause
        with os.fdopen(terminal, "r+b", buffering=0) as stream:
            discard_typed_input(stream.fileno())
            stream.write(f"ssohelper: {notice}\n{question}: ".encode())
            answer = stream.readline(_LONGEST_ANSWER).decode("utf-8", "replace").strip()
        check(answer)

    def show_plan(self, plan: PlanShown) -> Literal["y", "n", "c"]:
        *lines, question = plan.summary
        for line in lines:
            output.say(show(line, 2000))
        if not lines or self._yes:
            output.print_diff(plan.diff, on_stdout=False)
        if self._yes:
            return "y"
        output.require_terminal(self._what)
        keys = ("Y" if plan.default else "y") + "/" + ("n" if plan.default else "N")
        hints = ["d shows the diff"] * bool(lines and plan.diff)
        hints += ["c leaves parts out"] * plan.can_choose
        keys += "".join(f"/{hint[0]}" for hint in hints)
        question += f" ({', '.join(hints)})" * bool(hints)
        while True:
            answer = output.ask(f"{question} [{keys}]", default="", show_default=False)
            answer = answer.strip().lower()
            if answer in ("d", "diff") and lines and plan.diff:
                text = "\n".join(map(show, plan.diff))
                can_page = output.can_draw_picker()
                if not (can_page and programs.show_in_pager(text, output.get_app().environ)):
                    output.print_diff(plan.diff, on_stdout=False)
            elif answer in ("c", "choose") and plan.can_choose:
                return "c"
            else:
                is_yes = answer in ("y", "yes") or (plan.default and not answer)
                return "y" if is_yes else "n"


def say_first_lines(question: str) -> str:
    *lines, last = question.split("\n")
    for line in lines:
        output.say(line)
    return last
