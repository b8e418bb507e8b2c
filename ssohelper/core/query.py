"""Reads what a user types into a search: words, exclusions, account ids, names of roles."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

# Compiled when first used: the first paint of the full screen needs no pattern.
_DASHED_ID = r"(?a)\d{4}-(?:\d{1,4}|\d{4}-\d{0,4})"
_SIGNED = r"(?s)(!?)('?)(\^?)(.+?|)(\$?)"
# A word that begins with one of these is not read as [SESSION:]ACCOUNT/ROLE.
_SIGNS = ("!", "'", "^")

# Matches the Unicode names of accented letters; two letters have names of another form.
_ACCENTED = r"LATIN (?:SMALL|CAPITAL) LETTER ([A-Z]) WITH .+"
_NAMED_OTHERWISE = {"ß": "s", "ı": "i"}

# The longest word that is searched as a subsequence; a word of 200 characters took 15 s.
_LONGEST_FUZZY = 64


class Term(NamedTuple):
    """A word in lower case; `other` is another spelling of it, or "".

    `is_fuzzy`: other characters may stand between the word's own. `at_start`, `at_end`: the word
    matches only at a field's start, end.
    """

    text: str
    is_fuzzy: bool = False
    is_excluded: bool = False
    at_start: bool = False
    at_end: bool = False
    other: str = ""

    @property
    def spellings(self) -> tuple[str, ...]:
        return (self.text, self.other) if self.other else (self.text,)


def parse_query(query: str | Iterable[str], *, fuzzy: bool = False) -> list[Term]:
    """Return the terms of a search. With `fuzzy`, plain words may be found as subsequences.

    `!word` excludes rows; `'word` matches as a whole, `^word` at a field's start, `word$` at its
    end. [SESSION:]ACCOUNT/ROLE means its parts.
    """
    words = [query] if isinstance(query, str) else query
    return [term for text in words for word in text.split() for term in _terms_of_word(word, fuzzy)]


def fold_case(text: str) -> str:
    """Return the text in lower case, of the same length."""
    if text.isascii():
        low = text.lower()
        return text if low == text else low  # so that both texts are one object in memory
    # A few characters, such as U+0130, become two characters in lower case. They stay as they are.
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)


def without_accents(text: str) -> str:
    """Return the text without accents, of the same length."""
    return text if text.isascii() else "".join(map(_base_letter, text))


@cache
def _base_letter(character: str) -> str:
    named = re.fullmatch(_ACCENTED, unicodedata.name(character, ""))
    return named[1].lower() if named else _NAMED_OTHERWISE.get(character, character)


def _terms_of_word(word: str, fuzzy: bool) -> list[Term]:
    text = fold_case(word)
    parts = _names_in_address(text)
    if len(parts) > 1:
        return [term for part in parts for term in _terms_of_word(part, fuzzy)]
    signs = re.fullmatch(_SIGNED, parts[0] if parts else text)
    if signs is None or not (text := signs[4]):
        return []  # only a sign such as "!", before its word is typed
    is_excluded, is_exact, at_start, at_end = (bool(signs[n]) for n in (1, 2, 3, 5))
    other = text.replace("-", "") if re.fullmatch(_DASHED_ID, text) else ""
    # Scattered digits would match nearly every account id.
    is_plain = not (is_excluded or is_exact or at_start or at_end or other or text.isdigit())
    is_fuzzy = fuzzy and is_plain and len(text) <= _LONGEST_FUZZY
    return [Term(text, is_fuzzy, is_excluded, at_start, at_end, other)]


def _names_in_address(text: str) -> list[str]:
    """Return the parts of a complete or incomplete [SESSION:]ACCOUNT/ROLE; else []."""
    if "://" in text or text.startswith(("arn:", *_SIGNS)):
        return []
    account, _, role = text.rpartition("/") if "/" in text else (text, "", "")
    parts = [part for part in (*account.split(":", 1), role) if part]
    has_signs = any(part.startswith(_SIGNS) or part.endswith("$") for part in parts)
    return [] if has_signs else parts
