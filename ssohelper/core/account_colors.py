"""Finds the colour and label of an account by the rules of the settings `colors."PATTERN"`."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

from ssohelper.core.choices import make_value_finder
from ssohelper.core.model import Account

COLORS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_VALUE = re.compile(rf"({'|'.join(COLORS)})(?: +(\S(?:.{{0,18}}\S)?))?")
_LONGEST_PATTERN = 100


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

    The heading above other tools' profiles is an account without an id, and gets no colour.
    """
    marks = ((pattern, parse_color_and_label(value, pattern)) for pattern, value in rules.items())
    find = make_value_finder(marks, None)
    return cache(lambda account: find(account) if account.id else None)
