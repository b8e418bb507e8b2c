"""Names of profiles: the template, its mapping to safe characters, and what clashes get.

The only place that decides how a profile is called. A written name never moves: callers hand in
the names that are taken, and ask for names of roles that have none.
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
# What every SDK's parser reads as a name, without quotes (protocol: the intersection to write).
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_FIELD = re.compile(r"\{([a-z_]*)\}")
# Names from AWS may be anything; an account's name is at most 50 characters there.
_FIELD_LIMIT = 64
_LAST_STEP = 3


class UnnamedRole(NamedTuple):
    """A role that needs a name, with its account."""

    account: Account
    role: Role


def checked_template(text: str) -> str:
    """Return the template when its fields are known and the rest is safe. Raises: UsageProblem."""
    for field in _FIELD.findall(text):
        if field not in FIELDS:
            known = " ".join(f"{{{name}}}" for name in FIELDS)
            raise UsageProblem(f'the template has no field "{field}"', hint=f"fields: {known}")
    rest = _FIELD.sub("", text)
    if _UNSAFE.search(rest) or not _FIELD.search(text) or len(text) > 200:
        raise UsageProblem(
            f'"{show(text, 80)}" is no template for names',
            hint="fields, and between them letters, digits, dot, dash and underscore; such as: "
            "{account_name}.{role_name}",
        )
    return text


def checked_name(text: str) -> str:
    """Return the name when it is one that every SDK reads. Raises: UsageProblem."""
    if not PROFILE_NAME.fullmatch(text):
        raise UsageProblem(
            f'"{show(text, 80)}" cannot be the name of a profile',
            hint="letters, digits, dot, dash and underscore, beginning with a letter or digit",
        )
    return text


def plain_name(template: str, session_name: str, wanted: UnnamedRole) -> str:
    """Return the name before clashes are looked at."""
    account, role = wanted
    values = {
        "account_name": account.name,
        "account_id": account.id,
        "account_email": account.email,
        "role_name": role.name,
        "session": session_name,
    }

    def mapped(match: re.Match[str]) -> str:
        safe = _UNSAFE.sub("-", values[match.group(1)][:_FIELD_LIMIT])
        if match.group(1).startswith("account_") and is_foreign_id(safe, account):
            return account.id
        return safe if re.search("[A-Za-z0-9]", safe) else account.id

    return _FIELD.sub(mapped, template).lstrip("._-")


def is_foreign_id(name: str, account: Account) -> bool:
    """Return whether a name would be taken for the id of another account.

    Whoever names accounts could give one the id of your production account for its name.
    """
    plain = name.strip("._- ")
    return ACCOUNT_ID.fullmatch(plain) is not None and plain != account.id


def names_for(
    wanted: Iterable[UnnamedRole], *, template: str, session_name: str, taken: Iterable[str]
) -> Mapping[Role, str]:
    """Return a free name for each role; a role that gets none is missing.

    Two that clash, also in upper and lower case, climb together: SESSION. in front, then the
    account id, then six hex digits of the role name's SHA-256. So no order matters.
    """
    occupied = {name.lower() for name in taken} | {"default"}
    plain = {item.role: plain_name(template, session_name, item) for item in wanted}
    steps = dict.fromkeys(plain, 0)

    def name_of(role: Role) -> str:
        return _rung(plain[role], session_name, role, steps[role])

    while True:
        claims: dict[str, list[Role]] = defaultdict(list)
        for role in steps:
            claims[name_of(role).lower()].append(role)
        clashing = [
            role
            for name, roles in claims.items()
            if len(roles) > 1 or name in occupied
            for role in roles
        ]
        if not clashing:
            return {role: name_of(role) for role in steps}
        for role in clashing:
            if steps[role] == _LAST_STEP:
                del steps[role]
            else:
                steps[role] += 1


def _rung(plain: str, session_name: str, role: Role, step: int) -> str:
    parts = [plain]
    if step >= 1:
        parts.insert(0, session_name)
    if step >= 2:
        parts.append(role.account_id)
    if step >= 3:
        parts.append(hashlib.sha256(role.name.encode()).hexdigest()[:6])
    return ".".join(parts)
