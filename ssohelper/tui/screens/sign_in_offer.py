"""Asks for the grant and offers the sign-in that an action needs before it can go on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from ssohelper.actions import guards
from ssohelper.actions.flows import grant
from ssohelper.core.keymap import WantedAction
from ssohelper.core.model import RoleKey, SsoSession
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.text import FEW_NAMES, shortened_name_list
from ssohelper.errors import Interrupted, LoginRequired, Refused, RoleNotAssigned
from ssohelper.tui import background
from ssohelper.tui.screens.screen_dialogue import run_flow
from ssohelper.tui.screens.sign_in import SignInScreen

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp

_Act = Callable[[RoleRow], Awaitable[None]]
# For each session that needs a sign-in: the first error, and the rows that wait for the sign-in.
_Waiting = dict[str, tuple[LoginRequired, list[RoleRow]]]


async def run_sign_in(
    app: DialogApp, session: SsoSession, why: LoginRequired, wanted: WantedAction | None
) -> bool:
    """Show the sign-in dialog, and return whether the user has signed in. Call it in a worker.

    A sign-in for the action `wanted` may go on in the background, where the user types elsewhere:
    then the action is not carried out, and the message after the sign-in names its key.
    """
    dialog = SignInScreen(session, why=why, can_continue=wanted is not None, waiting_action=wanted)
    await app.push_screen_wait(dialog)
    if dialog.outcome is not None:
        app.show_done(f'signed in to "{session.name}"', f"ssohelper login {session.name}")
    elif not dialog.is_in_background:
        app.show_done(f'the sign-in to "{session.name}" was stopped: nothing was done')
    return dialog.outcome is not None


async def offer_sign_in(
    app: DialogApp, session_name: str, why: LoginRequired, wanted: WantedAction
) -> bool:
    session = app.services.config.read().sso_session(session_name)
    if session is None:
        app.show_error(why)
        return False
    return await run_sign_in(app, session, why, wanted)


def sign_in_first(
    app: DialogApp,
    session_name: str,
    why: LoginRequired,
    wanted: WantedAction,
    go_on: Callable[[], object],
) -> None:
    """Offer to sign in, and after the sign-in call `go_on`."""

    async def offer_and_go_on() -> None:
        if await offer_sign_in(app, session_name, why, wanted):
            app.call_later(go_on)  # `go_on` starts an action, once this one has ended

    app.busy.start(wanted.name, offer_and_go_on)


async def ensure_grant(
    app: DialogApp, key: RoleKey, granted: Callable[[], None], place: str = ""
) -> bool:
    """Ask for a grant if the role is guarded and has none now; return whether to go on.

    Only workers may call this. `granted` is called after a grant. Raises: SsoHelperError if no
    grant is possible here.
    """
    services = app.services
    try:
        is_new = await run_flow(
            app, lambda dialogue: grant.ensure_grants(services, dialogue, [key], place=place)
        )
    except Interrupted:
        app.show_done("nothing was granted")
        return False
    if is_new:
        granted()
    return True


async def find_ungranted_rows(app: DialogApp, rows: Sequence[RoleRow]) -> list[RoleRow]:
    """Return the rows of guarded roles that have no grant now. Call it in a worker."""
    services = app.services
    return await background.run(
        app, lambda: [row for row in rows if guards.role_needs_grant(services, row.key)]
    )


def question_number_text(row: RoleRow, guarded: Sequence[RoleRow]) -> str:
    """Return the number of a role's question, `1 of 3`, or "" if there is one at most."""
    if len(guarded) < 2 or row not in guarded:
        return ""
    return f"{guarded.index(row) + 1} of {len(guarded)}"


async def act_on_each(app: DialogApp, rows: Sequence[RoleRow], act: _Act, action: str) -> None:
    """Call `act` with each row.

    Offer each missing sign-in, then go on with the session's rows.

    If the user leaves a sign-in, its rows are left out, and a message names them. The error of a
    role that is refused or no longer assigned is shown, and the next role follows. Only workers may
    call this.
    """
    waiting = await _act_unless_signed_out(app, rows, act)
    wanted = WantedAction(action, rows[0].label if len(rows) == 1 else "the ticked roles")
    left: list[RoleRow] = []
    go_on: list[RoleRow] = []
    for session_name, (error, its_rows) in waiting.items():
        is_signed_in = await offer_sign_in(app, session_name, error, wanted)
        (go_on if is_signed_in else left).extend(its_rows)
    for error, its_rows in (await _act_unless_signed_out(app, go_on, act)).values():
        app.show_error(error)
        left += its_rows
    if left:
        names = shortened_name_list([role_label(row) for row in left], FEW_NAMES)
        app.show_warning(f"left out, because not signed in: {names}")


async def _act_unless_signed_out(app: DialogApp, rows: Sequence[RoleRow], act: _Act) -> _Waiting:
    waiting: _Waiting = {}
    for row in rows:
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


def role_label(row: RoleRow) -> str:
    """Return a text such as `ReadOnlyAccess in payments-dev (corp)`."""
    return f"{row.role_name} in {row.account.name or row.account.id} ({row.session_name})"
