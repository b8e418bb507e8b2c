"""Favourite roles and the recorded use of roles, which rank lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssohelper.core.model import Profile, RoleKey, Usage
from ssohelper.errors import AnotherUsersHome, SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App

# The command has done its work by then: it must not wait long for another process's lock.
_RECORD_SECONDS = 1.0


def load_usage(app: App) -> dict[RoleKey, Usage]:
    """Return the usage of each role that has any. A file that cannot be read is a warning."""
    try:
        return app.usage.load_all()
    except (SsoHelperError, OSError) as error:
        app.warn(f"the record of used roles cannot be read: {error}")
        return {}


def record_use(app: App, profile: Profile) -> None:
    """Count one use, now. A failure is a warning: the command itself has succeeded."""
    now, key = app.clock.now(), profile.key
    try:
        app.usage.update(key, lambda usage: usage.used(now), app.clock.deadline(_RECORD_SECONDS))
    except AnotherUsersHome:
        return  # with sudo: the use is not one of the user who owns the home folder
    except (SsoHelperError, OSError) as error:
        app.warn(f"this use could not be recorded: {error}")


def set_favourite(app: App, key: RoleKey, favourite: bool) -> bool:
    """Make the role a favourite, or not; return whether that changed anything."""
    changed = []

    def change(usage: Usage) -> Usage:
        changed.append(usage.favourite != favourite)
        return usage._replace(favourite=favourite)

    app.usage.update(key, change, app.clock.deadline())
    return changed == [True]


def list_favourites(app: App) -> list[RoleKey]:
    """Return the favourite roles, sorted by session, account id and role name."""
    return sorted(key for key, usage in app.usage.load_all().items() if usage.favourite)
