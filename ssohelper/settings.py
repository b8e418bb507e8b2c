"""Defines all settings, their kinds of values, and which value is in force.

A new setting is one line of SETTINGS and one of docs/reference/settings.md. The company's policy
wins over the variable SSOHELPER_*, which wins over the file, which wins over the default.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from ssohelper.core import account_colors, guard_rules
from ssohelper.core.clock_text import DESKTOP
from ssohelper.core.company_policy import NO_POLICY, CompanyPolicy
from ssohelper.core.further_portals import parse_further_portals
from ssohelper.core.instants import parse_duration
from ssohelper.core.model import SESSION_NAME
from ssohelper.core.profile_names import checked_name_template
from ssohelper.core.service_hosts import checked_region
from ssohelper.core.similar_names import similar_names
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
        """The environment variable of this setting; None for a command to run, a guard or a list."""
        has_none = "." in self.key or self.kind in ("notify", "texts")
        return None if has_none else f"SSOHELPER_{self.key.upper()}"


SETTINGS: tuple[tuple[str, str, Any, str], ...] = (
    ("default_region", "region", None, "the region that new profiles get"),
    ("device_code", "auto|always|never", "auto", "sign in by a code; auto: without a browser here"),
    ("form", "process|sso", "process", "process: new profiles run ssohelper; sso: they do not"),
    ("guard.rules", "texts", (), "roles that need a grant: [SESSION:]ACCOUNT/ROLE, or #TAG"),
    ("login_port", "port", None, "the port of 127.0.0.1 to which the browser returns"),
    ("name_template", "template", "{account_name}.{role_name}", "how new profiles are named"),
    ("notify", "notify", (), 'what shows sign-in notices: "desktop", or a command'),
    ("privileged_roles", "texts", (), "more names of privileged roles, which come last: GLOB"),
    ("renew_ahead", "bool", True, "renew role credentials and lists of roles in the background"),
    ("session_hours", "hours", None, "how many hours a sign-in lasts, if you know it"),
    ("storage", "file|keyring", "file", "where sign-ins are kept; AWS's tools share the files"),
    ("theme", "auto|dark|light|ansi", "auto", "colours of the full screen; auto: as the terminal"),
    ("wait_for_sign_in", "duration", None, "how long calls wait for a sign-in, such as 12h or 2d"),
    # These settings of one session win over the same settings for all sessions.
    ("sessions.NAME.browser", "text", None, "the command that opens web pages"),
    ("sessions.NAME.dualstack", "bool", None, "ask AWS on dual-stack hosts (IPv4 and IPv6)"),
    ("sessions.NAME.fips", "bool", None, "ask AWS on FIPS hosts"),
    ("sessions.NAME.regions", "portals", (), "portals in further regions: REGION=START_URL"),
    ("sessions.NAME.session_hours", "hours", None, "the same for one session"),
    ("sessions.NAME.wait_for_sign_in", "duration", None, "the same; with 0, calls do not wait"),
    ("tags.NAME", "tag", (), "roles: [SESSION:]ACCOUNT/ROLE"),
    ("colors.PATTERN", "color", None, "colour of accounts"),
    ("regions.PATTERN", "region", None, "default region of accounts"),
)
TABLE = {row[0]: Setting(*row) for row in SETTINGS}
# 90 days is the longest sign-in that an organization can choose.
_MOST_HOURS = 90 * 24
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_PATTERN = ("PATTERN", account_colors.is_account_pattern, "pattern of accounts")
# In these tables, the user chooses the keys.
_NAMED: dict[str, tuple[str, Callable[[str], object], str]] = {
    "sessions": ("NAME", SESSION_NAME.fullmatch, "name for a session"),
    "tags": ("NAME", re.compile(r"[A-Za-z0-9_-]{1,64}").fullmatch, "name for a tag"),
    "colors": _PATTERN,
    "regions": _PATTERN,
}


def _is_text(value: object) -> bool:
    """Return False for a surrogate, which stands for a byte that is not UTF-8: TOML cannot contain
    it.
    """
    return isinstance(value, str) and value != "" and not re.search("[\0\ud800-\udfff]", value)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


class Kind(NamedTuple):
    """A kind of value. `parse` refuses some more values, and gives others their only form."""

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
    "port": Kind("a port, 1 to 65535", lambda value: type(value) is int and 0 < value < 65536),
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
    """Return the value in the form of `Settings.get`. Raises: ConfigInvalid, beginning with
    `place`.
    """
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
    elif setting.kind == "port" and re.fullmatch("[0-9]{1,5}", text.strip()):
        value = int(text)
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
        with suppress(ValueError):
            return list(json.loads(words[0]))
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
    template = key = ".".join(parts)
    if parts[0] in _NAMED and len(parts) == (3 if parts[0] == "sessions" else 2):
        placeholder, is_valid, what = _NAMED[parts[0]]
        template = ".".join((parts[0], placeholder, *parts[2:]))
        if not is_valid(parts[1]):
            raise ConfigInvalid(f'{place}"{show(parts[1], 80)}" is not a valid {what}')
    if template in TABLE and len(parts) == template.count(".") + 1:
        return TABLE[template]._replace(key=key)
    keys = [known.replace("NAME", parts[1]) if template != key else known for known in TABLE]
    question = "".join(f'did you mean "{near}"? ' for near in similar_names(key, keys)[:1])
    raise ConfigInvalid(
        f'{place}no setting named "{show(key, 80)}"',
        hint=f"{question}list all settings with: ssohelper config list",
    )


LIMIT_BYTES = 1 << 20
_TAG_HINT = "set a tag's patterns with: ssohelper config set tags.NAME PATTERN…"
# These settings name a program to run.
_COMMANDS = ("notify", "browser")
# Earlier versions had this table: keys of the full screen's actions.
_GONE = ("keys",)


class Settings(NamedTuple):
    """The settings of one run. `values` has those in the file, with their line numbers."""

    path: Path
    values: Mapping[str, tuple[Any, int]]
    environ: Mapping[str, str]
    policy: CompanyPolicy = NO_POLICY
    policy_place: str = ""
    ignored: str | None = None

    def with_policy(self, policy: CompanyPolicy, place: str) -> "Settings":
        """Return these settings with the policy in the file `place`. Raises: ConfigInvalid."""
        if policy.storage is not None:
            checked_value(TABLE["storage"], policy.storage, f'"{place}": ')
        return self._replace(policy=policy, policy_place=place)

    def without_commands(self) -> "Settings":
        found = self.values.items()
        kept = {key: value for key, value in found if key.rpartition(".")[2] not in _COMMANDS}
        return self._replace(values=kept)

    def with_value(self, key: str, value: Any) -> "Settings":
        others = {name: found for name, found in self.values.items() if name != key}
        return self._replace(values=others if value is None else {**others, key: (value, 1)})

    def get(self, key: str, session: str | None = None) -> Any:
        return self._value_and_origin(key, session)[0]

    def origin(self, key: str) -> str:
        return self._value_and_origin(key)[1]

    def source(self, key: str) -> str | None:
        """Return what sets a setting: a variable, FILE:LINE or policy file."""
        origin = self.origin(key)
        if origin == "policy":
            return self.policy_place
        if origin == "environment":
            return find_setting(key).variable
        return f"{self.path}:{self.values[key][1]}" if origin == "file" else None

    def has_session(self, name: str) -> bool:
        return any(split_key(key)[:2] == ("sessions", name) for key in self.values)

    def table(self, name: str) -> dict[str, Any]:
        """Return the values below `tags`, `colors` or `regions`, in the order of the file."""
        found = self.values.items()
        return {
            key[len(name) + 1 :]: value for key, (value, _) in found if key.startswith(f"{name}.")
        }

    def guard_rules(self) -> tuple[str, ...]:
        """Return the user's own `guard.rules`, with each tag replaced by its patterns."""
        rules, _ = self._without_policy("guard.rules")
        return guard_rules.expand_tags(rules, self.table("tags"))

    def undefined_tag(self) -> str | None:
        rules, _ = self._without_policy("guard.rules")
        name = guard_rules.find_undefined_tag(rules, self.table("tags"))
        if name is None:
            return None
        return f'a rule of "guard.rules" names the tag "{show(name, 80)}", which has no patterns'

    def _value_and_origin(self, key: str, session: str | None = None) -> tuple[Any, str]:
        if key == "storage" and self.policy.storage is not None:
            return self.policy.storage, "policy"
        value, origin = self._without_policy(key, session)
        if key == "guard.rules" and self.policy.guard_rules:
            return tuple(dict.fromkeys((*self.policy.guard_rules, *value))), "policy"
        return value, origin

    def _without_policy(self, key: str, session: str | None = None) -> tuple[Any, str]:
        own_key = f"sessions.{session}.{key}"
        if session is not None and own_key in self.values:
            return self.values[own_key][0], "file"
        of_session = TABLE.get(f"sessions.NAME.{key}") if session is not None else None
        setting = TABLE.get(key) or of_session or find_setting(key)
        text = self.environ.get(setting.variable) if setting.variable else None
        if text:
            return parse_text(setting, text, f"{setting.variable}: "), "environment"
        if key in self.values:
            return self.values[key][0], "file"
        return setting.default, "default"


