"""Makes profile names from a template. No other module decides the name of a new profile.

A clash is decided for the whole account: all its new profiles have the same account part (the name
without the role). If another account, of any organization, has this part, the session's name is put
in front, then the account id behind.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from ssohelper.core.model import ACCOUNT_ID, Account, Role
from ssohelper.core.text import show
from ssohelper.errors import UsageProblem

PROFILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,255}")
FIELDS = ("account_name", "account_id", "account_email", "role_name", "session")
_LETTER_OR_DIGIT = re.compile("[A-Za-z0-9]")
# Matches characters in profile names that some SDK's config parser refuses without quotes.
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_FIELD = re.compile(r"\{([a-z_]*)\}")
# AWS's limit for an account's name is 50, but an answer from the network may hold a longer one.
_FIELD_LIMIT = 64
_SEPARATORS = "._-"
# A clashing name gets the session's name in front (level 1), then the account id (2), then a hash
# of the role's name (3).
_WITH_ID, _WITH_HASH = 2, 3


class UnnamedRole(NamedTuple):
    """A role that has no profile yet, with its account."""

    account: Account
    role: Role


class WrittenName(NamedTuple):
    """An existing profile; `role` is None if it cannot be read.

    `is_own`: the profile belongs to the session whose profiles get names, or to no session.
    """

    name: str
    role: Role | None = None
    is_own: bool = True


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


def is_foreign_id(name: str, account: Account) -> bool:
    """Return whether an account's name looks like another account's id."""
    plain = name.strip("._- ")
    return ACCOUNT_ID.fullmatch(plain) is not None and plain != account.id


class NameTemplate:
    def __init__(self, template: str, session_name: str) -> None:
        self.session_name = session_name
        self._pieces = template.split("{role_name}")
        fields = _FIELD.findall(template)
        self._names_account = any(name.startswith("account_") for name in fields)
        self._filled: dict[Account, list[str]] = {}

    def name(self, unnamed: UnnamedRole) -> str:
        role = _safe_role_name(unnamed.role)
        return role.join(self._pieces_of_account(unnamed.account)).lstrip(_SEPARATORS)

    def longer_name(self, plain: str, role: Role, level: int) -> str:
        if level == 0:
            return plain
        parts = [self.session_name, plain, role.account_id]
        if level == _WITH_HASH:
            parts.append(hashlib.sha256(role.name.encode()).hexdigest()[:6])
        return ".".join(parts[: level + 1])

    def account_part(self, account: Account) -> tuple[str, str] | None:
        """Return the texts before and behind the role in the names of the account's profiles.

        None if the template has no account, or not the role exactly once.
        """
        pieces = self._pieces_of_account(account)
        if len(pieces) != 2 or not self._names_account:
            return None
        return pieces[0].lstrip(_SEPARATORS), pieces[1]

    def _pieces_of_account(self, account: Account) -> list[str]:
        found = self._filled.get(account)
        if found is None:
            values = {
                "account_name": account.name,
                "account_id": account.id,
                "account_email": account.email,
                "session": self.session_name,
            }

            def safe_value(match: re.Match[str]) -> str:
                safe = _UNSAFE.sub("-", values[match[1]][:_FIELD_LIMIT])
                is_account = match[1].startswith("account_")
                if is_account and is_foreign_id(safe, account):
                    return account.id
                return safe if _LETTER_OR_DIGIT.search(safe) else account.id

            found = [_FIELD.sub(safe_value, piece) for piece in self._pieces]
            self._filled[account] = found
        return found


class Namer:
    """Chooses the names of profiles.

    `unnamed` are all listed roles without a managed profile. `skipped` roles get no profile, but
    count for clashes, so that names do not depend on filters. The names of `written` profiles are
    taken, regardless of case.
    """

    def __init__(
        self,
        unnamed: Collection[UnnamedRole],
        template: NameTemplate,
        *,
        written: Iterable[WrittenName] = (),
        skipped: Collection[Role] = (),
    ) -> None:
        self._template, self._skipped = template, skipped
        self._plain = {item.role: template.name(item) for item in unnamed}
        accounts = {item.account.id: item.account for item in unnamed}
        self._parts = {name: template.account_part(one) for name, one in accounts.items()}
        # Maps an existing name to the roles of its profiles. 20,000 sets would take 4 MB.
        self._owners: dict[str, tuple[Role | None, ...]] = {"default": (None,)}
        # Maps an account part to the accounts whose profiles have it, each with `is_own`.
        self._part_owners: dict[str, set[tuple[str, bool]]] = defaultdict(set)
        self._levels = dict.fromkeys(accounts, 0)
        self._hashed: set[Role] = set()
        for item in written:
            name = item.name.lower()
            owner = item.role if item.is_own else None
            self._owners[name] = (*self._owners.get(name, ()), owner)
            if item.role is not None:
                for part in _possible_account_parts(name, item.role):
                    self._part_owners[part].add((item.role.account_id, item.is_own))
            if owner is not None:
                self._keep_level_of_account(name, owner)

    def _keep_level_of_account(self, name: str, role: Role) -> None:
        part = self._parts.get(role.account_id)
        if part is not None:
            plain = _safe_role_name(role).join(part)
            for level in range(self._levels[role.account_id] + 1, _WITH_ID + 1):
                if self._template.longer_name(plain, role, level).lower() == name:
                    self._levels[role.account_id] = level

    def choose_names(self) -> dict[Role, str]:
        """Return each role's name, as long as needed; none if even the longest is taken."""
        while True:
            names = {}
            for role, plain in self._plain.items():
                level = _WITH_HASH if role in self._hashed else self._levels[role.account_id]
                names[role] = self._template.longer_name(plain, role, level)
            clashing = self._find_clashing_roles(names)
            accounts = self._find_clashing_accounts() | {role.account_id for role in clashing}
            if not accounts:
                return names
            for role in clashing:
                if self._levels[role.account_id] >= _WITH_ID:
                    if role in self._hashed:
                        del self._plain[role]
                    self._hashed.add(role)
            for account_id in accounts:
                self._levels[account_id] = min(self._levels[account_id] + 1, _WITH_ID)

    def _find_clashing_roles(self, names: Mapping[Role, str]) -> set[Role]:
        clashing: set[Role] = set()
        first: dict[str, Role] = {}
        first_wanted: dict[str, Role] = {}
        for role, name in names.items():
            key, is_skipped = name.lower(), role in self._skipped
            other = first.setdefault(key, role)
            if other.account_id != role.account_id:
                clashing |= {role, other}
            # A skipped role gets no profile, so its name clashes with no role of its account. A
            # profile of this name may be that role's own.
            other = role if is_skipped else first_wanted.setdefault(key, role)
            owners = set(self._owners.get(key, ()))
            if other != role or owners - ({role} if is_skipped else set()):
                clashing |= {role, other}
        return clashing

    def _find_clashing_accounts(self) -> set[str]:
        """Return the accounts that must change their part, because another account has it."""
        accounts_by_part = defaultdict[str, set[str]](set)
        for account_id, part in self._parts.items():
            if part is not None:
                session = f"{self._template.session_name}." if self._levels[account_id] else ""
                accounts_by_part[_joined_part(session + part[0], part[1])].add(account_id)
        found = set()
        for part_text, accounts in accounts_by_part.items():
            owners = self._part_owners.get(part_text, set())
            for account_id in accounts:
                own = (account_id, True)
                is_clash = owners - {own} or (len(accounts) > 1 and own not in owners)
                if is_clash and self._levels[account_id] < _WITH_ID:
                    found.add(account_id)
        return found


def _safe_role_name(role: Role) -> str:
    safe = _UNSAFE.sub("-", role.name[:_FIELD_LIMIT])
    return safe if _LETTER_OR_DIGIT.search(safe) else role.account_id


def _possible_account_parts(name: str, role: Role) -> list[str]:
    """Return the parts of a profile's name that a reader may take for the account's name.

    If the name does not end with the role, it could be each part up to a separator.
    """
    before, found, after = name.rpartition(_safe_role_name(role).lower())
    if found and (not after or after.startswith(f".{role.account_id}")):
        return [_joined_part(before, "")]
    ends = [number for number, letter in enumerate(name) if letter in _SEPARATORS]
    return [_joined_part(before, after), *(_joined_part(name[:end], "") for end in (*ends, None))]


def _joined_part(before: str, after: str) -> str:
    return f"{before.lower().rstrip(_SEPARATORS)}\0{after.lower().lstrip(_SEPARATORS)}"
