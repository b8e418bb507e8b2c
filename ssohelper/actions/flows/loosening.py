"""Makes a person type a word before a protection ends: a guard rule, or storage in the keyring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ssohelper.actions import guards
from ssohelper.actions.flows.dialogue import Dialogue, NoTerminal
from ssohelper.core import journal
from ssohelper.core.text import show
from ssohelper.errors import Refused, UsageProblem
from ssohelper.fastpath import calling_process

if TYPE_CHECKING:
    from ssohelper.app import App

WORD = "loosen"


def type_word(dialogue: Dialogue, notice: str) -> None:
    """Raises: Refused, NoTerminal."""

    def check(typed: str) -> None:
        if typed != WORD:
            raise Refused(guards.WRONG_WORD)

    dialogue.type_word(notice, f"type {WORD} to go on", check)


def confirm_rules_end(app: App, dialogue: Dialogue, kept: Sequence[str]) -> list[str]:
    """Ask before guard rules that are not in `kept` end; return them. Raises: Refused."""
    ended = [rule for rule in app.vault.guard_rules_of_user if rule not in kept]
    if ended:
        listed = ", ".join(f'"{show(rule)}"' for rule in ended)
        notice = f"these rules will guard no role any more: {listed}"
        confirm_loosening(app, dialogue, "guard rules", notice)
    return ended


def confirm_loosening(app: App, dialogue: Dialogue, protection: str, notice: str) -> None:
    """Raises: Refused, UsageProblem."""
    try:
        type_word(dialogue, notice)
    except Refused as error:
        caller = calling_process.find_caller()
        entry = journal.make_entry("refused", caller=caller, what=f"loosen {protection}")
        app.journal.try_append(entry)
        if isinstance(error, NoTerminal):
            raise UsageProblem(error.message, hint=error.hint) from error
        raise
