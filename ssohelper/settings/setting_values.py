"""Defines what a setting is, and checks the values that settings may have."""

import json
import re
from typing import Any, NamedTuple

from ssohelper.core import account_colors, guard_rules, key_names
from ssohelper.core.further_portals import parse_further_portals
from ssohelper.core.instants import parse_duration
from ssohelper.core.profile_names import checked_name_template
from ssohelper.core.service_hosts import checked_region
from ssohelper.core.sign_in_notices import DESKTOP
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid, SsoHelperError, UsageProblem
from ssohelper.settings.settings_text import MOST_HOURS, describe_expected_value

_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


class Setting(NamedTuple):
    """The definition of one setting. `what` describes the setting to the user.

    `kind` is bool, text, choice, region, template, hours, duration (a text such as 12h), texts (a
    list of text), portals (texts REGION=START_URL), color (with a label, such as "red production"),
    notify (texts, or "desktop") or keys (of the keyboard).
    """

    key: str
    kind: str
    default: Any
    what: str
    choices: tuple[str, ...] = ()
    from_environment: bool = True

    @property
    def variable(self) -> str | None:
        """Return the name of the environment variable for this setting, or None."""
        name = self.key.upper().replace(".", "_")
        return f"SSOHELPER_{name}" if self.from_environment else None


def checked_setting_value(setting: Setting, value: Any, place: str) -> Any:
    """Check a setting's value and return it as `Settings.get` does.

    `place` begins the error message. Raises: ConfigInvalid.
    """
    is_good = {
        "bool": isinstance(value, bool),
        "hours": type(value) in (int, float) and 0 < value <= MOST_HOURS,
        "duration": isinstance(value, str) and parse_duration(value) is not None,
        "portals": isinstance(value, list) and all(map(_is_text_for_toml, value)),
        "texts": isinstance(value, list) and all(map(_is_text_for_toml, value)),
        "tag": isinstance(value, list) and all(map(_is_account_pattern, value)),
        "notify": value == DESKTOP
        or (isinstance(value, list) and all(map(_is_text_for_toml, value))),
        "choice": isinstance(value, str) and value in setting.choices,
        "color": isinstance(value, str)
        and account_colors.parse_color_and_label(value, "") is not None,
    }.get(setting.kind, _is_text_for_toml(value))
    if not is_good:
        given = show(json.dumps(value, default=str, ensure_ascii=False), 60)
        wanted = describe_expected_value(setting.kind, setting.choices)
        raise ConfigInvalid(f'{place}"{setting.key}" must be {wanted}, not {given}')
    if setting.kind == "portals":
        return _checked_further_portals(value, place)
    if setting.kind == "region":
        return _checked_region(value, place)
    if setting.kind == "keys":
        return _checked_keyboard_keys(value, place)
    if setting.kind == "template":
        return _checked_name_template(value, place)
    return tuple(value) if isinstance(value, list) else value


def parse_setting_text(setting: Setting, text: str, place: str) -> Any:
    """Parse a setting's value from the text of an environment variable or a typed word."""
    value: Any = text
    if setting.kind == "bool":
        folded = text.strip().casefold()
        value = True if folded in _YES else False if folded in _NO else text
    elif setting.kind == "hours":
        number = text.strip().removesuffix("h")
        value = int(number) if re.fullmatch("[0-9]{1,6}", number) else text
        if re.fullmatch(r"[0-9]{1,6}\.[0-9]{1,6}", number):
            value = float(number)
    return checked_setting_value(setting, value, place)


def _checked_region(value: str, place: str) -> str:
    try:
        return checked_region(value)
    except SsoHelperError as cause:
        raise ConfigInvalid(f"{place}{cause.message}", hint=cause.hint) from cause


def _checked_further_portals(value: list[str], place: str) -> tuple[str, ...]:
    try:
        return tuple(portal.text for portal in parse_further_portals(value))
    except ConfigInvalid as cause:
        raise ConfigInvalid(f"{place}{cause.message}", hint=cause.hint) from cause


def _checked_name_template(value: str, place: str) -> str:
    try:
        return checked_name_template(value)
    except UsageProblem as cause:
        raise ConfigInvalid(f"{place}{cause.message}", hint=cause.hint) from cause


def _checked_keyboard_keys(value: str, place: str) -> str:
    try:
        return ",".join(key_names.parse_keys(value))
    except ValueError as cause:
        raise ConfigInvalid(f"{place}{show(str(cause), 120)}") from cause


def _is_text_for_toml(value: object) -> bool:
    """Return whether the value is a text that is not empty and that TOML can contain.

    A surrogate character stands for a byte that is not UTF-8, so TOML cannot contain it.
    """
    return isinstance(value, str) and value != "" and not re.search("[\0\ud800-\udfff]", value)


def _is_account_pattern(value: object) -> bool:
    return _is_text_for_toml(value) and guard_rules.tag_of_rule(str(value)) is None
