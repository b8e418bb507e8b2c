"""The table of all settings, and the kinds of values that they can have.

A new setting is one line of SETTINGS and one of docs/reference/settings.md.
"""

import difflib
import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from ssohelper.core import account_colors, guard_rules
from ssohelper.core.clock_text import DESKTOP
from ssohelper.core.further_portals import parse_further_portals
from ssohelper.core.instants import parse_duration
from ssohelper.core.model import SESSION_NAME
from ssohelper.core.profile_names import checked_name_template
from ssohelper.core.service_hosts import checked_region
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid, SsoHelperError, UsageProblem


class Setting(NamedTuple):
    """One setting; `what` is its help.

    Capitals in `key` stand for a name that the user chooses. `kind` may be choices: `process|sso`.
    """

    key: str
    kind: str
    default: Any
    what: str

    @property
    def variable(self) -> str | None:
        """The environment variable for this setting: none sets a command to run, or a guard."""
        return None if "." in self.key or self.kind == "notify" else f"SSOHELPER_{self.key.upper()}"


SETTINGS = (
    Setting("default_region", "region", None, "the region that new profiles get"),
    Setting(
        "form",
        "process|sso",
        "process",
        "the form of new profiles: process runs ssohelper, sso does not",
    ),
    Setting("guard.rules", "texts", (), "roles that need a grant: [SESSION:]ACCOUNT/ROLE, or #TAG"),
    Setting(
        "name_template", "template", "{account_name}.{role_name}", "how new profiles are named"
    ),
    Setting("notify", "notify", (), 'what shows sign-in notices: "desktop", or a command'),
    Setting(
        "renew_ahead",
        "bool",
        True,
        "renew, in the background, role credentials and a list of roles from an earlier sign-in",
    ),
    Setting("session_hours", "hours", None, "how many hours a sign-in lasts, if you know it"),
    Setting(
        "storage",
        "file|keyring",
        "file",
        "where sign-ins are kept: in files that AWS's tools share, or in the keyring",
    ),
    Setting(
        "theme",
        "auto|dark|light|ansi",
        "auto",
        "colours of the full screen: auto is dark or light, as the terminal's background",
    ),
    Setting(
        "wait_for_sign_in",
        "duration",
        None,
        "how long a call waits for a sign-in instead of failing, such as 12h or 2d",
    ),
    # Settings of one session win over those for all sessions.
    Setting("sessions.NAME.browser", "text", None, "the command that opens web pages"),
    Setting("sessions.NAME.dualstack", "bool", None, "ask AWS on dual-stack hosts (IPv4 and IPv6)"),
    Setting("sessions.NAME.fips", "bool", None, "ask AWS on FIPS hosts"),
    Setting(
        "sessions.NAME.regions",
        "portals",
        (),
        "further portals of the same Identity Center: REGION=START_URL",
    ),
    Setting(
        "sessions.NAME.session_hours",
        "hours",
        None,
        "how many hours a sign-in to this session lasts",
    ),
    Setting(
        "sessions.NAME.wait_for_sign_in",
        "duration",
        None,
        "how long calls for this session wait for a sign-in; with 0 they do not wait",
    ),
    Setting("tags.NAME", "tag", (), "roles: [SESSION:]ACCOUNT/ROLE"),
    Setting("colors.PATTERN", "color", None, "colour of accounts"),
    Setting("regions.PATTERN", "region", None, "default region of accounts"),
)
TABLE = {setting.key: setting for setting in SETTINGS}
# 90 days is the longest session that IAM Identity Center lets an organization choose.
_MOST_HOURS = 90 * 24
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_TAG_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _is_text(value: object) -> bool:
    """A surrogate stands for a byte that is not UTF-8, which TOML cannot contain."""
    return isinstance(value, str) and value != "" and not re.search("[\0\ud800-\udfff]", value)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


class Kind(NamedTuple):
    """What values must be; `parse` refuses some more, and gives others their only form."""

    wanted: str
    is_good: Callable[[Any], bool] = _is_text
    parse: Callable[[Any], Any] | None = None


KINDS = {
    "bool": Kind("true or false", lambda value: isinstance(value, bool)),
    "color": Kind(
        f"a colour ({', '.join(account_colors.COLORS)}), or a colour and a label of at most 20 characters",
        lambda value: (
            isinstance(value, str) and account_colors.parse_color_and_label(value, "") is not None
        ),
    ),
    "duration": Kind(
        "a duration such as 45m, 12h or 2d",
        lambda value: isinstance(value, str) and parse_duration(value) is not None,
    ),
    "hours": Kind(
        f"a number of hours, at most {_MOST_HOURS}",
        lambda value: type(value) in (int, float) and 0 < value <= _MOST_HOURS,
    ),
    "notify": Kind(
        f'a list of texts, or "{DESKTOP}"', lambda value: value == DESKTOP or _are_texts(value)
    ),
    "portals": Kind(
        "a list of further portals, each REGION=START_URL",
        _are_texts,
        lambda value: [portal.text for portal in parse_further_portals(value)],
    ),
    "region": Kind("an AWS region", parse=checked_region),
    "tag": Kind(
        "a list of patterns; a tag names no other tag",
        lambda value: (
            _are_texts(value) and all(guard_rules.tag_of_rule(each) is None for each in value)
        ),
    ),
    "template": Kind("a text", parse=checked_name_template),
    "text": Kind("a text"),
    "texts": Kind("a list of texts", _are_texts),
}


