"""Defines all settings and their defaults, and decides which value of a setting is in force.

Only this module decides which source of a value wins: the company's policy, the variable
SSOHELPER_*, then the file, then the default. (An option on the command line wins over all but the
policy.) The environment cannot set a command to run or weaken a guard.
"""

import difflib
import json
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from ssohelper.core import guard_rules, keymap
from ssohelper.core.company_policy import NO_POLICY, CompanyPolicy
from ssohelper.core.model import SESSION_NAME
from ssohelper.core.sign_in_notices import DESKTOP
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid, UsageProblem
from ssohelper.settings.key_settings import (
    KeySettings,
    keys_in_file,
    same_key_for_two_actions_message,
    split_usable_and_ignored_keys,
    why_key_cannot_be_set,
)
from ssohelper.settings.named_settings import PATTERN_TABLES, find_setting_with_name_in_key
from ssohelper.settings.setting_values import Setting, checked_setting_value, parse_setting_text
from ssohelper.settings.settings_text import (
    TAG_HINT,
    decode_settings_file,
    file_and_line_text,
    find_line_of_key,
    find_line_of_toml_error,
    list_keys_and_values,
    tag_without_patterns_text,
    toml_error_without_line,
)

LIMIT_BYTES = 1 << 20
SETTINGS = (
    Setting("default_region", "region", None, "the region that new profiles get"),
    Setting(
        "form",
        "choice",
        "process",
        "the form of new profiles: process runs ssohelper, sso does not",
        ("process", "sso"),
    ),
    Setting(
        "guard.rules",
        "texts",
        (),
        "roles that need a grant: [SESSION:]ACCOUNT/ROLE, or #TAG",
        from_environment=False,
    ),
    Setting(
        "name_template", "template", "{account_name}.{role_name}", "how new profiles are named"
    ),
    Setting(
        "notify", "notify", (), 'what shows sign-in notices: "desktop", or a command', (), False
    ),
    Setting(
        "renew_ahead",
        "bool",
        True,
        "renew, in the background, role credentials and a list of roles from an earlier sign-in",
    ),
    Setting("session_hours", "hours", None, "how many hours a sign-in lasts, if you know it"),
    Setting(
        "storage",
        "choice",
        "file",
        "where sign-ins are kept: in files that AWS's tools share, or in the keyring",
        ("file", "keyring"),
    ),
    Setting(
        "theme",
        "choice",
        "auto",
        "colours of the full screen: auto is dark or light, as the terminal's background",
        ("auto", "dark", "light", "ansi"),
    ),
    Setting(
        "wait_for_sign_in",
        "duration",
        None,
        "how long a call waits for a sign-in instead of failing, such as 12h or 2d",
    ),
)
# Settings of one session, written sessions.NAME.KEY. They win over settings for all sessions.
SESSION_SETTINGS = (
    Setting("browser", "text", None, "the command that opens web pages", from_environment=False),
    Setting(
        "dualstack",
        "bool",
        None,
        "ask AWS on dual-stack hosts (IPv4 and IPv6)",
        from_environment=False,
    ),
    Setting("fips", "bool", None, "ask AWS on FIPS hosts", from_environment=False),
    Setting(
        "regions",
        "portals",
        (),
        "further portals of the same Identity Center: REGION=START_URL",
        from_environment=False,
    ),
    Setting(
        "session_hours",
        "hours",
        None,
        "how many hours a sign-in to this session lasts",
        from_environment=False,
    ),
    Setting(
        "wait_for_sign_in",
        "duration",
        None,
        "how long calls for this session wait for a sign-in; with 0 they do not wait",
        from_environment=False,
    ),
)
_BY_KEY = {setting.key: setting for setting in SETTINGS}
_BY_SESSION_KEY = {setting.key: setting for setting in SESSION_SETTINGS}

# The settings that name a program to run.
_COMMANDS = ("notify", "browser")


