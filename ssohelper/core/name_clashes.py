"""Decides the names of new profiles. A clash is decided for the whole account, not for one role.

All new profiles of an account have the same account part: the name without the role. An account
part that is also that of another account, in this or another organization, gets the session in
front and then the account id. No other module decides a profile's name. Existing names never
change.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from ssohelper.core.model import Role
from ssohelper.core.profile_names import (
    AccountPart,
    UnnamedRole,
    account_part_of_template,
    name_from_template,
    safe_role_name,
)

# How a clashing profile name gets longer: level 1 puts the session's name in front, level 2 adds
# the account id at the end, level 3 also a hash of the role's name.
_WITH_ID, _WITH_HASH = 2, 3
_SEPARATORS = "._-"
# The owner of a profile name: an account id, and whether the account is one of the session whose
# profiles get names.
_Owner = tuple[str, bool]


class WrittenName(NamedTuple):
    """An existing profile with the role that it points at; `role` is None if it cannot be read.

    `is_own`: the profile belongs to the session whose profiles get names, or to no session.
    `session_name`: the session that the profile names, if any.
    """

    name: str
    role: Role | None = None
    is_own: bool = True
    session_name: str | None = None


def choose_names(
    unnamed: Iterable[UnnamedRole],
    *,
    template: str,
    session_name: str,
    written: Iterable[WrittenName] = (),
    skipped: Collection[Role] = (),
) -> Mapping[Role, str]:
    """Return a free profile name for each role. A role for which no name is free is not in the result.

    `unnamed` are all listed roles without a managed profile: those that get a profile now, and the
    `skipped` ones, which get none. Skipped roles count for the clashes of their account, so that
    names do not depend on filters. A name is not free if a `written` profile has it, or has it in
    another case.
    """
    return _Namer(list(unnamed), template, session_name, list(written), skipped).choose_names()


class _Namer:
    def __init__(
        self,
        unnamed: list[UnnamedRole],
        template: str,
        session_name: str,
        written: list[WrittenName],
        skipped: Collection[Role],
    ) -> None:
        self._session_name = session_name
        self._skipped = skipped
        self._plain = {
            item.role: name_from_template(template, session_name, item) for item in unnamed
        }
        self._accounts = {item.account.id: item.account for item in unnamed}
        self._parts = {
            account.id: account_part_of_template(template, session_name, account)
            for account in self._accounts.values()
        }
        # The roles of each existing name, as tuples: 20,000 sets would take 4 MB.
        self._owners: dict[str, tuple[Role | None, ...]] = {"default": (None,)}
        for item in written:
            name, owner = item.name.lower(), item.role if item.is_own else None
            self._owners[name] = (*self._owners.get(name, ()), owner)
        is_role_last = all(part is None or not part.after for part in self._parts.values())
        self._written_parts = _owners_by_account_part(written, is_role_last=is_role_last)
        self._shortened_parts = _owners_by_account_part(
            filter(None, map(_shortened_written_name, written)), is_role_last=is_role_last
        )
        self._levels = dict.fromkeys(self._accounts, 0)
        self._settled = self._keep_name_levels_of_accounts(written)
        self._written_levels = dict(self._levels)
        self._hashed: set[Role] = set()

    def choose_names(self) -> dict[Role, str]:
        """Return the profile names, after making clashing names longer until none clashes."""
        while True:
            names = {role: self._name_at_level(role) for role in self._plain}
            clashing = self._clashing_roles(names)
            accounts = self._clashing_accounts() | {role.account_id for role in clashing}
            if not accounts:
                return names
            for account_id in accounts:
                self._levels[account_id] += 1
            for role in clashing:
                if self._levels[role.account_id] <= _WITH_ID:
                    continue
                if role in self._hashed:
                    del self._plain[role]
                self._hashed.add(role)
            self._levels = {name: min(level, _WITH_ID) for name, level in self._levels.items()}

    def _keep_name_levels_of_accounts(self, written: list[WrittenName]) -> set[str]:
        """Give an account's new names the form of its old names. Return the accounts with old names."""
        names = {
            (item.name.lower(), item.role.account_id): item
            for item in written
            if item.role and item.role.account_id in self._parts
        }
        settled = set()
        for (name, account_id), item in names.items():
            part = self._parts.get(account_id)
            if part is None or item.role is None or not item.is_own:
                continue
            plain = "".join((part.before, safe_role_name(item.role), part.after))
            for level in range(_WITH_ID + 1):
                if (
                    _name_at_length_level(plain, self._session_name, item.role, level).lower()
                    == name
                ):
                    settled.add(account_id)
                    self._levels[account_id] = max(level, self._levels[account_id])
        return settled

    def _name_at_level(self, role: Role) -> str:
        level = _WITH_HASH if role in self._hashed else self._levels[role.account_id]
        return _name_at_length_level(self._plain[role], self._session_name, role, level)

    def _clashing_roles(self, names: Mapping[Role, str]) -> list[Role]:
        """Return the roles whose new profile name another role or an existing profile has."""
        roles_by_name: dict[str, list[Role]] = defaultdict(list)
        for role, name in names.items():
            roles_by_name[name.lower()].append(role)
        clashing = []
        for name, roles in roles_by_name.items():
            is_of_several = len({role.account_id for role in roles}) > 1
            # A skipped role and another role of its account do not clash: only the other role gets
            # a profile.
            is_wanted_twice = sum(role not in self._skipped for role in roles) > 1
            clashing += [
                role
                for role in roles
                if is_of_several
                or (is_wanted_twice and role not in self._skipped)
                or not self._is_name_free(name, role)
            ]
        return clashing

    def _is_name_free(self, name: str, role: Role) -> bool:
        owners = self._owners.get(name, ())
        # A skipped role may already have the profile whose name it would get.
        return not owners or (role in self._skipped and set(owners) == {role})

    def _clashing_accounts(self) -> set[str]:
        """Return the accounts whose profile names would, without the role, equal another account's."""
        accounts_by_part: dict[str, set[str]] = defaultdict(set)
        for account_id, part in self._parts.items():
            if part is not None:
                accounts_by_part[self._account_part_at_level(account_id, part)].add(account_id)
        clashing = set()
        for part_text, accounts in accounts_by_part.items():
            owners = self._written_parts.get(part_text, set())
            # Accounts that already have profile names with this account part keep it; the other
            # accounts get longer names.
            staying = accounts & self._settled
            # Longer names of other accounts count too: without session and account id, they have
            # this account part.
            before = self._shortened_parts.get(part_text, set())
            for account_id in accounts:
                others = accounts - {account_id}
                gives_way = others if account_id not in self._settled else staying - {account_id}
                known = owners if self._begins_like_written_names(account_id) else owners | before
                if gives_way or known - {(account_id, True)}:
                    clashing.add(account_id)
        return {name for name in clashing if self._levels[name] < _WITH_ID}

    def _begins_like_written_names(self, account_id: str) -> bool:
        """Return whether existing profile names of the account begin as its new names would."""
        level = self._written_levels[account_id]
        return account_id in self._settled and self._levels[account_id] == level

    def _account_part_at_level(self, account_id: str, part: AccountPart) -> str:
        before, after = part
        if self._levels[account_id] > 0:
            before = f"{self._session_name}.{before}"
        return _joined_account_part(before, after)


