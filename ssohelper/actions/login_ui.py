"""What an interactive sign-in shows, and how it waits for the user or for another login."""

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

# How long a sign-in waits for the user: AWS's codes are valid for ten minutes.
_USER_SECONDS = 600.0
# A wait checks this often whether the user has cancelled.
_CHECK_SECONDS = 0.2


class LoginUi(Protocol):
    """What an entry point does for a sign-in: show, open, ask. It decides nothing."""

    def show_page(self, url: str) -> None:
        """Show the address of the sign-in page."""

    def show_code(self, authorization: DeviceAuthorization) -> None:
        """Show the code, and the address of the page on which to confirm it."""

    def open_browser(self, make_address: Callable[[], str]) -> bool:
        """Open a browser at `make_address()`: a local address that works once and holds no secret.

        Returns False when there is no browser or the user wants none.
        """

    def report_waiting_for_another_login(self) -> None:
        """Show that another login of this session is running, and that this one waits for it."""

    def confirm_another_user(self, earlier: str, user: str) -> bool:
        """Ask whether to keep the sign-in of `user`, where `earlier` was signed in last.

        Raises: UsageProblem without a terminal to ask on.
        """

    def is_cancelled(self) -> bool:
        """Return whether the user has cancelled. Called five times a second during a wait."""


def wait_for_callback(
    app: App, session: SsoSession, ui: LoginUi, pages: SignInPages
) -> Callback | None:
    """Return what the browser sends to the local callback address; None when it sends nothing."""
    deadline = app.clock.deadline(_USER_SECONDS)
    while deadline.left() > 0:
        raise_if_cancelled(session, ui)
        callback = pages.wait_for_callback(min(_CHECK_SECONDS, deadline.left()))
        if callback is not None:
            return callback
    return None


def sleep_unless_cancelled(app: App, session: SsoSession, ui: LoginUi, seconds: float) -> None:
    """Sleep in short parts. Raises: Interrupted soon after the user cancels."""
    left = seconds
    while left > 0:
        raise_if_cancelled(session, ui)
        app.clock.sleep(min(left, _CHECK_SECONDS))
        left -= _CHECK_SECONDS
    raise_if_cancelled(session, ui)


def raise_if_cancelled(session: SsoSession, ui: LoginUi) -> None:
    """Raise Interrupted when the user has cancelled."""
    if ui.is_cancelled():
        raise Interrupted(
            f'the sign-in to "{session.name}" was cancelled',
            hint=f"sign in with: ssohelper login {session.name}",
        )


@contextmanager
def wait_for_login_lock(app: App, session: SsoSession, ui: LoginUi) -> Iterator[None]:
    """Wait until the other login has ended, then hold the session's login lock."""
    deadline = app.clock.deadline(_USER_SECONDS + 30)
    with ExitStack() as stack:
        while True:
            raise_if_cancelled(session, ui)
            try:
                part = app.clock.deadline(min(_CHECK_SECONDS, deadline.left()))
                stack.enter_context(app.tokens.lock_sign_in(session.name, part))
                break
            except LockNotObtained:
                if deadline.left() <= 0:
                    raise
        yield