def checked_value(setting: Setting, value: Any, place: str) -> Any:
    """Return the value as `Settings.get` does. Raises: ConfigInvalid, beginning with `place`."""
    choices = setting.kind.split("|")
    kind = KINDS.get(setting.kind) or Kind(
        " or ".join(f'"{choice}"' for choice in choices),
        lambda given: isinstance(given, str) and given in choices,
    )
    if not kind.is_good(value):
        given = show(json.dumps(value, default=str, ensure_ascii=False), 60)
        raise ConfigInvalid(f'{place}"{setting.key}" must be {kind.wanted}, not {given}')
    try:
        value = kind.parse(value) if kind.parse else value
    except SsoHelperError as cause:
        raise ConfigInvalid(f"{place}{cause.message}", hint=cause.hint) from cause
    return tuple(value) if isinstance(value, list) else value


def parse_text(setting: Setting, text: str, place: str) -> Any:
    value: Any = text
    if setting.kind == "bool":
        folded = text.strip().casefold()
        value = True if folded in _YES else False if folded in _NO else text
    elif setting.kind == "hours":
        number = text.strip().removesuffix("h")
        if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", number):
            value = float(number) if "." in number else int(number)
    return checked_value(setting, value, place)


def parse_words(key: str, words: tuple[str, ...]) -> Any:
    """Parse what the user typed as the value of this setting. Raises: UsageProblem."""
    setting = find_setting(key)
    option = next((word for word in words if word.startswith("--")), None)
    if option and setting.kind != "notify":  # whose words are a command line
        hint = "config set takes values and --default"
        raise UsageProblem(f'no option named "{show(option, 80)}"', hint=hint)
    try:
        if isinstance(setting.default, tuple) and (setting.kind, *words) != ("notify", DESKTOP):
            return checked_value(setting, _list_items(words), "")
        if len(words) != 1:
            raise UsageProblem(f'the setting "{key}" takes one value')
        return parse_text(setting, words[0], "")
    except ConfigInvalid as cause:
        raise UsageProblem(cause.message, hint=cause.hint) from cause


def _list_items(words: tuple[str, ...]) -> list[Any]:
    """Return the typed words or, if there is one JSON list, its items."""
    if len(words) == 1 and words[0].startswith("["):
        try:
            found = json.loads(words[0])
        except ValueError:
            return list(words)
        return found if isinstance(found, list) else list(words)
    return list(words)


def split_key(key: str) -> tuple[str, ...]:
    """Split a key such as `sessions.NAME.browser` at its dots; a dot in NAME or PATTERN stays."""
    if key.startswith("sessions.") and key.count(".") >= 2:
        name, _, last = key.removeprefix("sessions.").rpartition(".")
        return "sessions", name, last
    table, _, pattern = key.partition(".")
    if table in ("colors", "regions") and pattern:
        # The pattern may be typed with or without the quotes that TOML needs.
        quoted = len(pattern) > 2 and pattern[0] == pattern[-1] and pattern[0] in "\"'"
        return table, pattern[1:-1] if quoted else pattern
    return tuple(key.split("."))


def find_setting(key: str) -> Setting:
    try:
        return setting_of_parts(split_key(key), "")
    except ConfigInvalid as unknown:
        raise UsageProblem(unknown.message, hint=unknown.hint) from unknown


def setting_of_parts(parts: tuple[str, ...], place: str) -> Setting:
    key = ".".join(parts)
    name = parts[1] if len(parts) > 1 else ""
    template, is_valid, kind = {
        ("sessions", 3): (
            f"sessions.NAME.{parts[-1]}",
            SESSION_NAME.fullmatch(name),
            "name for a session",
        ),
        ("tags", 2): ("tags.NAME", _TAG_NAME.fullmatch(name), "name for a tag"),
        ("colors", 2): (
            "colors.PATTERN",
            account_colors.is_account_pattern(name),
            "pattern of accounts",
        ),
        ("regions", 2): (
            "regions.PATTERN",
            account_colors.is_account_pattern(name),
            "pattern of accounts",
        ),
    }.get((parts[0], len(parts)), (key, True, ""))
    if not is_valid:
        raise ConfigInvalid(f'{place}"{show(name, 80)}" is not a valid {kind}')
    if template in TABLE and len(parts) == template.count(".") + 1:
        return TABLE[template]._replace(key=key)
    keys = [known.replace("NAME", name) if parts[0] == "sessions" else known for known in TABLE]
    near = difflib.get_close_matches(key, keys, n=1, cutoff=0.4)
    question = f'did you mean "{near[0]}"? ' if near else ""
    raise ConfigInvalid(
        f'{place}no setting named "{show(key, 80)}"',
        hint=f"{question}list all settings with: ssohelper config list",
    )