def _owners_by_account_part(
    written: Iterable[WrittenName], *, is_role_last: bool
) -> Mapping[str, set[_Owner]]:
    """Return, by account part (a profile name without the role), the accounts with this part."""
    owners: dict[str, set[_Owner]] = defaultdict(set)
    for item in written:
        if item.role is not None:
            for part in _possible_account_parts(
                item.name.lower(), item.role, is_role_last=is_role_last
            ):
                owners[part].add((item.role.account_id, item.is_own))
    return owners


def _shortened_written_name(item: WrittenName) -> WrittenName | None:
    """Return the profile with session and account id cut off its name; None if it has no session."""
    prefix = f"{item.session_name}.".lower()
    if item.role is None or item.session_name is None or not item.name.lower().startswith(prefix):
        return None
    behind = rf"\.{re.escape(item.role.account_id)}(\.[0-9a-f]{{6}})?$"
    return item._replace(name=re.sub(behind, "", item.name[len(prefix) :]))


def _possible_account_parts(name: str, role: Role, *, is_role_last: bool) -> list[str]:
    """Return the beginnings of a profile name that a reader may take for the account's name.

    If the role is not at the end of the name, each part up to a separator could be the account's
    name.
    """
    safe = safe_role_name(role).lower()
    if not is_role_last:
        before, _, after = name.partition(safe)
        return [_joined_account_part(before, after)]
    before, found, after = name.rpartition(safe)
    if found and (not after or after.startswith(f".{role.account_id}")):
        return [_joined_account_part(before, "")]
    ends = [number for number, letter in enumerate(name) if letter in _SEPARATORS]
    return [_joined_account_part(name[:end], "") for end in (*ends, len(name))]


def _joined_account_part(before: str, after: str) -> str:
    return f"{before.lower().rstrip(_SEPARATORS)}\0{after.lower().lstrip(_SEPARATORS)}"


def _name_at_length_level(plain_name: str, session_name: str, role: Role, level: int) -> str:
    parts = [plain_name]
    if level >= 1:
        parts.insert(0, session_name)
    if level >= _WITH_ID:
        parts.append(role.account_id)
    if level >= _WITH_HASH:
        parts.append(hashlib.sha256(role.name.encode()).hexdigest()[:6])
    return ".".join(parts)
