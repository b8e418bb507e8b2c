"""Offers the sign-in that an action needs, and says whether the action goes on after it."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from ssohelper.actions import clocks, tokens
from ssohelper.core.keymap import WantedAction
from ssohelper.core.model import SsoSession
from ssohelper.errors import LoginRequired
from ssohelper.tui.screens.sign_in import SignInScreen

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp


class Answer(Enum):
    """How the user left the sign-in dialog.

    Only after SIGNED_IN does the action go on.

    After IN_BACKGROUND the user types elsewhere: a dialog that opened then would take the letters.
    """

    SIGNED_IN = auto()
    CANCELLED = auto()
    IN_BACKGROUND = auto()


async def offer_sign_in(
    app: TuiApp[Any], session: SsoSession, why: LoginRequired, wanted: WantedAction | None
) -> Answer:
    """Show the sign-in dialog until the user has signed in or leaves it.

    Call it in a worker.

    If `wanted` is None, the sign-in cannot go on in the background.
    """
    dialog = SignInScreen(session, why=why, can_continue=wanted is not None, waiting_action=wanted)
    await app.push_screen_wait(dialog)
    if dialog.is_in_background:
        return Answer.IN_BACKGROUND
    return Answer.CANCELLED if dialog.outcome is None else Answer.SIGNED_IN


def not_signed_in_text(app: TuiApp[Any], session: SsoSession) -> str:
    """Return the message after the user has left the sign-in dialog without signing in."""
    services = app.services
    token = tokens.load_token_or_none(services, session)
    outlook = clocks.outlook_of_token(services, session, token)
    if outlook.is_sign_in_needed(services.clock.now()):
        return f'not signed in to "{session.name}": nothing was done'
    still = f'you are still signed in to "{session.name}"'
    return f"nothing was done: the new sign-in was stopped, {still}"
