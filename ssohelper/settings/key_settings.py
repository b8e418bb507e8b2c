"""Checks the keyboard keys that settings give to actions: finds those to ignore or refuse."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ssohelper.core import keymap

_PREFIX = "keys."


class KeySettings(NamedTuple):
    """The usable keyboard keys, and why other keys in the settings are ignored; by action."""

    usable: Mapping[str, str]
    ignored: Mapping[str, str]


def keys_in_file(values: Mapping[str, tuple[Any, int]]) -> dict[str, str]:
    """Return the keyboard keys in the settings, by action.

    `values` has, by key, the value and line number of each setting.
    """
    return {
        key.removeprefix(_PREFIX): value
        for key, (value, _line) in values.items()
        if key.startswith(_PREFIX)
    }


def split_usable_and_ignored_keys(chosen: Mapping[str, str]) -> KeySettings:
    """Return which of these keyboard keys are usable, and why the others are ignored.

    An earlier version of ssohelper may have accepted keys that are needed to type text. Actions
    with such a key get their default keys. If the settings gave such a default key to another
    action, that action gets its default key too.
    """
    fixed = {action: keymap.why_key_cannot_act(action, keys) for action, keys in chosen.items()}
    ignored = {action: why for action, why in fixed.items() if why}
    usable = {action: keys for action, keys in chosen.items() if action not in ignored}
    while ignored and (found := keymap.find_key_conflict(usable)):
        ignored[found.action] = same_key_for_two_actions_message(found)
        del usable[found.action]
    return KeySettings(usable, ignored)


def why_key_cannot_be_set(usable: Mapping[str, str], action: str, keys: str) -> str | None:
    """Return why the action cannot get these keyboard keys, or None.

    `usable` are the keys that the settings already give to actions.
    """
    found = keymap.find_key_conflict({**usable, action: keys})
    if found:
        return same_key_for_two_actions_message(found)
    return keymap.why_key_cannot_act(action, keys)


def same_key_for_two_actions_message(found: keymap.KeyConflict) -> str:
    """Return the error message for two actions of a screen that have the same key."""
    return (
        f'the key "{found.key}" for "{found.action}" is already the key of "{found.other_action}"'
    )
