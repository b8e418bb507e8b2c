"""Records favourite roles and when roles were used, by which lists of roles are sorted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssohelper.core.model import Profile, RoleKey, Usage
from ssohelper.errors import AnotherUsersHome, SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App

# The user's command has already done its work, so it waits only briefly for the lock.
_RECORD_SECONDS = 1.0


def record_use_of_role(app: App, profile: Profile) -> None:
    """Record that the role was used. A failure is a warning, because the command itself succeeded."""
    now, key = app.clock.now(), profile.key
    try:
        app.usage.update(
            key,
            lambda usage: usage._replace(last_used_at=now, uses=usage.uses + 1),
            app.clock.deadline(_RECORD_SECONDS),
        )
    except AnotherUsersHome:
        return  # under sudo, the owner of the home folder did not use the role
    except (SsoHelperError, OSError) as error:
        app.warn(f"this use of the role could not be recorded: {error}")


def set_favourite(app: App, key: RoleKey, favourite: bool) -> bool:
    was: list[bool] = []

    def mark(usage: Usage) -> Usage:
        was.append(usage.favourite)
        return usage._replace(favourite=favourite)

    app.usage.update(key, mark, app.clock.deadline())
    return was == [not favourite]


def list_favourites(app: App) -> list[RoleKey]:
    return sorted(key for key, usage in app.usage.load_all().items() if usage.favourite)
