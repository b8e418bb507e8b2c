"""Offers the sign-in that an action needs, and says whether the action may go on after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from textual.screen import Screen

from ssohelper.core.model import SsoSession
from ssohelper.errors import LoginRequired
from ssohelper.tui.running_sign_ins import RunningSignIn
from ssohelper.tui.screens.sign_in import SignInScreen

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp


class Offer(NamedTuple):
    """A sign-in whose dialog was shown over the screen `asked_at`, and is closed again."""

    sign_in: RunningSignIn
    asked_at: Screen[Any]

    @property
    def is_left(self) -> bool:
        """Return whether the user cancelled the sign-in."""
        return self.sign_in.ended.is_set() and self.sign_in.outcome is None


async def show_offer(app: TuiApp[Any], session: SsoSession, why: LoginRequired) -> Offer:
    """Show the sign-in dialog until the user has signed in or leaves it. Call it in a worker.

    `why` is the error of the action that needs the sign-in; the dialog shows it.
    """
    asked_at, dialog = app.screen, SignInScreen(session, why=why)
    await app.push_screen_wait(dialog)
    return Offer(dialog.sign_in, asked_at)


async def may_go_on(app: TuiApp[Any], offer: Offer, what: str) -> bool:
    """Wait for a sign-in in the background; return whether the action that needs it may go on.

    It may if the user is still at the screen where it was asked for, and has asked for no other
    action that waits for the same sign-in. If not, a message says that `what` can be done now.
    """
    sign_in = offer.sign_in
    sign_in.waiting = offer
    if sign_in.ended.is_set():
        return sign_in.outcome is not None
    await sign_in.ended.wait()
    if sign_in.outcome is None or sign_in.waiting is not offer:
        return False
    if app.screen is offer.asked_at:
        return True
    app.show_done(f'signed in to "{sign_in.session.name}": {what} can be done now')
    return False
