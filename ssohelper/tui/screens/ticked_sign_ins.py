"""Runs an action on ticked roles one after the other, and offers the sign-ins that are missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from ssohelper.core.keymap import WantedAction
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.text import FEW_NAMES, shortened_name_list
from ssohelper.errors import LoginRequired, Refused, RoleNotAssigned
from ssohelper.tui.screens.sign_in_offer import offer_sign_in

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp

_Act = Callable[[RoleRow], Awaitable[None]]
# For each session that needs a sign-in: the first error, and the rows that wait for the sign-in.
_Waiting = dict[str, tuple[LoginRequired, list[RoleRow]]]


async def act_on_each(
    app: DialogApp,
    rows: Sequence[RoleRow],
    act: _Act,
    action: str,
    may_ask: Callable[[RoleRow], bool] = lambda _row: True,
) -> None:
    """Call `act` with each row.

    Offer each missing sign-in, then go on with the session's rows.

    If the user leaves a sign-in, its rows are left out, and a message names them. The error of a
    role that is refused or no longer assigned is shown, and the next role follows. `may_ask` says
    whether `act` may still ask about a row. Only workers may call this.
    """
    waiting = await _act_unless_signed_out(app, rows, act, may_ask)
    wanted = WantedAction(action, rows[0].label if len(rows) == 1 else "the ticked roles")
    left: list[RoleRow] = []
    go_on: list[RoleRow] = []
    for number, (session_name, (error, its_rows)) in enumerate(waiting.items(), 1):
        app.started.expect_more_questions(number < len(waiting) or bool(go_on))
        is_signed_in = await offer_sign_in(app, session_name, error, wanted)
        (go_on if is_signed_in else left).extend(its_rows)
    for error, its_rows in (await _act_unless_signed_out(app, go_on, act, may_ask)).values():
        app.show_error(error)
        left += its_rows
    if left:
        app.show_warning(f"left out, because not signed in: {shortened_role_labels(left)}")


async def _act_unless_signed_out(
    app: DialogApp, rows: Sequence[RoleRow], act: _Act, may_ask: Callable[[RoleRow], bool]
) -> _Waiting:
    waiting: _Waiting = {}
    last_asking = max((at for at, row in enumerate(rows) if may_ask(row)), default=-1)
    for at, row in enumerate(rows):
        # Missing sign-ins are offered after the last row.
        app.started.expect_more_questions(at < last_asking or bool(waiting))
        if row.session_name in waiting:
            waiting[row.session_name][1].append(row)
            continue
        try:
            await act(row)
        except LoginRequired as error:
            waiting[row.session_name] = error, [row]
        except (Refused, RoleNotAssigned) as error:
            app.show_error(error)
    return waiting


def shortened_role_labels(rows: Sequence[RoleRow]) -> str:
    """Return the first of the roles, each with its account and session, and how many follow."""
    return shortened_name_list([role_label(row) for row in rows], FEW_NAMES)


def role_label(row: RoleRow) -> str:
    """Return a text such as `ReadOnlyAccess in payments-dev (corp)`."""
    return f"{row.role_name} in {row.account.name or row.account.id} ({row.session_name})"
