"""config.toml: what may be set, its default, and where a value came from.

The only place that decides which source wins: a flag, then SSOHELPER_*, then the file, then the
default. Nothing that runs a command or weakens a guard can come from the environment.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from ssohelper.core import keymap
from ssohelper.core.endpoints import checked_region
from ssohelper.core.instants import parse_duration
from ssohelper.core.model import SESSION_NAME
from ssohelper.core.nearest import did_you_mean
from ssohelper.core.profile_names import checked_template
from ssohelper.core.sign_in_notices import DESKTOP
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid, SsoHelperError, UsageProblem
from ssohelper.settings_text import decode, leaves_of, line_in, line_of, place_of, reason_of

LIMIT_BYTES = 1 << 20
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
# 90 days is the longest session that IAM Identity Center lets an organization choose.
_MOST_HOURS = 90 * 24


class Setting(NamedTuple):
    """What may be set. `kind`: bool, text, choice, region, hours, duration (a text such as 12h),
    texts (a list of text), notify (texts, or "desktop"), keys (of the keyboard)."""

    key: str
    kind: str
    default: Any
    what: str
    choices: tuple[str, ...] = ()
    from_environment: bool = True

    @property
    def variable(self) -> str | None:
        """Return the environment variable that sets it."""
        name = self.key.upper().replace(".", "_")
        return f"SSOHELPER_{name}" if self.from_environment else None


SETTINGS = (
    Setting("default_region", "region", None, "the region that new profiles get"),
    Setting("form", "choice", "process", "the form of new profiles", ("process", "sso")),
    Setting(
        "guard.rules",
        "texts",
        (),
        "roles that stand out in lists and the prompt: [SESSION:]ACCOUNT/ROLE",
        from_environment=False,
    ),
    Setting(
        "name_template", "template", "{account_name}.{role_name}", "how new profiles are named"
    ),
    Setting("notify", "notify", (), 'what gets notices: "desktop", or a command', (), False),
    Setting(
        "renew_ahead",
        "bool",
        True,
        "renew role credentials, and the list of an earlier sign-in, behind the caller's back",
    ),
    Setting("session_hours", "hours", None, "how long a sign-in lasts, when you know it"),
    Setting("storage", "choice", "file", "where tokens are kept", ("file",)),
    Setting("theme", "choice", "dark", "colours of the full screen", ("dark", "light", "ansi")),
    Setting(
        "wait_for_sign_in",
        "duration",
        None,
        "how long a call waits for a sign-in instead of failing: 12h, 2d",
    ),
)
# Set as sessions.NAME.KEY; the second wins over the setting of the same name for all sessions.
SESSION_SETTINGS = (
    Setting("browser", "text", None, "the command that opens pages", from_environment=False),
    Setting("session_hours", "hours", None, "how long its sign-in lasts", from_environment=False),
    Setting(
        "wait_for_sign_in",
        "duration",
        None,
        "how long its calls wait for a sign-in; 0 for not at all",
        from_environment=False,
    ),
)
_BY_KEY = {setting.key: setting for setting in SETTINGS}
_BY_SESSION_KEY = {setting.key: setting for setting in SESSION_SETTINGS}


# The settings that name a program to run.
_COMMANDS = ("notify", "browser")


class Settings:
    """The settings of this run; `get` and `origin` take the contract's precedence."""

    def __init__(
        self, path: Path, values: Mapping[str, tuple[Any, int]], environ: Mapping[str, str]
    ) -> None:
        self.path = path
        self._values = values
        self._environ = environ

    def without_commands(self) -> "Settings":
        """Return the same settings without those of the file that name a program to run."""
        values = {
            key: value
            for key, value in self._values.items()
            if key.rpartition(".")[2] not in _COMMANDS
        }
        return Settings(self.path, values, self._environ)

    def get(self, key: str, flag: Any = None, session: str | None = None) -> Any:
        """Return the value that counts; with `session` that session's own one comes first."""
        return self._found(key, flag, session)[0]

    def origin(self, key: str, flag: Any = None, session: str | None = None) -> str:
        """Return where the value came from: flag, environment, file or default."""
        return self._found(key, flag, session)[1]

    def place(self, key: str) -> str | None:
        """Return the variable, or the file with the line, that the value came from."""
        origin = self.origin(key)
        if origin == "environment":
            return setting_of(key).variable
        return f"{self.path}:{self._values[key][1]}" if origin == "file" else None

    def names(self) -> list[str]:
        """Return every key that may be asked for: all known, and those set for a session."""
        return sorted({*_BY_KEY, *self._values})

    def keymap(self) -> dict[str, str]:
        """Return the keys that were chosen, by action."""
        prefix = "keys."
        return {
            key.removeprefix(prefix): value
            for key, (value, _line) in self._values.items()
            if key.startswith(prefix)
        }

    def _found(self, key: str, flag: Any, session: str | None) -> tuple[Any, str]:
        if flag is not None:
            return flag, "flag"
        own_key = f"sessions.{session}.{key}"
        if session is not None and own_key in self._values:
            return self._values[own_key][0], "file"
        if session is not None and key in _BY_SESSION_KEY and key not in _BY_KEY:
            return _BY_SESSION_KEY[key].default, "default"
        setting = setting_of(key)
        said = self._environ.get(setting.variable) if setting.variable else None
        if said:
            return _from_text(setting, said, f"{setting.variable}: "), "environment"
        if key in self._values:
            return self._values[key][0], "file"
        return setting.default, "default"


