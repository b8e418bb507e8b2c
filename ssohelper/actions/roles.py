"""Reads the roles to show in lists: from the saved listings, with their profiles and usage.

Reads only files and sends no request, so that a list appears at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import favourites
from ssohelper.core import chains
from ssohelper.core.config_file import ConfigFile, ProfileEntry, TargetRole
from ssohelper.core.model import NEVER_USED, Account, RoleKey, SsoSession, Usage
from ssohelper.core.role_rows import (
    RoleRow,
    ranked_rows,
    rows_of_profiles_without_ssohelper,
    rows_without_usage,
)
from ssohelper.core.serving_sessions import find_sessions_of_target

if TYPE_CHECKING:
    from ssohelper.app import App


class KnownRoles(NamedTuple):
    """The rows of a list of roles, in their order, and the sessions that they are of.

    `listed_at` is when (epoch seconds) each session's saved listing began, by session name.
    """

    rows: list[RoleRow]
    listed_at: dict[str, int]
    sessions: list[SsoSession]

    @property
    def sessions_without_listing(self) -> list[SsoSession]:
        """Return the sessions that have no saved listing."""
        return [session for session in self.sessions if session.name not in self.listed_at]

    @property
    def has_role(self) -> bool:
        """Return whether the list has a role of Identity Center, not only other profiles."""
        return bool(self.rows) and not self.rows[0].provider


# Pairs of a profile and the role that it points at, or None if it points at no role.
_Targets = Sequence[tuple[ProfileEntry, TargetRole | None]]


def read_roles(
    app: App, session_name: str | None = None, *, with_foreign_profiles: bool = False
) -> KnownRoles:
    """Return the roles of one or all sessions: those in listings and those of profiles.

    With `with_foreign_profiles` and without a session, profiles whose credentials ssohelper does
    not get come last.
    """
    sessions = [
        session
        for session in app.config.read().sso_sessions()
        if session_name in (None, session.name)
    ]
    targets = _read_profile_targets(app)
    owners = _SessionsOfProfiles(app.config.read(), sessions)
    profiles = _group_profile_names_by_role(targets, owners)
    used = favourites.load_usage_of_roles(app)
    rows: list[RoleRow] = []
    listed_at: dict[str, int] = {}
    for session in sessions:
        saved = app.directory.load(session.name)
        if saved is None or not saved.is_of_portal_of(session):
            continue
        listed_at[session.name] = saved.listed_at
        # Accounts in which a role has a profile or was used. Roles of other accounts need no
        # lookup.
        special = {key.account_id for key in (*profiles, *used) if key.session_name == session.name}
        for listed in saved.accounts:
            if listed.account.id not in special:
                rows += rows_without_usage(session.name, listed.account, listed.roles)
                continue
            for role_name in listed.roles:
                key = RoleKey(session.name, listed.account.id, role_name)
                names = profiles.pop(key, ())
                rows.append(
                    RoleRow(
                        session.name, listed.account, role_name, names, used.get(key, NEVER_USED)
                    )
                )
    rows += _make_rows_of_unlisted_roles(profiles, rows, used)
    rows += _make_rows_of_chains(app, owners, rows, used)
    rows = ranked_rows(rows) if used else rows
    if with_foreign_profiles and session_name is None:
        with_role = {entry.name for entry, target in targets if target is not None}
        others = [one for one in app.config.list_profiles() if one.name not in with_role]
        rows += _make_rows_of_foreign_profiles(app, others)
    return KnownRoles(rows, listed_at, sessions)


def find_profile_names_by_role(
    app: App, sessions: Sequence[SsoSession]
) -> dict[RoleKey, tuple[str, ...]]:
    """Return the names of the profiles in ~/.aws/config that point at each role of the sessions."""
    owners = _SessionsOfProfiles(app.config.read(), sessions)
    return _group_profile_names_by_role(_read_profile_targets(app), owners)


def _read_profile_targets(app: App) -> _Targets:
    config = app.config.read()
    return [(entry, config.target_or_none(entry)) for entry in config.profiles()]


def _group_profile_names_by_role(
    targets: _Targets, owners: _SessionsOfProfiles
) -> dict[RoleKey, tuple[str, ...]]:
    found: dict[RoleKey, tuple[str, ...]] = {}
    for entry, target in targets:
        if target is None:
            continue
        for session in owners.find(target):
            key = session.key_of(target.role)
            found[key] = (*found.get(key, ()), entry.name)
    return found


class _SessionsOfProfiles:
    """Finds the sessions to whose roles a profile belongs, because it uses their sign-in.

    A profile that names its session is looked up by that name, and each spelling of a start URL is
    compared with the sessions once: comparing 12,000 profiles with every session is slow.
    """

    def __init__(self, config: ConfigFile, sessions: Sequence[SsoSession]) -> None:
        self._config = config
        self._by_name = {session.name: session for session in sessions}
        self._by_portal: dict[tuple[str, str | None], list[SsoSession]] = {}

    def find(self, target: TargetRole) -> Sequence[SsoSession]:
        """Return the sessions whose sign-in a profile with this target uses."""
        if target.session_name:
            named = self._by_name.get(target.session_name)
            return () if named is None else (named,)
        portal = target.form, target.start_url
        if portal not in self._by_portal:
            found = find_sessions_of_target(self._config, target)
            self._by_portal[portal] = [one for one in found if one.name in self._by_name]
        return self._by_portal[portal]


def _make_rows_of_unlisted_roles(
    profiles: dict[RoleKey, tuple[str, ...]], rows: Sequence[RoleRow], used: dict[RoleKey, Usage]
) -> list[RoleRow]:
    """Return a list's rows for roles that have a profile but are in no saved listing."""
    accounts = {(row.session_name, row.account.id): row.account for row in rows} if profiles else {}
    return [
        RoleRow(
            key.session_name,
            accounts.get((key.session_name, key.account_id)) or Account(key.account_id, "", ""),
            key.role_name,
            names,
            used.get(key, NEVER_USED),
        )
        for key, names in profiles.items()
    ]


def _make_rows_of_foreign_profiles(app: App, entries: Sequence[ProfileEntry]) -> list[RoleRow]:
    """Return a list's rows for those of the profiles whose credentials ssohelper does not get."""
    if not entries:
        return []
    from ssohelper.actions import foreign  # few have such profiles: not before the first paint

    found = foreign.list_usable_foreign_profiles(app, entries)
    return rows_of_profiles_without_ssohelper((one.name, one.what) for one in found)


def _make_rows_of_chains(
    app: App,
    owners: _SessionsOfProfiles,
    rows: Sequence[RoleRow],
    used: dict[RoleKey, Usage],
) -> list[RoleRow]:
    """Return rows for chains: profiles that assume a role with a role of these sessions."""
    config = app.config.read()
    found = [entry for entry in config.profiles() if chains.is_chain(entry)]
    if not found:
        return []
    accounts = {(row.session_name, row.account.id): row.account for row in rows}
    made = []
    for entry in found:
        chain = chains.find_chain_or_none(config, entry)
        if chain is None:
            continue
        for session in owners.find(chain.target):
            key, assumed = session.key_of(chain.role), chain.assumed_role
            account = accounts.get((session.name, assumed.account_id))
            made.append(
                RoleRow(
                    session.name,
                    account or Account(assumed.account_id, "", ""),
                    assumed.name,
                    (entry.name,),
                    used.get(key, NEVER_USED),
                    key,
                )
            )
    return made
