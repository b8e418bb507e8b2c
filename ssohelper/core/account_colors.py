"""Finds an account's colour and label: by the settings `colors."PATTERN"`, else by its name."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

from ssohelper.core.choices import make_value_finder
from ssohelper.core.model import Account

COLORS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_VALUE = re.compile(rf"({'|'.join(COLORS)})(?: +(\S(?:.{{0,18}}\S)?))?")
_LONGEST_PATTERN = 100
# The words of a name, also in camel case: `paymentsProd`, `PRODData`.
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_PRODUCTION = frozenset({"prod", "prd", "production", "live"})
_NOT_PRODUCTION = frozenset({"non", "pre", "not"})


class ColorAndLabel(NamedTuple):
    """The label is for terminals that show no colours."""

    color: str
    label: str


def is_account_pattern(pattern: str) -> bool:
    return pattern.isprintable() and 0 < len(pattern.strip()) == len(pattern) <= _LONGEST_PATTERN


def parse_color_and_label(setting_value: str, pattern: str) -> ColorAndLabel | None:
    """Return the colour and label in a setting's value, such as "red production".

    The default label is the pattern's text: "prod" for "*prod*".
    """
    found = _VALUE.fullmatch(setting_value)
    if found is None or not setting_value.isprintable():
        return None
    label = found.group(2) or re.sub(r"\[.*?\]|[*?]", "", pattern).strip(" -_.")
    return ColorAndLabel(found.group(1), label or found.group(1))


def make_account_color_finder(
    rules: Mapping[str, str],
) -> Callable[[Account], ColorAndLabel | None]:
    """Return a function that finds colour and label by the first rule that matches an account.

    Where none does, a name with a word for production gives red and `[prod]`. The heading above
    other tools' profiles is an account without an id, and gets no colour.
    """
    marks = ((pattern, parse_color_and_label(value, pattern)) for pattern, value in rules.items())
    find = make_value_finder(marks, None)
    production = ColorAndLabel("red", "prod")

    def find_mark(account: Account) -> ColorAndLabel | None:
        if not account.id:
            return None
        return find(account) or (production if is_production(account.name) else None)

    return cache(find_mark)


def is_production(name: str) -> bool:
    """Return whether a whole word of the name says so: `orders-prod`, not `nonprod`, `pre-prod`."""
    words = [word.lower() for word in _WORD.findall(name)]
    return any(
        word in _PRODUCTION and before not in _NOT_PRODUCTION
        for before, word in zip(["", *words], words, strict=False)
    )
