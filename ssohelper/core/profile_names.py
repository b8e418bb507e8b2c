"""Names new profiles: fills in the template, maps characters to safe ones, resolves clashes.

No other module decides a profile's name. Existing names never change: the caller passes the names
that are taken, and only roles that have no profile yet.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ssohelper.core.model import ACCOUNT_ID, Account, Role
from ssohelper.core.text import show
from ssohelper.errors import UsageProblem

PROFILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,255}")
FIELDS = ("account_name", "account_id", "account_email", "role_name", "session")
# Characters that not every SDK's parser accepts in an unquoted name.
_LETTER_OR_DIGIT = re.compile("[A-Za-z0-9]")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_FIELD = re.compile(r"\{([a-z_]*)\}")
# How many characters of a field are used. AWS limits an account's name to 50 characters, but an
# answer from the network may hold a longer one.
_FIELD_LIMIT = 64
_LAST_ATTEMPT = 3


class UnnamedRole(NamedTuple):
    """A role that has no profile yet, with its account."""

    account: Account
    role: Role


def checked_template(text: str) -> str:
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


def checked_name(text: str) -> str:
    """Return the name unchanged. Raises: UsageProblem unless every SDK can read it."""
    if not PROFILE_NAME.fullmatch(text):
        raise UsageProblem(
            f'"{show(text, 80)}" is not a valid name for a profile',
            hint="allowed are letters, digits, dot, dash and underscore, a letter or digit first",
        )
    return text


def plain_name(template: str, session_name: str, unnamed: UnnamedRole) -> str:
    """Return the profile name that the template gives for a role. It may clash with other names."""
    account, role = unnamed
    values = {
        "account_name": account.name,
        "account_id": account.id,
        "account_email": account.email,
        "role_name": role.name,
        "session": session_name,
    }

    def safe_value(match: re.Match[str]) -> str:
        safe = _UNSAFE.sub("-", values[match.group(1)][:_FIELD_LIMIT])
        if match.group(1).startswith("account_") and is_foreign_id(safe, account):
            return account.id
        return safe if _LETTER_OR_DIGIT.search(safe) else account.id

    return _FIELD.sub(safe_value, template).lstrip("._-")


def is_foreign_id(name: str, account: Account) -> bool:
    """Return whether an account's name looks like the id of another account.

    Such a name is not used, because someone could give an account the id of your production account
    as its name.
    """
    plain = name.strip("._- ")
    return ACCOUNT_ID.fullmatch(plain) is not None and plain != account.id


def names_for(
    unnamed: Iterable[UnnamedRole], *, template: str, session_name: str, taken: Iterable[str]
) -> Mapping[Role, str]:
    """Return a free name for each role. A role for which no name is free is not in the result.

    Names that differ only in case clash. Every role of a clash gets a longer name: first with
    SESSION. in front, then also with the account id, then also with six hex digits of the role
    name's SHA-256. Since every role of a clash gets such a name, the order of roles has no effect.
    """
    taken_lower = {name.lower() for name in taken} | {"default"}
    plain = {item.role: plain_name(template, session_name, item) for item in unnamed}
    attempts = dict.fromkeys(plain, 0)

    def name_of(role: Role) -> str:
        return _longer_name(plain[role], session_name, role, attempts[role])

    while True:
        roles_by_name: dict[str, list[Role]] = defaultdict(list)
        for role in attempts:
            roles_by_name[name_of(role).lower()].append(role)
        clashing = [
            role
            for name, roles in roles_by_name.items()
            if len(roles) > 1 or name in taken_lower
            for role in roles
        ]
        if not clashing:
            return {role: name_of(role) for role in attempts}
        for role in clashing:
            if attempts[role] == _LAST_ATTEMPT:
                del attempts[role]
            else:
                attempts[role] += 1


def _longer_name(plain: str, session_name: str, role: Role, attempt: int) -> str:
    parts = [plain]
    if attempt >= 1:
        parts.insert(0, session_name)
    if attempt >= 2:
        parts.append(role.account_id)
    if attempt >= 3:
        parts.append(hashlib.sha256(role.name.encode()).hexdigest()[:6])
    return ".".join(parts)
