"""Changes a setting, after the question that the end of a protection needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ssohelper import settings
from ssohelper.actions import clocks, guards, own_settings
from ssohelper.actions.flows import loosening
from ssohelper.actions.flows.dialogue import Dialogue

if TYPE_CHECKING:
    from ssohelper.app import App


def confirm_setting(
    app: App, dialogue: Dialogue, key: str, value: Any
) -> Callable[[str], Iterator[str]]:
    """Ask if a protection would end; return the function that writes the value for a command.

    That function yields lines about the consequences. A value of None removes the key. Raises:
    Refused, UsageProblem, ConfigInvalid for invalid settings, KeyringUnavailable.
    """
    setting, before = settings.find_setting(key), app.settings
    settings.check_new_value(before, key, value)
    own_settings.check_change(app, key, value)
    kept, ended = list[str](), list[str]()
    is_guard = settings.split_key(key)[0] in own_settings.GUARDING_TABLES
    if is_guard:
        kept = guards.rules_after_change(app, key, before, before.with_value(key, value))
        ended = loosening.confirm_rules_end(app, dialogue, kept)
    storage = str(setting.default if value is None else value)
    if key == "storage" and (notice := own_settings.find_loosening(app, storage)):
        loosening.confirm_loosening(app, dialogue, "storage", notice)

    def write(command: str) -> Iterator[str]:
        own_settings.change_setting(app, key, value, command)
        if key == "storage":
            yield from own_settings.move_sign_ins(app, storage)
        if ended:
            guards.end_rules(app, kept)
        if is_guard or key.endswith(".session_hours"):
            clocks.forget_prompts(app)

    return write
