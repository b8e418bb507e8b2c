"""Asks for grants before guarded roles are used: a reason, and a word that a person types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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


def ensure_grants(
    app: App,
    dialogue: Dialogue,
    keys: Iterable[RoleKey],
    reason: str | None = None,
    *,
    place: str = "",
    check_role: Callable[[], object] = lambda: None,
) -> bool:
    """Ask once for grants of the guarded roles that have none now; return whether any was given."""
    missing = [key for key in keys if guards.role_needs_grant(app, key)]
    if not missing:
        return False
    made = ask_for_grants(app, dialogue, missing, reason, place=place, check_role=check_role)
    what = f"{len(made)} roles granted" if len(made) > 1 else "granted"
    seconds = made[0].ends_at - made[0].granted_at
    dialogue.say(f"{what} for {duration_text(seconds)}", _command(missing[0]))
    return True


def ask_for_grants(
    app: App,
    dialogue: Dialogue,
    keys: Sequence[RoleKey],
    reason: str | None,
    seconds: int = DEFAULT_SECONDS,
    *,
    on_all_terminals: bool = False,
    place: str = "",
    check_role: Callable[[], object] = lambda: None,
) -> list[Grant]:
    """Let the user type a word, before it a reason unless it is given; then grant the roles.

    `place` numbers the question: `1 of 3`. `check_role` raises an error if the role to grant was
    edited during the questions. Raises: Refused, UsageProblem, LocalState.
    """

    def check_reason(typed: str) -> str:
        return guards.checked_grant_reason(app, keys[0], typed, seconds)

    if reason is not None:
        check_reason(reason)
    word, notice = guards.make_grant_question(app, keys)
    notice = f"{place}: {notice}" if place else notice
    command, what = _command(keys[0]), "their number" if len(keys) > 1 else "the account's name"
    try:
        if reason is None:
            reason = dialogue.ask(f"{notice}\nreason, for the journal", "", check_reason, command)
        dialogue.type_word(
            notice,
            f"type {what} ({word}) to go on",
            lambda typed: guards.check_typed_word(app, keys, typed, word),
            command,
        )
    except (NoTerminal, Interrupted, KeyboardInterrupt) as left:
        left_text = "the user left the question for a grant"
        for key in keys:
            app.vault.journal_refusal(
                key, left.message if isinstance(left, NoTerminal) else left_text
            )
        raise
    check_role()
    return [
        guards.grant_role(app, key, reason, seconds, on_all_terminals=on_all_terminals)
        for key in keys
    ]


def _command(key: RoleKey) -> str:
    return f"ssohelper guard grant {word_as_typed(key.text)} --reason TEXT"