def parse_settings(content: bytes, path: Path, environ: Mapping[str, str]) -> Settings:
    """Return the settings in the file's content and the environment; an empty one sets nothing.

    Raises: ConfigInvalid with file and line for what is no TOML, unknown or of the wrong type; with
    the variable's name for what one of them says.
    """
    text = decode(content, path)
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as cause:
        raise ConfigInvalid(
            f"{place_of(path, line_in(cause, text))}: {reason_of(cause)}"
        ) from cause
    values: dict[str, tuple[Any, int]] = {}
    for parts, value in leaves_of(document, ()):
        line = line_of(text, parts)
        setting = _setting_of_parts(parts, f"{place_of(path, line)}: ")
        values[".".join(parts)] = _checked(setting, value, f"{place_of(path, line)}: "), line
    _check_clash(path, values)
    settings = Settings(path, values, environ)
    for setting in SETTINGS:
        settings.get(setting.key)  # a variable that cannot be is said at once, as a line is
    return settings


def check_key(settings: Settings, key: str, value: Any) -> None:
    """Raise UsageProblem when this key of the keyboard is another action's already."""
    chosen = {**settings.keymap(), key.removeprefix("keys."): value}
    found = keymap.clash(chosen) if key.startswith("keys.") else None
    if found:
        raise UsageProblem(_clash_text(*found), hint="choose another key")


def setting_of(key: str) -> Setting:
    """Return what is known of a key. Raises: UsageProblem with the nearest keys."""
    try:
        return _setting_of_parts(parts_of(key), "")
    except ConfigInvalid as unknown:
        raise UsageProblem(unknown.message, hint=unknown.hint) from unknown


def parts_of(key: str) -> tuple[str, ...]:
    """Return the names of tables and key; a session's name may hold dots of its own."""
    if key.startswith("sessions.") and key.count(".") >= 2:
        name, _, last = key.removeprefix("sessions.").rpartition(".")
        return "sessions", name, last
    return tuple(key.split("."))


def value_of(key: str, words: tuple[str, ...]) -> Any:
    """Return the value that a person typed for this key. Raises: UsageProblem."""
    setting = setting_of(key)
    try:
        if setting.kind == "notify" and words == (DESKTOP,):
            return DESKTOP
        if setting.kind in ("texts", "notify"):
            return _checked(setting, _listed(words), "")
        if len(words) != 1:
            raise UsageProblem(f'"{key}" takes one value')
        return _from_text(setting, words[0], "")
    except ConfigInvalid as cause:
        raise UsageProblem(cause.message, hint=cause.hint) from cause


def _listed(words: tuple[str, ...]) -> list[Any]:
    """Return the words, or what is in the one that is a list as `config get` prints it.

    As one value it would be a rule that guards nothing, which nobody notices.
    """
    if len(words) == 1 and words[0].startswith("["):
        with suppress(ValueError):
            found = json.loads(words[0])
            return found if isinstance(found, list) else list(words)
    return list(words)


# -- checks ------------------------------------------------------------------------------------


def _setting_of_parts(parts: tuple[str, ...], place: str) -> Setting:
    if len(parts) > 1 and parts[0] == "keys":
        return _setting_of_action(".".join(parts[1:]), place)
    if len(parts) == 3 and parts[0] == "sessions":
        if not SESSION_NAME.fullmatch(parts[1]):
            raise ConfigInvalid(f'{place}"{show(parts[1], 80)}" cannot be a session\'s name')
        found, known = _BY_SESSION_KEY.get(parts[2]), [f"sessions.{parts[1]}."]
    else:
        found, known = _BY_KEY.get(".".join(parts)), ["sessions.NAME."]
        if found and parts != parts_of(found.key):
            found = None
    if found:
        return found
    name = ".".join(parts)
    keys = [*_BY_KEY, *(known[0] + key for key in _BY_SESSION_KEY)]
    near = difflib.get_close_matches(name, keys, n=1, cutoff=0.4)
    meant = f'did you mean "{near[0]}"? ' if near else ""
    raise ConfigInvalid(
        f'{place}no setting named "{show(name, 80)}"',
        hint=f"{meant}list them with: ssohelper config list",
    )