class Settings:
    """The settings of one run. `values` has the settings in the file, with their line numbers."""

    def __init__(
        self,
        path: Path,
        values: Mapping[str, tuple[Any, int]],
        environ: Mapping[str, str],
        policy: CompanyPolicy = NO_POLICY,
        policy_place: str = "",
    ) -> None:
        self.path = path
        self._values = values
        self._environ = environ
        self._policy = policy
        self._policy_place = policy_place

    def with_policy(self, policy: CompanyPolicy, place: str) -> "Settings":
        """Return these settings with the company's policy applied. `place` is the policy's file.

        Raises: ConfigInvalid when the policy sets a value that the setting cannot have.
        """
        if policy.storage is not None:
            checked_setting_value(find_setting("storage"), policy.storage, f'"{place}": ')
        return Settings(self.path, self._values, self._environ, policy, place)

    def without_commands(self) -> "Settings":
        """Return these settings without the ones in config.toml that name a program to run."""
        values = {
            key: value
            for key, value in self._values.items()
            if key.rpartition(".")[2] not in _COMMANDS
        }
        return self._with_values(values)

    def get(self, key: str, session: str | None = None) -> Any:
        """Return the value of a setting. If `session` is given, that session's own value wins."""
        return self._value_and_origin(key, session)[0]

    def get_without_policy(self, key: str) -> Any:
        """Return the value of a setting that would apply without the company's policy."""
        return self._value_and_origin_without_policy(key, None)[0]

    def origin(self, key: str) -> str:
        """Return "policy", "environment", "file" or "default": where a setting's value is from."""
        return self._value_and_origin(key, None)[1]

    def source_of_value(self, key: str) -> str | None:
        """Return what sets a setting: a variable, FILE:LINE or policy file; None if nothing."""
        origin = self.origin(key)
        if origin == "policy":
            return self._policy_place
        if origin == "environment":
            return find_setting(key).variable
        return f"{self.path}:{self._values[key][1]}" if origin == "file" else None

    def is_in_file(self, key: str) -> bool:
        """Return whether config.toml sets this key, even if a variable overrides its value."""
        return key in self._values

    def has_session(self, name: str) -> bool:
        """Return whether config.toml has a setting for this session alone."""
        return any(split_setting_key(key)[:2] == ("sessions", name) for key in self._values)

    def setting_keys(self) -> list[str]:
        """Return the keys of all settings, including those that the file sets for one session."""
        return sorted({*_BY_KEY, *self._values})

    def keymap(self) -> Mapping[str, str]:
        """Return the keyboard keys that config.toml validly sets, by the action that they start."""
        return self._key_settings.usable

    def warnings_about_keys(self) -> list[str]:
        """Return a warning for each keyboard key in config.toml that is ignored: where and why."""
        return [
            f"{file_and_line_text(self.path, self._values[f'keys.{action}'][1])}: {why}; "
            f'ignored, so "{action}" has its default key'
            for action, why in self._key_settings.ignored.items()
        ]

    @cached_property
    def _key_settings(self) -> KeySettings:
        return split_usable_and_ignored_keys(keys_in_file(self._values))

    def tags(self) -> dict[str, tuple[str, ...]]:
        """Return the patterns of each tag that the user defined, by the tag's name."""
        return {key[5:]: value for key, (value, _) in self._values.items() if key[:5] == "tags."}

    def colors(self) -> dict[str, str]:
        """Return the colour and label for each pattern of accounts, in the order of the file."""
        return {key[7:]: value for key, (value, _) in self._values.items() if key[:7] == "colors."}

    def account_regions(self) -> dict[str, str]:
        """Return the default region for each pattern of accounts, in the order of the file."""
        return {key[8:]: value for key, (value, _) in self._values.items() if key[:8] == "regions."}

    def guard_rules(self) -> tuple[str, ...]:
        """Return the user's own `guard.rules`, with each tag replaced by the tag's patterns."""
        return guard_rules.expand_tags_in_guard_rules(
            self.get_without_policy("guard.rules"), self.tags()
        )

    def with_value(self, key: str, value: Any) -> "Settings":
        """Return the settings as if the file set the key to this value; None removes the key."""
        others = {name: found for name, found in self._values.items() if name != key}
        return self._with_values(others if value is None else {**others, key: (value, 1)})

    def _with_values(self, values: Mapping[str, tuple[Any, int]]) -> "Settings":
        return Settings(self.path, values, self._environ, self._policy, self._policy_place)

    def _value_and_origin(self, key: str, session: str | None) -> tuple[Any, str]:
        if key == "storage" and self._policy.storage is not None:
            return self._policy.storage, "policy"
        value, origin = self._value_and_origin_without_policy(key, session)
        if key == "guard.rules" and self._policy.guard_rules:
            return tuple(dict.fromkeys((*self._policy.guard_rules, *value))), "policy"
        return value, origin

    def _value_and_origin_without_policy(self, key: str, session: str | None) -> tuple[Any, str]:
        own_key = f"sessions.{session}.{key}"
        if session is not None and own_key in self._values:
            return self._values[own_key][0], "file"
        if session is not None and key in _BY_SESSION_KEY and key not in _BY_KEY:
            return _BY_SESSION_KEY[key].default, "default"
        setting = find_setting(key)
        text = self._environ.get(setting.variable) if setting.variable else None
        if text:
            return parse_setting_text(setting, text, f"{setting.variable}: "), "environment"
        if key in self._values:
            return self._values[key][0], "file"
        return setting.default, "default"


