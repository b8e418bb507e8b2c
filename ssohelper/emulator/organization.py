"""An emulated organization: OUs, accounts, people, groups, permission sets, assignments.

A person's roles are computed and never stored: an account that is added to an OU appears in the list
of each person with an assignment to that OU.
"""

import hashlib
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from ssohelper.emulator.addresses import partition_name

ROOT = "Root"
START_URL = "https://d-0000000000.awsapps.com/start"
REGION = "us-east-1"

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_PERMISSION_SET_NAME = re.compile(r"[\w+=,.@-]{1,32}", re.ASCII)

_IAM_ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)


class WorldError(ValueError):
    """Raised if the organization lacks an item, or for an impossible change."""


class Account(NamedTuple):
    id: str  # an account id has 12 digits, and may begin with zeros
    name: str
    email: str
    ou: str  # the path of the account's OU below the root: "Workloads/Production"


class Person(NamedTuple):
    user_name: str
    display_name: str
    email: str
    groups: frozenset[str] = frozenset()
    enabled: bool = True


class PermissionSet(NamedTuple):
    """A permission set, whose policies are not emulated."""

    name: str
    session_seconds: int = 3600
    description: str = ""


class Assignment(NamedTuple):
    principal: str  # a person's user name or a group's name
    permission_set: str
    target: str  # an account id or an OU's path


class IamRole(NamedTuple):
    """An IAM role. `trusts` are the trust policy's principals.

    They are account ids, and ARNs of accounts' roots, roles, users or sessions, which may have
    wildcards.
    """

    account_id: str
    name: str
    trusts: tuple[str, ...]
    external_id: str | None = None
    most_seconds: int = 3600
    needs_mfa: bool = False

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account_id}:role/{self.name}"


def unique_id_of_role(account_id: str, role_name: str) -> str:
    """The user ids of the role's sessions begin with this id."""
    return "AROA" + hashlib.sha256(f"{account_id}/{role_name}".encode()).hexdigest()[:17].upper()


