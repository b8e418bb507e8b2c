"""Start a picker and take its answer. Heavy: textual."""

import sys

from ssohelper.actions import clocks
from ssohelper.actions.roles import Choice
from ssohelper.app import App
from ssohelper.core import guard_rules
from ssohelper.core.model import SsoSession
from ssohelper.core.role_rows import RoleRow
from ssohelper.tui.base import HouseApp
from ssohelper.tui.picker import RolePicker, SessionPicker


def role(app: App, choice: Choice) -> str | None:
    """Return what to type for the role that a person picks; None when they leave."""
    rules = app.settings.get("guard.rules")

    def is_guarded(row: RoleRow) -> bool:
        return guard_rules.is_guarded(rules, row.session_name, row.account, row.role_name)

    return _answer(RolePicker(app, choice.rows, is_guarded))


def session(app: App, sessions: list[SsoSession]) -> str | None:
    """Return the name of the session that a person picks; None when they leave."""
    states = [clocks.session_clock(app, session).state.replace("_", " ") for session in sessions]
    lines = [
        (session.name, f"{f'({state})':<12}  {session.start_url}")
        for session, state in zip(sessions, states, strict=True)
    ]
    return _answer(SessionPicker(app, lines))


def _answer(picker: HouseApp[str]) -> str | None:
    answer = picker.run(inline=sys.platform != "win32")
    ended(picker)
    return answer


def ended(program: HouseApp[str]) -> None:
    """Go the way the program went: die of its signal, raise its internal error."""
    program.die_of_signal()
    if program.crash is not None:
        raise program.crash
