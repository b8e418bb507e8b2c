"""Finds values in quotes. AWS tools take the quotes as a part of the value. Pure.

Source: botocore and the other SDKs read values as they are written, from the first to the last
character that is not blank.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ssohelper.core.config_file import ConfigFile, ProfileEntry
from ssohelper.core.config_text import REMOVE_QUOTES, is_quoted
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid

_KEYS = frozenset(
    (
        *("sso_start_url", "sso_region", "sso_account_id", "sso_role_name", "sso_session"),
        *("granted_sso_start_url", "granted_sso_account_id", "granted_sso_role_name"),
        *("region", "role_arn", "source_profile", "credential_source"),
    )
)


class QuotedValue(NamedTuple):
    """A key whose value is in quotes; `line` is its line number, from 1."""

    key: str
    line: int


def find_quoted_values(config: ConfigFile, header: str) -> Iterator[QuotedValue]:
    """Yield the values in quotes of the section with this header, for the keys that name a role."""
    section = config.text.sections.get(header)
    for key, found in section.keys.items() if section is not None else ():
        if key in _KEYS and is_quoted(found.value):
            yield QuotedValue(key, found.lines[0] + 1)


def has_quoted_values(config: ConfigFile | None, entry: ProfileEntry) -> bool:
    return config is not None and any(find_quoted_values(config, entry.header))


def quoted_values_text(quoted_values: Sequence[QuotedValue]) -> str:
    *first, last = (f'"{one.key}"' for one in quoted_values)
    named = f"{', '.join(first)} and {last}" if first else last
    return f"the value of {named} is in quotes, which AWS tools take as a part of it"


def remove_quotes_text(config: ConfigFile, quoted_values: Sequence[QuotedValue]) -> str:
    """Return the hint to remove the quotes of these values, with lines and file."""
    lines = ", ".join(str(one.line) for one in quoted_values)
    in_lines = f"in line{'s' if len(quoted_values) > 1 else ''} {lines}"
    return f"{REMOVE_QUOTES} {in_lines} of {show(config.origin, 200)}"


def check_no_quoted_values(config: ConfigFile, entry: ProfileEntry) -> None:
    found = list(find_quoted_values(config, entry.header))
    if found:
        raise ConfigInvalid(
            f'profile "{show(entry.name, 80)}": {quoted_values_text(found)}',
            hint=remove_quotes_text(config, found),
        )
