"""Changes ssohelper's settings file, if allow-list and company policy permit."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ssohelper.actions import agents
from ssohelper.core import journal
from ssohelper.core.shell_text import word_as_typed
from ssohelper.errors import Refused, SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App


# The tables of the settings file that decide which roles are guarded.
GUARDING_TABLES = ("guard", "tags")


def check_change(app: App, key: str, value: Any) -> None:
    words = value if isinstance(value, tuple | list) else [str(value)]
    typed = "--default" if value is None else " ".join(map(word_as_typed, words))
    agents.refuse_if_limited(app, "change settings", f"ssohelper config set {key} {typed}")
    policy = app.company_policy
    if key == "storage" and policy.storage not in (None, value):
        raise Refused(
            f'the company\'s policy sets storage to "{policy.storage}"',
            hint="see: ssohelper config list",
        )


def remove_session_settings(app: App, name: str) -> None:
    agents.refuse_if_limited(app, "change settings", f"ssohelper config set sessions.{name}")
    if app.settings_store.set(("sessions", name), None, app.clock.deadline()):
        app.forget_settings()


def change_setting(app: App, key: str, value: Any, command: str = "config set") -> None:
    """Set the setting, or remove it if `value` is None. The journal names `command`."""
    check_change(app, key, value)
    was_there, parts = key in app.settings.values, app.settings.split(key)
    if not app.settings_store.set(parts, value, app.clock.deadline()):
        return
    if parts[0] in GUARDING_TABLES:
        with suppress(SsoHelperError):
            app.vault.remember_guard_rules()
    is_set = value is not None
    entry = journal.make_entry(
        "config-write",
        command=command,
        file=str(app.locations.settings_file),
        added=int(is_set and not was_there),
        changed=int(is_set and was_there),
        removed=int(not is_set),
    )
    app.journal.try_append(entry)
