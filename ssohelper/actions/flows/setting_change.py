"""Changes a setting. A person types a word before a guard rule or storage in the keyring ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ssohelper import settings
from ssohelper.actions import clocks, guards, own_settings
from ssohelper.actions.flows.dialogue import Dialogue, NoTerminal
from ssohelper.core import journal
from ssohelper.core.text import show
from ssohelper.errors import Refused, UsageProblem
from ssohelper.fastpath import calling_process

if TYPE_CHECKING:
    from ssohelper.app import App

WORD = "loosen"


def confirm_setting(
    app: App, dialogue: Dialogue, key: str, value: Any
) -> Callable[[str], Iterator[str]]:
    """Ask if a protection would end; return the function that writes the value for a command.

    That function yields lines about the consequences. A value of None removes the key. Raises:
    Refused, UsageProblem, ConfigInvalid for invalid settings, KeyringUnavailable.
    """
    setting, before = settings.find_setting(key), app.settings
    settings.check_new_value(before, key, value)
    own_settings.check_change(app, key, value)
    kept, ended = list[str](), list[str]()
    is_guard = settings.split_key(key)[0] in own_settings.GUARDING_TABLES
    if is_guard:
        kept = guards.rules_after_change(app, key, before, before.with_value(key, value))
        ended = confirm_rules_end(app, dialogue, kept)
    storage = str(setting.default if value is None else value)
    if key == "storage" and (notice := own_settings.find_loosening(app, storage)):
        confirm_loosening(app, dialogue, "storage", notice)

    def write(command: str) -> Iterator[str]:
        own_settings.change_setting(app, key, value, command)
        if key == "storage":
            yield from own_settings.move_sign_ins(app, storage)
        if ended:
            guards.end_rules(app, kept)
        if is_guard or key.endswith(".session_hours"):
            clocks.forget_prompts(app)

    return write


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
