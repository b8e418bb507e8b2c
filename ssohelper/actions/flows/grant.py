"""Asks for a grant before a guarded role is used: a reason, and the account's name as a typed word."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ssohelper.actions import guards
from ssohelper.actions.flows.dialogue import Dialogue, NoTerminal
from ssohelper.core.grants import DEFAULT_SECONDS, Grant
from ssohelper.core.instants import duration_text
from ssohelper.core.model import RoleKey
from ssohelper.core.shell_text import word_as_typed
from ssohelper.errors import Interrupted

if TYPE_CHECKING:
    from ssohelper.app import App


def ensure_grant(
    app: App,
    dialogue: Dialogue,
    key: RoleKey,
    reason: str | None = None,
    *,
    place: str = "",
    check_role: Callable[[], object] = lambda: None,
) -> bool:
    """Ask for a grant if the role is guarded and has none now; return whether one was given."""
    if not guards.role_needs_grant(app, key):
        return False
    made = ask_for_grant(app, dialogue, key, reason, place=place, check_role=check_role)
    dialogue.say(f"granted for {duration_text(made.ends_at - made.granted_at)}", _command(key))
    return True


def ask_for_grant(
    app: App,
    dialogue: Dialogue,
    key: RoleKey,
    reason: str | None,
    seconds: int = DEFAULT_SECONDS,
    *,
    on_all_terminals: bool = False,
    place: str = "",
    check_role: Callable[[], object] = lambda: None,
) -> Grant:
    """Let the user type a word, before it a reason unless it is given; then grant the role.

    `place` numbers the question: `1 of 3`. `check_role` raises an error if the role to grant was
    edited during the questions. Raises: Refused, UsageProblem, LocalState.
    """

    def check_reason(typed: str) -> str:
        return guards.checked_grant_reason(app, key, typed, seconds)

    if reason is not None:
        check_reason(reason)
    word, notice = guards.make_grant_question(app, key)
    notice = f"{place}: {notice}" if place else notice
    command = _command(key)
    try:
        if reason is None:
            reason = dialogue.ask(f"{notice}\nreason, for the journal", "", check_reason, command)
        dialogue.type_word(
            notice,
            f"type the account's name ({word}) to go on",
            lambda typed: guards.check_typed_word(app, key, typed, word),
            command,
        )
    except (NoTerminal, Interrupted, KeyboardInterrupt) as left:
        left_text = "the user left the question for a grant"
        app.vault.journal_refusal(key, left.message if isinstance(left, NoTerminal) else left_text)
        raise
    check_role()
    return guards.grant_role(app, key, reason, seconds, on_all_terminals=on_all_terminals)


def _command(key: RoleKey) -> str:
    return f"ssohelper guard grant {word_as_typed(key.text)} --reason TEXT"
