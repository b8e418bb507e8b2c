"""Applies the allow-list SSOHELPER_ALLOW: the roles that a program and its children may get.

The variable holds lists separated by `;`. Each list holds patterns separated by `,`. A role must
match a pattern of each list, so that a child that adds a list can only lose roles. A pattern is
`[SESSION:]ACCOUNT/ROLE`, of globs without regard to case; `\\,` is a comma inside a name. A pattern
without a slash matches no role: a program that edits the config would decide what a profile's name
stands for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ssohelper.core.model import RoleKey
from ssohelper.core.text import compile_glob

VARIABLE = "SSOHELPER_ALLOW"
# Names the JSON file with the accounts' names when `exec` started, by id: a renamed account adds no
# role to a running program.
NAMES_VARIABLE = "SSOHELPER_ALLOW_NAMES"
_LISTS, _PATTERNS = ";", ","
_ESCAPED = "\\,"
_BETWEEN_PATTERNS = re.compile(r"(?<!\\),")
SEPARATORS = _LISTS + _PATTERNS


class AllowList(NamedTuple):
    """Patterns are compared with `account_names` (by id), or present names if these are None."""

    lists: tuple[tuple[str, ...], ...]
    account_names: Mapping[str, str] | None = None

    def allows(self, key: RoleKey, account_name: str) -> bool:
        """`account_name` is the account's present name; "" if unknown: then only ids match."""
        if self.account_names is not None:
            account_name = self.account_names.get(key.account_id, "")
        return all(
            any(_pattern_matches_role(pattern, key, account_name) for pattern in patterns)
            for patterns in self.lists
        )

    def find_pattern_without_role(self) -> str | None:
        """Return the first pattern that has no slash and so matches no role."""
        patterns = (pattern for patterns in self.lists for pattern in patterns)
        return next((pattern for pattern in patterns if "/" not in pattern), None)

    def with_further_list(self, patterns: Iterable[str]) -> AllowList:
        return self._replace(lists=(*self.lists, tuple(patterns)))

    @property
    def text(self) -> str:
        return _LISTS.join(
            _PATTERNS.join(pattern.replace(_PATTERNS, _ESCAPED) for pattern in patterns)
            for patterns in self.lists
        )


def parse_allow_list(text: str, account_names: Mapping[str, str] | None = None) -> AllowList:
    """An empty text, or an empty list in it, allows nothing."""
    return AllowList(tuple(map(_parse_role_patterns, text.split(_LISTS))), account_names)


def _parse_role_patterns(text: str) -> tuple[str, ...]:
    found = (one.strip().replace(_ESCAPED, _PATTERNS) for one in _BETWEEN_PATTERNS.split(text))
    return tuple(filter(None, found))


# A pattern is read in one way only, because a second way would allow more roles. A guard rule is
# read in every way, because that guards more.
def _pattern_matches_role(pattern: str, key: RoleKey, account_name: str) -> bool:
    account, slash, role = pattern.rpartition("/")
    if not slash:
        return False
    session, colon, account_alone = account.partition(":")
    if colon:
        account = account_alone
    return (
        (not colon or _pattern_matches_text(session, key.session_name))
        and _pattern_matches_text(role, key.role_name)
        and (
            _pattern_matches_text(account, key.account_id)
            or bool(account_name and _pattern_matches_text(account, account_name))
        )
    )


def _pattern_matches_text(pattern: str, text: str) -> bool:
    return compile_glob(pattern.casefold()).match(text.casefold()) is not None
