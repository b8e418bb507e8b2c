"""The remembered view of the list of roles: its order, and which accounts are folded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ssohelper.core.role_tree import DEFAULT_VIEW, View
from ssohelper.errors import AnotherUsersHome, SsoHelperError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssohelper.app import App

# The longest time to wait for the lock, which another program holds for a few milliseconds.
_LOCK_SECONDS = 1.0


def load_view(app: App) -> View:
    """Return the user's view; the default, with one warning, if its file cannot be read."""
    try:
        return app.list_view.load()
    except (SsoHelperError, OSError) as error:
        app.warn(f"the remembered view of the list cannot be read: {error}")
        return DEFAULT_VIEW


def save_changes(app: App, changes: Sequence[Callable[[View], View]]) -> None:
    """Apply the changes to the saved view. If that fails, warn once: the screen goes on."""

    def apply(view: View) -> View:
        for change in changes:
            view = change(view)
        return view

    try:
        app.list_view.update(apply, app.clock.deadline(_LOCK_SECONDS))
    except AnotherUsersHome:
        return  # with sudo: nothing is written into another user's home
    except (SsoHelperError, OSError) as error:
        app.warn(f"the view of the list could not be saved: {error}")