def parse_settings(content: bytes, path: Path, environ: Mapping[str, str]) -> Settings:
    """Return the settings in the file's content and the environment.

    Raises: ConfigInvalid, which names the file and line, or the variable.
    """

    def place(line: int) -> str:
        return f'"{path}" line {line}: '

    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as cause:
        line = content.count(b"\n", 0, cause.start) + 1
        raise ConfigInvalid(
            f"{place(line)}the byte at offset {cause.start} is not UTF-8"
        ) from cause
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as cause:
        line, why = _line_and_error(cause, text)
        raise ConfigInvalid(f"{place(line)}{why}") from cause
    values: dict[str, tuple[Any, int]] = {}
    ignored = None
    for parts, value in _list_values(document, ()):
        line = find_line_of_key(text, parts)
        if parts[0] in _GONE:
            ignored = ignored or f'{place(line)}"{parts[0]}.*" is ignored: keys cannot be changed'
            continue
        setting = setting_of_parts(parts, place(line))
        values[setting.key] = checked_value(setting, value, place(line)), line
    settings = Settings(path, values, environ, ignored=ignored)
    wrong = settings.undefined_tag()
    if wrong:
        raise ConfigInvalid(f"{place(values['guard.rules'][1])}{wrong}", hint=_TAG_HINT)
    for key in filter(str.islower, TABLE):
        settings.get(key)  # raises if the setting's environment variable is invalid
    return settings


