"""Runs a picker and returns the user's choice. Imported only when needed: it loads Textual."""

import os
import signal
import sys
from functools import partial
from typing import TypeVar

from ssohelper.actions import clocks, guards
from ssohelper.actions.roles import KnownRoles
from ssohelper.app import App
from ssohelper.core.filter_rows import FilterRow
from ssohelper.core.model import SsoSession
from ssohelper.core.role_rows import RoleRow
from ssohelper.tui.picker import FilterPicker, InlinePicker, RolePicker, SessionPicker

_T = TypeVar("_T")


def pick_role(app: App, choice: KnownRoles, typed: str = "") -> RoleRow | None:
    is_guarded = partial(guards.is_row_guarded, app)
    return _run_picker_inline(RolePicker(app, choice.rows, is_guarded, typed, choice.current))


def pick_session(app: App, sessions: list[SsoSession]) -> SsoSession | None:
    states = [(session, _session_state_text(app, session)) for session in sessions]
    return _run_picker_inline(SessionPicker(app, states))


def _session_state_text(app: App, session: SsoSession) -> str:
    clock = clocks.load_session_clock(app, session)
    if clock.state == "signed_out":
        return "signed out"
    return "ended" if clock.outlook.should_offer_sign_in(app.clock.now()) else "valid"


def pick_filters(app: App, rows: list[FilterRow]) -> list[FilterRow] | None:
    return _run_picker_inline(FilterPicker(app, rows))


def _run_picker_inline(picker: InlinePicker[_T]) -> _T | None:
    """Run the picker below the shell's prompt; on Windows, which cannot do so, full-screen."""
    while True:
        answer = picker.run()
        picker.propagate_failure()
        if picker.continued is None:
            return answer
        picker = picker.continued
        if sys.platform != "win32":  # as the terminal does at ctrl+z, until the shell continues us
            os.killpg(0, signal.SIGTSTP)
