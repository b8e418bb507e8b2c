"""Uses the role on which the user presses Enter: asks for what is missing, then leaves the program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssohelper.actions import adopting, selection, tokens
from ssohelper.core.keymap import WantedAction
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.shell_text import arguments_as_typed
from ssohelper.errors import LoginRequired, RoleNotAssigned, SsoHelperError
from ssohelper.tui.screens.confirm import ConfirmScreen

if TYPE_CHECKING:
    from textual.screen import Screen

    from ssohelper.app import App
    from ssohelper.core.model import SsoSession
    from ssohelper.tui.full_screen import FullScreenApp
    from ssohelper.tui.screens.account_actions import RowActions

_ACTION = "accounts.use"


def use_role(
    app: FullScreenApp,
    screen: Screen[None],
    row: RoleRow,
    session: SsoSession | None,
    guarding: RowActions | None,
    *,
    confirms: bool,
) -> None:
    """Leave the program and use the row's role.

    Ask first for a missing grant or sign-in.

    `session` is None for a profile of another tool, `guarding` asks for the grant of a guarded
    role. With `confirms`, ask whether to use this role.
    """
    missing = find_missing_sign_in(app, session) if session is not None else None
    # If a sign-in is missing, the role is looked up after it, because the list may change with it.
    if missing is None and _show_role_gone(app, row, session):
        return
    if guarding is not None or confirms or missing is not None:
        work = _ask_and_use_role(app, row, session, missing, guarding, confirms=confirms)
        app.started.start(screen, _ACTION, work)
    else:
        _leave_and_use(app, row)


async def _ask_and_use_role(
    app: FullScreenApp,
    row: RoleRow,
    session: SsoSession | None,
    missing: LoginRequired | None,
    guarding: RowActions | None,
    *,
    confirms: bool,
) -> None:
    if guarding is not None:
        if not await guarding.ask_for_grant(row):
            return
    elif confirms and not await _confirm_role(app, row):
        return
    if missing is not None:
        wanted = WantedAction(_ACTION, row.label)
        if not await app.offer_sign_in(row.session_name, missing, wanted):
            return
        if _show_role_gone(app, row, session):
            return
    _leave_and_use(app, row)


def _show_role_gone(app: FullScreenApp, row: RoleRow, session: SsoSession | None) -> bool:
    """If `ssohelper use` would fail, because the role is gone, show why. Return whether it is."""
    if session is None or row.chained is not None:
        return False
    try:
        names = selection.find_profiles_of_role(app.services, row.key, row.profiles)
        why = adopting.find_role_refusal(app.services, session, row.key.role, names)
    except SsoHelperError as error:
        app.show_error(error)
        return True
    if why is None:
        return False
    key = app.key_of("accounts.refresh")
    app.show_error(RoleNotAssigned(why.message, hint=f"{key} refreshes the list"))
    return True


async def _confirm_role(app: FullScreenApp, row: RoleRow) -> bool:
    where = f" in {row.account.name or row.account.id}" if row.session_name else ""
    command = find_use_command(app.services, row)
    return await app.push_screen_wait(
        ConfirmScreen(f"use {row.role_name}{where}?", command=command)
    )


def find_missing_sign_in(app: FullScreenApp, session: SsoSession) -> LoginRequired | None:
    """Return why the session needs a sign-in first, or None.

    AWS is not asked: that would delay Enter.
    """
    token = tokens.load_token_or_none(app.services, session)
    return tokens.reason_to_sign_in(app.services, session, token)


def _leave_and_use(app: FullScreenApp, row: RoleRow) -> None:
    app.leave(find_use_command(app.services, row), row)


def find_use_command(services: App, row: RoleRow) -> str:
    """Return the command line (`ssohelper use …`) that switches a shell to this row's role.

    It names a profile only if that still points at the role.
    """
    try:
        names = selection.find_profiles_of_role(services, row.key, row.profiles)
    except SsoHelperError:
        names = []
    return f"ssohelper use {arguments_as_typed(names[0] if names else row.key.text)}"
