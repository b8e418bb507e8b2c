"""Finds settings whose key ends in a name that the user chooses, such as `tags.NAME`.

These are `keys.ACTION`, `tags.NAME`, `colors.PATTERN` and `regions.PATTERN`.
"""

import re

from ssohelper.core import account_colors, keymap
from ssohelper.core.similar_names import did_you_mean
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid
from ssohelper.settings.setting_values import Setting

# The tables whose keys are patterns of accounts: a dot in the pattern begins no further table.
PATTERN_TABLES = ("colors", "regions")
_TAG_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def find_setting_with_name_in_key(parts: tuple[str, ...], place: str) -> Setting | None:
    """Return the setting of a key that ends in a user's name; None if `parts` is no such key.

    `place` begins the error message. Raises: ConfigInvalid for a name that the table cannot have.
    """
    table, name = parts[0], ".".join(parts[1:])
    if table == "keys" and name:
        return _setting_for_key_of_action(name, place)
    if len(parts) != 2:
        return None
    if table == "tags":
        if not _TAG_NAME.fullmatch(name):
            raise ConfigInvalid(f'{place}"{show(name, 80)}" is not a valid name for a tag')
        return Setting(f"tags.{name}", "tag", (), "roles: [SESSION:]ACCOUNT/ROLE", (), False)
    if table not in PATTERN_TABLES:
        return None
    if not account_colors.can_be_pattern_of_color_rule(name):
        raise ConfigInvalid(f'{place}"{show(name, 80)}" is not a valid pattern of accounts')
    if table == "colors":
        return Setting(f"colors.{name}", "color", None, "colour of accounts", (), False)
    return Setting(f"regions.{name}", "region", None, "default region of accounts", (), False)


def _setting_for_key_of_action(name: str, place: str) -> Setting:
    action = keymap.BINDABLE.get(name)
    if action is None:
        near = did_you_mean(name, keymap.BINDABLE)
        raise ConfigInvalid(
            f'{place}no action named "{show(name, 80)}"',
            hint=f"{near}the help of each screen (F1 by default) lists its actions",
        )
    return Setting(f"keys.{name}", "keys", action.keys, action.description, from_environment=False)
