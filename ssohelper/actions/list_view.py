"""Loads and saves the view of the list of roles, and the views that the user saved by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ssohelper.core.role_tree import MOST_SAVED, VIEW_NAME, RoleListView, SavedView
from ssohelper.errors import AnotherUsersHome, SsoHelperError, UsageProblem

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssohelper.app import App

# How long to wait at most for the lock, which another program holds for a few milliseconds.
_LOCK_SECONDS = 1.0


class ViewExists(UsageProblem):
    """Raised when another view of the list has this name already. `view` is that saved view."""

    def __init__(self, name: str, view: SavedView) -> None:
        super().__init__(
            f'another view is saved as "{name}"', hint="save yours once more to replace that view"
        )
        self.view = view


def save_view_changes(app: App, changes: Sequence[Callable[[RoleListView], RoleListView]]) -> None:
    """Apply the changes to the remembered view of the list of roles. Only warns if that fails."""

    def apply_changes(view: RoleListView) -> RoleListView:
        for change in changes:
            view = change(view)
        return view

    try:
        app.list_view.update(apply_changes, app.clock.deadline(_LOCK_SECONDS))
    except AnotherUsersHome:
        return  # with sudo, nothing is written into another user's home
    except (SsoHelperError, OSError) as error:
        app.warn(f"the view of the list could not be saved: {error}")


def load_saved_views(app: App) -> dict[str, SavedView]:
    """Return the saved views of the list by name. Warns if some or all of them cannot be read."""
    try:
        if app.list_view.has_unreadable_views():
            app.warn(
                "some saved views cannot be read and are not shown; their file is kept when you"
                " save or remove one"
            )
        return app.list_view.load_saved_views()
    except (SsoHelperError, OSError) as error:
        app.warn(f"the saved views cannot be read: {error}")
        return {}


def save_named_view(
    app: App, name: str, saved: SavedView, replaces: SavedView | None = None
) -> None:
    """Save a view under this name. Replaces a view of this name only if it equals `replaces`.

    Raises: ViewExists; UsageProblem for a name that is not valid, or if there are too many views;
    LocalState.
    """
    if not VIEW_NAME.fullmatch(name):
        raise UsageProblem(
            f'"{name}" cannot be the name of a view' if name else "a view needs a name",
            hint="type one of at most 40 letters, digits, blanks and .+-_ first",
        )

    def add_saved_view(views: dict[str, SavedView]) -> dict[str, SavedView]:
        # This is checked under the lock: since the user was asked, another full screen may have
        # saved a view under this name.
        present = views.get(name)
        if present is not None and present not in (saved, replaces):
            raise ViewExists(name, present)
        if name not in views and len(views) >= MOST_SAVED:
            raise UsageProblem(f"{MOST_SAVED} views are saved already", hint="remove one first")
        return {**views, name: saved}

    app.list_view.update_saved_views(add_saved_view, app.clock.deadline(_LOCK_SECONDS))


def remove_saved_view(app: App, name: str) -> None:
    """Remove the saved view of this name, if there is one. Raises: LocalState."""

    def drop_saved_view(views: dict[str, SavedView]) -> dict[str, SavedView]:
        return {other: view for other, view in views.items() if other != name}

    app.list_view.update_saved_views(drop_saved_view, app.clock.deadline(_LOCK_SECONDS))
