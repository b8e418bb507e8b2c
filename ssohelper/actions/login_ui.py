"""Declares how a sign-in talks to CLI or TUI (`LoginUi`); waits for the user or another login."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Protocol

from ssohelper.core.device_flow import DeviceAuthorization
from ssohelper.core.model import SsoSession
from ssohelper.errors import Interrupted, LockNotObtained

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.wire.browser_pages import Callback, SignInPages

# How long a sign-in waits for the user. AWS's codes are valid for ten minutes.
USER_SECONDS = 600.0
# How often a wait checks whether the user has cancelled.
_CHECK_SECONDS = 0.2


class LoginUi(Protocol):
    """What the CLI or TUI does during a sign-in: shows messages, opens the browser, asks."""

    def show_page(self, url: str) -> None:
        """Show the address of the sign-in page."""

    def show_code(self, authorization: DeviceAuthorization) -> None:
        """Show the device code, and the address of the page on which to confirm it."""

    def open_browser(self, make_address: Callable[[], str]) -> bool:
        """Open a browser at `make_address()`, a local address that works once and holds no secret.

        Returns False if there is no browser or the user wants none.
        """

    def report_waiting_for_another_login(self) -> None:
        """Show that another login of this session is running, and that this login waits for it."""

    def report_further_region(self, region: str) -> None:
        """Show that a sign-in in a further region of the same Identity Center instance follows."""

    def confirm_another_user(self, earlier: str, user: str) -> bool:
        """Ask whether to keep the sign-in by `user`, although `earlier` was signed in last.

        Raises: UsageProblem if there is no terminal to ask on.
        """

    def confirm_other_portal(self, earlier: str, found: str) -> bool:
        """Ask whether the start URL may lead to the portal `found`, although it led to `earlier`.

        Returns False if there is no terminal to ask on.
        """

    def is_cancelled(self) -> bool:
        """Return whether the user has cancelled. Called five times a second during a wait."""


def wait_for_callback(
    app: App, session: SsoSession, ui: LoginUi, pages: SignInPages
) -> Callback | None:
    """Return the request that the browser sends to our callback address; None after 10 min."""
    deadline = app.clock.deadline(USER_SECONDS)
    while deadline.seconds_left() > 0:
        raise_if_sign_in_cancelled(session, ui)
        callback = pages.wait_for_callback(min(_CHECK_SECONDS, deadline.seconds_left()))
        if callback is not None:
            return callback
    return None


def sleep_unless_cancelled(app: App, session: SsoSession, ui: LoginUi, seconds: float) -> None:
    """Sleep, checking often whether the user has cancelled. Raises: Interrupted."""
    left = seconds
    while left > 0:
        raise_if_sign_in_cancelled(session, ui)
        app.clock.sleep(min(left, _CHECK_SECONDS))
        left -= _CHECK_SECONDS
    raise_if_sign_in_cancelled(session, ui)


def raise_if_sign_in_cancelled(session: SsoSession, ui: LoginUi) -> None:
    """Raise Interrupted if the user has cancelled the sign-in."""
    if ui.is_cancelled():
        raise Interrupted(
            f'the sign-in to "{session.name}" was cancelled',
            hint=f"sign in with: ssohelper login {session.name}",
        )


@contextmanager
def wait_for_login_lock(app: App, session: SsoSession, ui: LoginUi) -> Iterator[None]:
    """Wait until the other login of the session has ended, then hold the session's login lock."""
    deadline = app.clock.deadline(USER_SECONDS + 30)
    with ExitStack() as stack:
        while True:
            raise_if_sign_in_cancelled(session, ui)
            try:
                part = app.clock.deadline(min(_CHECK_SECONDS, deadline.seconds_left()))
                stack.enter_context(app.tokens.lock_sign_in(session.name, part))
                break
            except LockNotObtained:
                if deadline.seconds_left() <= 0:
                    raise
        yield
