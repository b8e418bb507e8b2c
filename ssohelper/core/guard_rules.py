"""Which roles are guarded: the rules of `guard.rules`. The only place that says what a rule means.

A rule is `[SESSION:]ACCOUNT/ROLE` or `[SESSION:]ACCOUNT`, each part a glob pattern in any case;
the account by its name or its id. A part left empty stands for any.
"""

import re
from collections.abc import Iterable, Iterator
from fnmatch import translate
from functools import lru_cache
from typing import NamedTuple

from ssohelper.core.model import Account

# What stands before a guarded role wherever one is shown. None that a shell gives a meaning to:
# `!` is one in a prompt of zsh.
SIGN = "@@"


class _Reading(NamedTuple):
    """One way to read a rule: a pattern for each part."""

    session: re.Pattern[str]
    account: re.Pattern[str]
    role: re.Pattern[str]


def is_guarded(rules: Iterable[str], session_name: str, account: Account, role_name: str) -> bool:
    """Tell whether any of the rules guards this role.

    A role whose account has no known name ("") is matched by the account's id alone.
    """
    session, role = session_name.casefold(), role_name.casefold()
    names = [text.casefold() for text in (account.name, account.id) if text]
    return any(
        reading.session.match(session)
        and reading.role.match(role)
        and any(reading.account.match(name) for name in names)
        for rule in rules
        for reading in _readings(rule)
    )


@lru_cache(maxsize=256)
def _readings(rule: str) -> tuple[_Reading, ...]:
    return tuple(_each_reading(rule))


def _each_reading(rule: str) -> Iterator[_Reading]:
    """Give every way to read the rule: a name of an account may hold a colon or a slash.

    A guard that holds too much is noticed, one that holds too little is not: all of them count.
    """
    place, slash, role = rule.rpartition("/") if "/" in rule else (rule, "", "")
    for where, what in {(place, role), (rule, "")} if slash else {(place, role)}:
        session, colon, account = where.partition(":")
        yield _reading("", where, what)
        if colon:
            yield _reading(session, account, what)


def _reading(session: str, account: str, role: str) -> _Reading:
    return _Reading(
        *(re.compile(translate(part.casefold() or "*")) for part in (session, account, role))
    )