# Settings of earlier versions, which are ignored.
_GONE = ("keys.sessions.rename",)


def parse_settings(
    content: bytes, path: Path, environ: Mapping[str, str], leave_out: str | None = None
) -> Settings:
    """Return the settings in the file's content and the environment. Ignores empty variables.

    The key `leave_out` may have any value in the file: it is as if the file did not set it.
    Raises: ConfigInvalid if the content is not TOML, a key is unknown or a value is invalid. The
    message names the file and line, or the variable.
    """
    text = decode_settings_file(content, path)
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as cause:
        place = file_and_line_text(path, find_line_of_toml_error(cause, text))
        raise ConfigInvalid(f"{place}: {toml_error_without_line(cause)}") from cause
    values: dict[str, tuple[Any, int]] = {}
    for parts, value in list_keys_and_values(document, ()):
        if len(parts) > 1 and ".".join(parts) in (leave_out, *_GONE):
            continue
        line = find_line_of_key(text, parts)
        setting = _find_setting_of_parts(parts, f"{file_and_line_text(path, line)}: ")
        values[".".join(parts)] = (
            checked_setting_value(setting, value, f"{file_and_line_text(path, line)}: "),
            line,
        )
    _refuse_two_actions_on_one_key(path, values)
    settings = Settings(path, values, environ)
    missing = guard_rules.find_undefined_tag(settings.get("guard.rules"), settings.tags())
    if missing is not None:
        place = file_and_line_text(path, values["guard.rules"][1])
        raise ConfigInvalid(f"{place}: {tag_without_patterns_text(missing)}", hint=TAG_HINT)
    for setting in SETTINGS:
        settings.get(setting.key)  # raises if the setting's environment variable is invalid
    return settings


def check_clash_with_other_settings(settings: Settings, key: str, value: Any) -> None:
    """Raise UsageProblem if this new value (None removes it) clashes with other settings."""
    after = settings.with_value(key, value)
    missing = guard_rules.find_undefined_tag(after.get_without_policy("guard.rules"), after.tags())
    if missing is not None:
        raise UsageProblem(tag_without_patterns_text(missing), hint=TAG_HINT)
    if value and key.startswith("keys."):
        why = why_key_cannot_be_set(settings.keymap(), key.removeprefix("keys."), value)
        if why:
            raise UsageProblem(why, hint="choose another key")


