"""Waiting for a person: what a sign-in shows meanwhile, and how it hears that they gave up."""

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

# How long a person may take: AWS's codes live for ten minutes.
_PERSON_SECONDS = 600.0
# How often a wait looks whether the person has given up.
_LOOK_SECONDS = 0.2


class LoginUi(Protocol):
    """What a front door does for a sign-in. It shows and opens; it decides nothing."""

    def show_page(self, url: str) -> None:
        """Show where to sign in."""

    def show_code(self, authorization: DeviceAuthorization) -> None:
        """Show where to confirm the code, and the code."""

    def open_browser(self, make_address: Callable[[], str]) -> bool:
        """Start a browser at a new address on this machine, which works once and holds no secret.

        False when there is no browser or none is wanted.
        """

    def report_waiting_for_another_login(self) -> None:
        """Say that another login of this session is under way."""

    def confirm_another_user(self, earlier: str, person: str) -> bool:
        """Ask whether this person may sign in where another one was signed in last.

        Raises: UsageProblem where nobody can be asked.
        """

    def is_cancelled(self) -> bool:
        """Tell whether the person has given up; asked five times a second while one is awaited."""


def wait_for_callback(
    app: App, session: SsoSession, ui: LoginUi, pages: SignInPages
) -> Callback | None:
    """Return what the browser brings back; None when nothing came in time."""
    patience = app.deadline(_PERSON_SECONDS)
    while patience.left() > 0:
        raise_if_cancelled(session, ui)
        callback = pages.wait_for_callback(min(_LOOK_SECONDS, patience.left()))
        if callback is not None:
            return callback
    return None


def sleep_unless_cancelled(app: App, session: SsoSession, ui: LoginUi, seconds: float) -> None:
    """Sleep in parts, each short enough that giving up is heard."""
    left = seconds
    while left > 0:
        raise_if_cancelled(session, ui)
        app.sleep(min(left, _LOOK_SECONDS))
        left -= _LOOK_SECONDS
    raise_if_cancelled(session, ui)


def raise_if_cancelled(session: SsoSession, ui: LoginUi) -> None:
    """Raise Interrupted when the person gave up."""
    if ui.is_cancelled():
        raise Interrupted(
            f'the sign-in to "{session.name}" was given up',
            hint=f"sign in with: ssohelper login {session.name}",
        )


@contextmanager
def wait_for_login_lock(app: App, session: SsoSession, ui: LoginUi) -> Iterator[None]:
    """Hold the session's login lock, once the other login has ended."""
    patience = app.deadline(_PERSON_SECONDS + 30)
    with ExitStack() as stack:
        while True:
            raise_if_cancelled(session, ui)
            try:
                part = app.deadline(min(_LOOK_SECONDS, patience.left()))
                stack.enter_context(app.tokens.lock_sign_in(session.name, part))
                break
            except LockNotObtained:
                if patience.left() <= 0:
                    raise
        yield
