"""Finds the roles that a pasted text names, such as AWS's error, a console URL, an export line."""

import re
from collections.abc import Iterable, Sequence

# Compiled when first used: most searches need none of them.
_ACCOUNT_ID = r"(?<![0-9])(?:[0-9]{12}|[0-9]{4}-[0-9]{4}-[0-9]{4})(?![0-9])"
# Matches the caller's account in the ARN of a role or role session, and the account's id in the ARN
# of an account. Other ids in a text name the accounts of resources, or the organization's
# management account.
_FIRST_ID = r"(?:::(?=[0-9]{12}:(?:assumed-)?role/)|:account/o-[a-z0-9]+/)([0-9]{12})(?![0-9])"
# The name of a permission set's IAM role.
_SSO_ROLE = r"AWSReservedSSO_([A-Za-z0-9_+=,.@-]+)_[0-9a-f]{16}(?![0-9a-f])"
_PROFILE = (
    r"""(?:AWS_(?:DEFAULT_)?PROFILE["']?(?:\s*[=:]\s*|\s+)|--profile[\s=]\s*|\[profile\s+)"""
    r"""["']?([^\s"',;\]]+)"""
)
_URL_CODE = "%([0-7][0-9a-fA-F])"
_LONGEST_TEXT = 20_000
# A text of an account's id and at most three more words was typed: it is searched word by word.
_MOST_TYPED_WORDS = 4


def find_named_rows(
    text: str, account_ids: Sequence[str], role_names: Sequence[str], profiles: Sequence[str]
) -> list[int]:
    """Return the numbers of the rows that the text names; a row has one item of each sequence.

    `profiles` are a row's profile names, with spaces between them. If the text sets a profile or
    gives one as an option, that profile's row is returned; else the roles that it names in an
    account that it names, or all roles of that account if it names none of them. [] if the text is
    only a few typed words, or excludes a word.
    """
    if any(word.startswith("!") for word in text.split()):
        return []
    text = re.sub(_URL_CODE, lambda code: chr(int(code[1], 16)), text[:_LONGEST_TEXT])
    for name in re.findall(_PROFILE, text):
        for names in (profiles, role_names):  # `role_names` has other tools' profiles
            named = [number for number, each in enumerate(names) if name in each.split(" ")]
            if named:
                return named
    known: dict[str, list[int]] = {account_id: [] for account_id in _ids_in_text(text)}
    for number, account_id in enumerate(account_ids if known else ()):
        if account_id in known:
            known[account_id].append(number)
    groups = [group for group in known.values() if group]
    for group in groups:
        named_roles = _names_in_text(text, {role_names[number] for number in group})
        if named_roles:
            return [number for number in group if role_names[number] in named_roles]
    if groups:
        return groups[0]
    sets = set(re.findall(_SSO_ROLE, text))
    return [number for number, name in enumerate(role_names if sets else ()) if name in sets]


def _ids_in_text(text: str) -> Iterable[str]:
    words = text.split()
    has_few = len(words) <= _MOST_TYPED_WORDS
    is_typed = has_few and any(re.fullmatch(_ACCOUNT_ID, word) for word in words)
    found = [] if is_typed else re.findall(_FIRST_ID, text) + re.findall(_ACCOUNT_ID, text)
    return (account_id.replace("-", "") for account_id in found)


def _names_in_text(text: str, names: set[str]) -> set[str]:
    """Return the names that are whole words of the text, in capital or small letters.

    Of names that begin alike, the longest is returned.
    """
    longest_first = sorted(names, key=len, reverse=True)
    pattern = "|".join(map(re.escape, longest_first))
    found = re.findall(rf"(?<![A-Za-z0-9])(?:{pattern})(?![A-Za-z0-9])", text, re.IGNORECASE)
    folded = {word.casefold() for word in found}
    return {name for name in names if name.casefold() in folded}
