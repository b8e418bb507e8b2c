"""Reads the text of config.toml: decodes it, finds the line of a key, rewords TOML's errors."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ssohelper.core.account_colors import COLORS
from ssohelper.core.sign_in_notices import DESKTOP
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid

# 90 days is the longest session that IAM Identity Center lets an organization choose.
MOST_HOURS = 90 * 24
TAG_HINT = "set a tag's patterns with: ssohelper config set tags.NAME PATTERN…"


def decode_settings_file(content: bytes, path: Path) -> str:
    """Return the content as text. Raises: ConfigInvalid, with the line, if it is not UTF-8."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as cause:
        line = content.count(b"\n", 0, cause.start) + 1
        raise ConfigInvalid(
            f"{file_and_line_text(path, line)}: the byte at offset {cause.start} is not UTF-8"
        ) from cause


def list_keys_and_values(
    table: Mapping[str, Any], above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each key in `table` and in all tables below it, with its value.

    A key is given as the names of its tables and its own name.
    """
    for name, value in table.items():
        if isinstance(value, dict):
            yield from list_keys_and_values(value, (*above, name))
        else:
            yield (*above, name), value


_NAME = r"""(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)"""
_NAMES = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_NAMES})\s*\]")
_ASSIGNMENT = re.compile(rf"\s*({_NAMES})\s*=")


def find_line_of_key(text: str, parts: tuple[str, ...]) -> int:
    """Return the number of the line that sets a key, or on which the key's inline table begins."""
    table: tuple[str, ...] = ()
    best_line, best_length = 1, 0
    for number, line in enumerate(text.split("\n"), 1):
        header, assignment = _HEADER.match(line), _ASSIGNMENT.match(line)
        if header:
            table = _split_dotted_key(header.group(1))
        found = (*table, *_split_dotted_key(assignment.group(1))) if assignment else table
        if (header or assignment) and found == parts[: len(found)] and len(found) > best_length:
            best_line, best_length = number, len(found)
    return best_line


def _split_dotted_key(dotted: str) -> tuple[str, ...]:
    return tuple(name.strip("\"'") for name in re.findall(_NAME, dotted))


def file_and_line_text(path: Path, line: int) -> str:
    """Return a file and line number in the form in which error messages name them."""
    return f'"{path}" line {line}'


def find_line_of_toml_error(cause: BaseException, text: str) -> int:
    """Return the line number that an error of the TOML parser names; 1 if it names none."""
    found = re.search(r"at line (\d+)", str(cause))
    if found:
        return int(found.group(1))
    return text.count("\n", 0, len(text.rstrip())) + 1 if "end of document" in str(cause) else 1


def toml_error_without_line(cause: BaseException) -> str:
    """Return the TOML parser's error message without its line number, which we print first."""
    text = re.sub(r"\s*\(at .*\)$", "", str(cause)).splitlines() or [""]
    return show(text[0][:1].lower() + text[0][1:], 120) or "not TOML"


def tag_without_patterns_text(name: str) -> str:
    """Return the error message for a guard rule that names a tag without patterns."""
    return f'a rule of "guard.rules" names the tag "{show(name, 80)}", which has no patterns'


def describe_expected_value(kind: str, choices: tuple[str, ...]) -> str:
    """Return what a setting of this kind must be, for an error message."""
    if kind == "choice":
        return " or ".join(f'"{choice}"' for choice in choices)
    return {
        "bool": "true or false",
        "hours": f"a number of hours, at most {MOST_HOURS}",
        "duration": "a duration such as 45m, 12h or 2d",
        "texts": "a list of texts",
        "portals": "a list of further portals, each REGION=START_URL",
        "tag": "a list of patterns; a tag names no other tag",
        "notify": f'a list of texts, or "{DESKTOP}"',
        "text": "a text",
        "color": f"a colour ({', '.join(COLORS)}), or a colour and a label of at most 20 characters",
        "template": "a text",
        "region": "an AWS region",
        "keys": "a key, or several keys separated by commas",
    }[kind]