def find_setting(key: str) -> Setting:
    """Return the definition of a setting. Raises: UsageProblem, which proposes a similar key."""
    try:
        return _find_setting_of_parts(split_setting_key(key), "")
    except ConfigInvalid as unknown:
        raise UsageProblem(unknown.message, hint=unknown.hint) from unknown


def split_setting_key(key: str) -> tuple[str, ...]:
    """Split a key such as `sessions.NAME.browser` at its dots; a dot in NAME does not split.

    In `colors.PATTERN` and `regions.PATTERN` no further dot splits.
    """
    if key.startswith("sessions.") and key.count(".") >= 2:
        name, _, last = key.removeprefix("sessions.").rpartition(".")
        return "sessions", name, last
    table, _, pattern = key.partition(".")
    if table in PATTERN_TABLES and pattern:
        # The pattern may be typed with or without the quotes that TOML needs.
        quoted = len(pattern) > 2 and pattern[0] == pattern[-1] and pattern[0] in "\"'"
        return table, pattern[1:-1] if quoted else pattern
    return tuple(key.split("."))


def parse_setting_value(key: str, words: tuple[str, ...]) -> Any:
    """Parse what the user typed as the value of this setting. Raises: UsageProblem."""
    setting = find_setting(key)
    try:
        if setting.kind == "notify" and words == (DESKTOP,):
            return DESKTOP
        if setting.kind in ("texts", "tag", "notify", "portals"):
            return checked_setting_value(setting, _list_items_from_words(words), "")
        if len(words) != 1:
            raise UsageProblem(f'the setting "{key}" takes one value')
        return parse_setting_text(setting, words[0], "")
    except ConfigInvalid as cause:
        raise UsageProblem(cause.message, hint=cause.hint) from cause


def _list_items_from_words(words: tuple[str, ...]) -> list[Any]:
    """Return the items of a list setting: the typed words or, if there is one JSON list, its items.

    `config get` prints a JSON list, which a user may pass to `config set`. As one guard rule, the
    text of the list would match no role, and the user would not notice.
    """
    if len(words) == 1 and words[0].startswith("["):
        with suppress(ValueError):
            found = json.loads(words[0])
            return found if isinstance(found, list) else list(words)
    return list(words)


# -- checking keys and values of settings ------------------------------------------------------


def _find_setting_of_parts(parts: tuple[str, ...], place: str) -> Setting:
    named = find_setting_with_name_in_key(parts, place)
    if named is not None:
        return named
    if len(parts) == 3 and parts[0] == "sessions":
        if not SESSION_NAME.fullmatch(parts[1]):
            raise ConfigInvalid(f'{place}"{show(parts[1], 80)}" is not a valid name for a session')
        found, known = _BY_SESSION_KEY.get(parts[2]), [f"sessions.{parts[1]}."]
    else:
        found, known = _BY_KEY.get(".".join(parts)), ["sessions.NAME."]
        if found and parts != split_setting_key(found.key):
            found = None
    if found:
        return found
    name = ".".join(parts)
    keys = [*_BY_KEY, *(known[0] + key for key in _BY_SESSION_KEY)]
    near = difflib.get_close_matches(name, keys, n=1, cutoff=0.4)
    question = f'did you mean "{near[0]}"? ' if near else ""
    raise ConfigInvalid(
        f'{place}no setting named "{show(name, 80)}"',
        hint=f"{question}list all settings with: ssohelper config list",
    )


def _refuse_two_actions_on_one_key(path: Path, values: Mapping[str, tuple[Any, int]]) -> None:
    found = keymap.find_key_conflict(keys_in_file(values))
    if found:
        place = file_and_line_text(path, values[f"keys.{found.action}"][1])
        raise ConfigInvalid(f"{place}: {same_key_for_two_actions_message(found)}")
