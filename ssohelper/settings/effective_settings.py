"""Reads config.toml, and decides which value of a setting is in force: no other module does.

The company's policy wins over the variable SSOHELPER_*, that over the file, then comes the default.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ssohelper.core import guard_rules
from ssohelper.core.company_policy import NO_POLICY, CompanyPolicy
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid, UsageProblem
from ssohelper.settings.definitions import (
    TABLE,
    checked_value,
    find_setting,
    parse_text,
    setting_of_parts,
    split_key,
)

LIMIT_BYTES = 1 << 20
_TAG_HINT = "set a tag's patterns with: ssohelper config set tags.NAME PATTERN…"
# The settings that name a program to run.
_COMMANDS = ("notify", "browser")
# Tables of earlier versions: keys of the full screen's actions.
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

    def split(self, key: str) -> tuple[str, ...]:
        return split_key(key)

    def has_session(self, name: str) -> bool:
        return any(split_key(key)[:2] == ("sessions", name) for key in self.values)

    def setting_keys(self) -> list[str]:
        return sorted({*filter(str.islower, TABLE), *self.values})

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
    """Return the line and the message of the TOML parser's error."""
    said = str(cause)
    found = re.search(r"at line (\d+)", said)
    end = text.count("\n", 0, len(text.rstrip())) + 1 if "end of document" in said else 1
    first = (re.sub(r"\s*\(at .*\)$", "", said).splitlines() or [""])[0]
    why = show(first[:1].lower() + first[1:], 120) or "not TOML"
    return int(found.group(1)) if found else end, why