def check_new_value(settings: Settings, key: str, value: Any) -> None:
    wrong = settings.with_value(key, value).undefined_tag()
    if wrong:
        raise UsageProblem(wrong, hint=_TAG_HINT)


def _list_values(
    table: Mapping[str, Any], above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the parts of each key in the table and below it, and its value."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _list_values(value, (*above, name))
        else:
            yield (*above, name), value


_NAME = r"""(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)"""
_NAMES = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_NAMES})\s*\]")
_ASSIGNMENT = re.compile(rf"\s*({_NAMES})\s*=")


def find_line_of_key(text: str, parts: tuple[str, ...]) -> int:
    """Return the line that sets a key, or where its inline table begins."""
    table: tuple[str, ...] = ()
    best_line, best_length = 1, 0
    for number, line in enumerate(text.split("\n"), 1):
        header, assignment = _HEADER.match(line), _ASSIGNMENT.match(line)
        if header:
            table = _split_dotted(header.group(1))
        found = (*table, *_split_dotted(assignment.group(1))) if assignment else table
        if (header or assignment) and found == parts[: len(found)] and len(found) > best_length:
            best_line, best_length = number, len(found)
    return best_line


def _split_dotted(dotted: str) -> tuple[str, ...]:
    return tuple(name.strip("\"'") for name in re.findall(_NAME, dotted))


def _line_and_error(cause: BaseException, text: str) -> tuple[int, str]:
    said = str(cause)
    found = re.search(r"at line (\d+)", said)
    end = text.count("\n", 0, len(text.rstrip())) + 1 if "end of document" in said else 1
    first = (re.sub(r"\s*\(at .*\)$", "", said).splitlines() or [""])[0]
    why = show(first[:1].lower() + first[1:], 120) or "not TOML"
    return int(found.group(1)) if found else end, why
