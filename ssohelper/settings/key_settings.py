"""The keys that the settings give to actions: which act, and which are ignored or refused, and why."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ssohelper.core import keymap

_PREFIX = "keys."


class KeySettings(NamedTuple):
    """The keys that act, and for each setting of a key that is ignored why; both by action."""

    usable: Mapping[str, str]
    ignored: Mapping[str, str]


def keys_in_file(values: Mapping[str, tuple[Any, int]]) -> dict[str, str]:
    """Return the keys by action. `values` has the value and the line of each setting."""
    return {
        key.removeprefix(_PREFIX): value
        for key, (value, _line) in values.items()
        if key.startswith(_PREFIX)
    }


def sort_out_keys(chosen: Mapping[str, str]) -> KeySettings:
    """Return which of these keys act. An earlier version may have taken some that text needs.

    In place of those the default keys act. If one is another action's by now, that action gets its
    default key too.
    """
    fixed = {action: keymap.why_key_cannot_act(action, keys) for action, keys in chosen.items()}
    ignored = {action: why for action, why in fixed.items() if why}
    usable = {action: keys for action, keys in chosen.items() if action not in ignored}
    while ignored and (found := keymap.find_key_conflict(usable)):
        ignored[found.action] = same_key_for_two_actions_message(found)
        del usable[found.action]
    return KeySettings(usable, ignored)


def why_key_cannot_be_set(usable: Mapping[str, str], action: str, keys: str) -> str | None:
    """Return why the action cannot get these keys beside the `usable` ones; None if it can."""
    found = keymap.find_key_conflict({**usable, action: keys})
    if found:
        return same_key_for_two_actions_message(found)
    return keymap.why_key_cannot_act(action, keys)


def same_key_for_two_actions_message(found: keymap.KeyConflict) -> str:
    """Return what to say if two actions of a screen have one key."""
    return (
        f'the key "{found.key}" for "{found.action}" is already the key of "{found.other_action}"'
    )