class World:
    """The organization. Any thread may call any method."""

    def __init__(
        self, start_url: str = START_URL, region: str = REGION, name: str = "Example Corp"
    ) -> None:
        self.start_url = start_url
        self.region = region
        self.name = name
        self.ous: set[str] = {ROOT}
        self.accounts: dict[str, Account] = {}
        self.groups: set[str] = set()
        self.people: dict[str, Person] = {}
        self.permission_sets: dict[str, PermissionSet] = {}
        self.assignments: list[Assignment] = []
        self.iam_roles: dict[tuple[str, str], IamRole] = {}
        self._lock = threading.RLock()
        self._roles_by_person: dict[str, dict[str, tuple[str, ...]]] = {}

    @classmethod
    def of_size(cls, accounts: int, roles: int) -> "World":
        """Make an organization with one person, ana, who has `roles` roles in each account."""
        world = cls(name="Big Corp")
        world.add_person("ana")
        for number in range(accounts):
            world.add_account(f"0000{number:08d}", f"account-{number:05d}", ou="Workloads")
        for number in range(roles):
            world.add_permission_set(f"Role{number:02d}")
            world.assign("ana", f"Role{number:02d}", "Workloads")
        return world

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self._lock:
            self._roles_by_person.clear()
            yield

    def add_ou(self, path: str) -> str:
        """Add an OU and its parents. "Root" and "" both name the root."""
        with self._changing():
            clean = _normalize_ou_path(path)
            parts = [] if clean == ROOT else clean.split("/")
            for depth in range(1, len(parts) + 1):
                self.ous.add("/".join(parts[:depth]))
            return clean

    def add_account(
        self, account_id: str, name: str, email: str | None = None, ou: str = ROOT
    ) -> Account:
        if not _ACCOUNT_ID.fullmatch(account_id):
            raise WorldError(f"an account id has 12 digits, not {account_id!r}")
        with self._changing():
            if account_id in self.accounts:
                raise WorldError(f"the account {account_id!r} exists already")
            address = f"aws+{name}@example.com" if email is None else email
            account = Account(account_id, name, address, self.add_ou(ou))
            self.accounts[account_id] = account
            return account

    def remove_account(self, account_id: str) -> None:
        with self._changing():
            del self.accounts[self._find_account(account_id).id]
            self.assignments[:] = [a for a in self.assignments if a.target != account_id]

    def rename_account(self, account_id: str, name: str) -> None:
        with self._changing():
            self.accounts[account_id] = self._find_account(account_id)._replace(name=name)

    def move_account(self, account_id: str, ou: str) -> None:
        with self._changing():
            self.accounts[account_id] = self._find_account(account_id)._replace(ou=self.add_ou(ou))

    def add_group(self, name: str) -> str:
        with self._changing():
            if name in self.people:
                raise WorldError(f"{name!r} is a person, so no group can have that name")
            self.groups.add(name)
            return name

    def add_person(
        self,
        user_name: str,
        display_name: str | None = None,
        email: str | None = None,
        groups: Iterable[str] = (),
        enabled: bool = True,
    ) -> Person:
        with self._changing():
            if user_name in self.people or user_name in self.groups:
                raise WorldError(f"a person or group named {user_name!r} exists already")
            members = frozenset(self.add_group(group) for group in groups)
            person = Person(
                user_name,
                display_name or user_name.title(),
                email or f"{user_name}@example.com",
                members,
                enabled,
            )
            self.people[user_name] = person
            return person

    def add_permission_set(
        self, name: str, session_seconds: int = 3600, description: str = ""
    ) -> PermissionSet:
        """Replaces a permission set of the same name."""
        if not _PERMISSION_SET_NAME.fullmatch(name):
            raise WorldError(f"this is not a valid permission set's name: {name!r}")
        with self._changing():
            created = self.permission_sets[name] = PermissionSet(name, session_seconds, description)
        return created

    def remove_permission_set(self, name: str) -> None:
        with self._changing():
            if self.permission_sets.pop(name, None) is None:
                raise WorldError(f"no permission set named {name!r}")
            self.assignments[:] = [a for a in self.assignments if a.permission_set != name]

    def add_iam_role(
        self, account_id: str, name: str, trusts: Iterable[str], **more: Any
    ) -> IamRole:
        """Replaces a role of the same name. Its account need not belong to the organization."""
        if not _ACCOUNT_ID.fullmatch(account_id) or not _IAM_ROLE_NAME.fullmatch(name):
            raise WorldError(f"this is not an IAM role: {account_id!r}, {name!r}")
        created = IamRole(account_id, name, tuple(trusts), **more)
        with self._changing():
            self.iam_roles[account_id, name] = created
        return created

    def assign(self, principal: str, permission_set: str, target: str) -> Assignment:
        with self._changing():
            created = self._make_assignment(principal, permission_set, target)
            if created not in self.assignments:
                self.assignments.append(created)
            return created

    def unassign(self, principal: str, permission_set: str, target: str) -> None:
        with self._changing():
            gone = self._make_assignment(principal, permission_set, target)
            if gone not in self.assignments:
                raise WorldError(f"no such assignment: {', '.join(gone)}")
            self.assignments.remove(gone)

    def person(self, user_name: str) -> Person:
        found = self.people.get(user_name)
        if found is None:
            raise WorldError(f"no person named {user_name!r}")
        return found

    def roles_of(self, user_name: str) -> dict[str, tuple[str, ...]]:
        with self._lock:
            offer = self._roles_by_person.get(user_name)
            if offer is None:
                offer = self._roles_by_person[user_name] = self._compute_roles(user_name)
            return offer

    def provisioned_role_name(self, account_id: str, permission_set: str) -> str:
        seed = f"{self.start_url} {account_id} {permission_set}".encode()
        return f"AWSReservedSSO_{permission_set}_{hashlib.sha256(seed).hexdigest()[:16]}"

    def session_arn(self, account_id: str, permission_set: str, user_name: str) -> str:
        role = self.provisioned_role_name(account_id, permission_set)
        partition = partition_name(self.region)
        return f"arn:{partition}:sts::{account_id}:assumed-role/{role}/{user_name}"

    def _find_account(self, account_id: str) -> Account:
        found = self.accounts.get(account_id)
        if found is None:
            raise WorldError(f"there is no account with the id {account_id!r}")
        return found

    def _make_assignment(self, principal: str, permission_set: str, target: str) -> Assignment:
        if principal not in self.people and principal not in self.groups:
            raise WorldError(f"no person and no group named {principal!r}")
        if permission_set not in self.permission_sets:
            raise WorldError(f"no permission set named {permission_set!r}")
        if target not in self.accounts:
            target = _normalize_ou_path(target)
            if target not in self.ous:
                raise WorldError(f"no account and no OU has the id or path {target!r}")
        return Assignment(principal, permission_set, target)

    def _compute_roles(self, user_name: str) -> dict[str, tuple[str, ...]]:
        person = self.people.get(user_name)
        if person is None:
            return {}
        mine = {user_name} | person.groups
        by_target: dict[str, list[str]] = {}
        for principal, permission_set, target in self.assignments:
            if principal in mine:
                by_target.setdefault(target, []).append(permission_set)
        offer: dict[str, tuple[str, ...]] = {}
        for account in self.accounts.values():
            names: dict[str, None] = {}
            for target in (account.id, *_ou_and_its_parents(account.ou)):
                names.update(dict.fromkeys(by_target.get(target, ())))
            if names:
                offer[account.id] = tuple(names)
        return offer


def _normalize_ou_path(path: str) -> str:
    clean = path.strip("/")
    if clean in ("", ROOT):
        return ROOT
    return clean.removeprefix(f"{ROOT}/")


def _ou_and_its_parents(path: str) -> list[str]:
    if path == ROOT:
        return [ROOT]
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(len(parts), 0, -1)] + [ROOT]