def _setting_of_action(name: str, place: str) -> Setting:
    action = keymap.ACTIONS.get(name)
    if action is None:
        near = did_you_mean(name, keymap.ACTIONS)
        raise ConfigInvalid(
            f'{place}no action named "{show(name, 80)}"',
            hint=f"{near}each screen's help (F1) names its actions",
        )
    return Setting(f"keys.{name}", "keys", action.keys, action.what, from_environment=False)


def _check_clash(path: Path, values: Mapping[str, tuple[Any, int]]) -> None:
    chosen = {key[5:]: value for key, (value, _line) in values.items() if key.startswith("keys.")}
    found = keymap.clash(chosen)
    if found:
        line = values[f"keys.{found[0]}"][1]
        raise ConfigInvalid(f"{place_of(path, line)}: {_clash_text(*found)}")


def _clash_text(action: str, other: str, key: str) -> str:
    return f'"{key}" for "{action}" is the key of "{other}" already'


def _checked(setting: Setting, value: Any, place: str) -> Any:
    """Return the value in our own type. `place` begins the message."""
    is_good = {
        "bool": isinstance(value, bool),
        "hours": type(value) in (int, float) and 0 < value <= _MOST_HOURS,
        "duration": isinstance(value, str) and parse_duration(value) is not None,
        "texts": isinstance(value, list) and all(map(_is_text, value)),
        "notify": value == DESKTOP or (isinstance(value, list) and all(map(_is_text, value))),
        "choice": isinstance(value, str) and value in setting.choices,
    }.get(setting.kind, _is_text(value))
    if not is_good:
        said = show(json.dumps(value, default=str, ensure_ascii=False), 60)
        raise ConfigInvalid(f'{place}"{setting.key}" must be {_expected(setting)}, not {said}')
    if setting.kind == "region":
        return _checked_region(value, place)
    if setting.kind == "keys":
        return _checked_keys(value, place)
    if setting.kind == "template":
        return _checked_template(value, place)
    return tuple(value) if isinstance(value, list) else value


def _from_text(setting: Setting, text: str, place: str) -> Any:
    value: Any = text
    if setting.kind == "bool":
        folded = text.strip().casefold()
        value = True if folded in _YES else False if folded in _NO else text
    elif setting.kind == "hours":
        number = text.strip().removesuffix("h")
        value = int(number) if re.fullmatch("[0-9]{1,6}", number) else text
        if re.fullmatch(r"[0-9]{1,6}\.[0-9]{1,6}", number):
            value = float(number)
    return _checked(setting, value, place)


def _checked_region(value: str, place: str) -> str:
    try:
        return checked_region(value)
    except SsoHelperError as cause:
        raise ConfigInvalid(f"{place}{cause.message}", hint=cause.hint) from cause


def _checked_template(value: str, place: str) -> str:
    try:
        return checked_template(value)
    except UsageProblem as cause:
        raise ConfigInvalid(f"{place}{cause.message}", hint=cause.hint) from cause


def _checked_keys(value: str, place: str) -> str:
    try:
        return ",".join(keymap.keys_of(value))
    except ValueError as cause:
        raise ConfigInvalid(f"{place}{show(str(cause), 120)}") from cause


def _is_text(value: object) -> bool:
    """Tell whether TOML can hold it: a lone surrogate is a byte of an argument that is no UTF-8."""
    return isinstance(value, str) and value != "" and not re.search("[\0\ud800-\udfff]", value)


def _expected(setting: Setting) -> str:
    if setting.kind == "choice":
        return " or ".join(f'"{choice}"' for choice in setting.choices)
    return {
        "bool": "true or false",
        "hours": f"a number of hours, at most {_MOST_HOURS}",
        "duration": "a duration such as 45m, 12h or 2d",
        "texts": "a list of texts",
        "notify": f'a list of texts, or "{DESKTOP}"',
        "text": "a text",
        "template": "a text",
        "region": "an AWS region",
        "keys": "a key, or several with commas between",
    }[setting.kind]
