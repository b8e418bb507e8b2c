"""Decides which managed profiles `profile sync --prune` removes. Writes nothing."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

from ssohelper.core.choices import role_filter
from ssohelper.core.config_file import ConfigFile, ProfileEntry
from ssohelper.core.model import Account, Role
from ssohelper.core.profile_keys import Skipped
from ssohelper.core.source_profiles import find_profile_that_names_each_source
from ssohelper.core.sync_request import SyncRequest

# For each role, its managed profiles, each with its form.
ManagedProfiles = defaultdict[Role, list[tuple[ProfileEntry, str]]]


class Removal(NamedTuple):
    """Which managed profiles are removed, and which stay.

    `stale` are the profiles whose role is no longer listed, whether they are removed or not.
    `skipped` are profiles that would be removed if no other profile referred to them.
    """

    stale: tuple[ProfileEntry, ...]
    removed: tuple[ProfileEntry, ...]
    staying: ManagedProfiles
    skipped: tuple[Skipped, ...] = ()


def plan_profile_removal(
    config: ConfigFile, request: SyncRequest, managed: ManagedProfiles
) -> Removal:
    """Return which of the managed profiles are removed.

    Prune removes managed profiles whose role is gone, or left out by filters given now. Profiles of
    an account whose roles AWS refused to list, or did not list, are never removed.
    """
    if request.only_roles:
        return Removal((), (), managed)
    wanted = set[Role]()  # not used without new filters: a set of 20,000 roles takes 4 MB
    if request.has_new_filters:
        wanted = _find_roles_that_match_filters(request, managed)
    listed_roles = request.listing.role_set()
    unknown_accounts = {
        one.account.id for one in request.listing.accounts if one.refused or not one.answered
    }
    known = [role for role in managed if role.account_id not in unknown_accounts]
    stale = [
        role
        for role in known
        if role not in listed_roles and (role in wanted or not request.has_new_filters)
    ]
    if not (request.prune and request.listing.is_complete):
        return Removal(_profiles_of_roles(managed, stale), (), managed)
    left_out, skipped = list[Role](), list[Skipped]()
    # Filters that match no listed role are probably mistyped: then no profile is removed for being
    # outside the filters.
    if request.has_new_filters and any(role in listed_roles for role in wanted):
        left_out, skipped = _split_off_roles_of_source_profiles(
            config, managed, [role for role in known if role not in wanted]
        )
    gone = {*stale, *left_out}
    removed = [role for role in managed if role in gone]
    staying: ManagedProfiles = defaultdict(list)
    staying.update((role, entries) for role, entries in managed.items() if role not in gone)
    return Removal(
        _profiles_of_roles(managed, stale),
        _profiles_of_roles(managed, removed),
        staying,
        tuple(skipped),
    )


def _find_roles_that_match_filters(request: SyncRequest, managed: ManagedProfiles) -> set[Role]:
    """Return the roles, listed or with a managed profile, that match the filters."""
    is_within_filters = role_filter(request.choices)
    accounts = {one.account.id: one.account for one in request.listing.accounts}
    return {
        role
        for role in chain(managed, request.listing.roles())
        if is_within_filters(
            accounts.get(role.account_id, Account(role.account_id, "", "")), role.name
        )
    }


def _split_off_roles_of_source_profiles(
    config: ConfigFile, managed: ManagedProfiles, roles: Iterable[Role]
) -> tuple[list[Role], list[Skipped]]:
    """Return the roles whose profiles may be removed, and the source profiles that must stay."""
    users, found, skipped = (
        find_profile_that_names_each_source(config),
        list[Role](),
        list[Skipped](),
    )
    for role in roles:
        used = [entry.name for entry, _form in managed[role] if entry.name in users]
        skipped += [
            Skipped(name, f'not removed, because the profile "{users[name]}" refers to it')
            for name in used
        ]
        found += [] if used else [role]
    return found, skipped


def _profiles_of_roles(managed: ManagedProfiles, roles: Iterable[Role]) -> tuple[ProfileEntry, ...]:
    return tuple(entry for role in roles for entry, _form in managed[role])
