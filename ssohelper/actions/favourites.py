"""What a person uses: recorded after success, shown and ranked by; favourites are said by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssohelper.core.model import Profile, RoleKey, Usage
from ssohelper.errors import AnotherUsersHome, SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App

# A use is done when it is recorded: it must not wait for a lock that somebody holds.
_RECORD_SECONDS = 1.0


def load_usage(app: App) -> dict[RoleKey, Usage]:
    """Return the usage of every role that was ever used or made a favourite; trouble is a warning."""
    try:
        return app.usage.load_all()
    except (SsoHelperError, OSError) as trouble:
        app.warn(f"what was used last cannot be read: {trouble}")
        return {}


def record_use(app: App, profile: Profile) -> None:
    """Count one use, now. Never fails the command that used it: trouble is a warning."""
    now, key = app.now(), profile.key
    try:
        app.usage.update(key, lambda usage: usage.used(now), app.deadline(_RECORD_SECONDS))
    except AnotherUsersHome:
        return  # it is not this user's own use
    except (SsoHelperError, OSError) as trouble:
        app.warn(f"this use could not be recorded: {trouble}")


def set_favourite(app: App, key: RoleKey, favourite: bool) -> bool:
    """Make the role a favourite, or none; tells whether that changed anything."""
    changed = []

    def change(usage: Usage) -> Usage:
        changed.append(usage.favourite != favourite)
        return usage._replace(favourite=favourite)

    app.usage.update(key, change, app.deadline())
    return changed == [True]


def list_favourites(app: App) -> list[RoleKey]:
    """Return the favourites, sorted."""
    return sorted(key for key, usage in app.usage.load_all().items() if usage.favourite)
