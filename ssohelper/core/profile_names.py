"""Makes profile names from a template, and replaces unsafe characters in them.

core/name_clashes.py decides the names of new profiles.
"""

import re
from typing import NamedTuple

from ssohelper.core.model import ACCOUNT_ID, Account, Role
from ssohelper.core.text import show
from ssohelper.errors import UsageProblem

PROFILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,255}")
FIELDS = ("account_name", "account_id", "account_email", "role_name", "session")
# Matches characters in profile names that some SDK's config parser refuses without quotes.
_LETTER_OR_DIGIT = re.compile("[A-Za-z0-9]")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_FIELD = re.compile(r"\{([a-z_]*)\}")
# How many characters of a template field's value are used. AWS limits an account's name to 50
# characters, but an answer from the network may hold a longer one.
_FIELD_LIMIT = 64


class UnnamedRole(NamedTuple):
    """A role that has no profile yet, with its account."""

    account: Account
    role: Role


class AccountPart(NamedTuple):
    """The text that a template puts before the role's name, and the text behind it."""

    before: str
    after: str


def checked_name_template(text: str) -> str:
    """Return the template unchanged. Raises: UsageProblem for unknown fields or unsafe text."""
    for field in _FIELD.findall(text):
        if field not in FIELDS:
            known = " ".join(f"{{{name}}}" for name in FIELDS)
            raise UsageProblem(
                f'the template has no field "{field}"', hint=f"known fields: {known}"
            )
    rest = _FIELD.sub("", text)
    if _UNSAFE.search(rest) or not _FIELD.search(text) or len(text) > 200:
        raise UsageProblem(
            f'"{show(text, 80)}" is not a valid name template',
            hint="write fields, with letters, digits, dot, dash and underscore between them, "
            "such as: {account_name}.{role_name}",
        )
    return text


def checked_profile_name(text: str) -> str:
    """Return the profile name unchanged. Raises: UsageProblem if some SDK could not read the name."""
    if not PROFILE_NAME.fullmatch(text):
        raise UsageProblem(
            f'"{show(text, 80)}" is not a valid name for a profile',
            hint="allowed are letters, digits, dot, dash and underscore, a letter or digit first",
        )
    return text


def name_from_template(template: str, session_name: str, unnamed: UnnamedRole) -> str:
    """Return the profile name that the template gives for a role. It may clash with other names."""
    return _fill_in_template(template, session_name, unnamed).lstrip("._-")


def account_part_of_template(
    template: str, session_name: str, account: Account
) -> AccountPart | None:
    """Return the account part of the profile names that the template gives for this account.

    None if the template does not name the account, or does not name the role exactly once.
    """
    fields = _FIELD.findall(template)
    if fields.count("role_name") != 1 or not any(name.startswith("account_") for name in fields):
        return None
    before, after = template.split("{role_name}")
    nameless = UnnamedRole(account, Role(account.id, ""))
    return AccountPart(
        _fill_in_template(before, session_name, nameless).lstrip("._-"),
        _fill_in_template(after, session_name, nameless),
    )


def safe_role_name(role: Role) -> str:
    """Return a role's name as it appears in profile names, with unsafe characters replaced."""
    safe = _UNSAFE.sub("-", role.name[:_FIELD_LIMIT])
    return safe if _LETTER_OR_DIGIT.search(safe) else role.account_id


def _fill_in_template(template: str, session_name: str, unnamed: UnnamedRole) -> str:
    account, role = unnamed
    values = {
        "account_name": account.name,
        "account_id": account.id,
        "account_email": account.email,
        "session": session_name,
    }

    def safe_field_value(match: re.Match[str]) -> str:
        if match.group(1) == "role_name":
            return safe_role_name(role)
        safe = _UNSAFE.sub("-", values[match.group(1)][:_FIELD_LIMIT])
        if match.group(1).startswith("account_") and is_id_of_other_account(safe, account):
            return account.id
        return safe if _LETTER_OR_DIGIT.search(safe) else account.id

    return _FIELD.sub(safe_field_value, template)


def is_id_of_other_account(name: str, account: Account) -> bool:
    """Return whether an account's name looks like the id of another account.

    Such a name is not used, because someone could give an account the id of your production account
    as its name.
    """
    plain = name.strip("._- ")
    return ACCOUNT_ID.fullmatch(plain) is not None and plain != account.id
