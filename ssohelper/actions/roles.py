"""Reads the roles to show in lists: from the saved listings, with their profiles and usage.

Reads only files and sends no request, so that a list appears at once.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import favourites
from ssohelper.core.config_file import ConfigFile, ProfileEntry, TargetRole, is_chain
from ssohelper.core.model import NEVER_USED, Account, Role, RoleKey, SsoSession, Usage
from ssohelper.core.role_rows import (
    RoleRow,
    ranked_rows,
    rows_of_profiles_without_ssohelper,
    rows_without_usage,
)

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.listing import Listing


class KnownRoles(NamedTuple):
    """The rows of a list of roles, in the order to show, and the sessions of these roles.

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
        """Return whether the list has a role of Identity Center, not only other tools' profiles."""
        return bool(self.rows) and not self.rows[0].provider


# Pairs of a profile and the role that it points at, or None if it points at no role.
_Targets = Sequence[tuple[ProfileEntry, TargetRole | None]]


def read_roles(
    app: "App", session_name: str | None = None, *, with_foreign_profiles: bool = False
) -> KnownRoles:
    """Return the roles of one or all sessions: those in saved listings and those of profiles.

    With `with_foreign_profiles` and without a session, profiles whose credentials another tool
    gives come last.
    """
    sessions = [
        session
        for session in app.config.read().sso_sessions()
        if session_name in (None, session.name)
    ]
    listings: dict[str, Listing] = {}
    for session in sessions:
        saved = app.directory.load(session.name)
        if saved is not None and saved.is_of_portal_of(session):
            listings[session.name] = saved
    targets = _read_profile_targets(app)
    owners = _SessionsOfProfiles(app.config.read(), sessions, _SavedLists(app, listings))
    profiles = _group_profile_names_by_role(targets, owners)
    with_session = {name for names in profiles.values() for name in names}
    used = favourites.load_usage_of_roles(app)
    rows: list[RoleRow] = []
    for session in sessions:
        if session.name in listings:
            rows += _take_rows_of_listing(session.name, listings[session.name], profiles, used)
    rows += _make_rows_of_unlisted_roles(profiles, rows, used)
    rows += _make_rows_of_chains(app, owners, rows, used)
    rows = ranked_rows(rows) if used else rows
    if with_foreign_profiles and session_name is None:
        others = [one for one in app.config.list_profiles() if one.name not in with_session]
        rows += _make_rows_of_foreign_profiles(app, others)
    listed_at = {name: saved.listed_at for name, saved in listings.items()}
    return KnownRoles(rows, listed_at, sessions)


def find_role_of_unwritten_profile(
    app: "App", name: str, rows: Sequence[RoleRow]
) -> RoleRow | None:
    """Return the role for which `profile sync` would write a profile of this name, or None.

    Only the name that the template gives counts, not the longer one that a name clash leads to.
    """
    # Imported here, because the first paint does not need the code for saved sync options.
    from ssohelper.core.choices import role_filter
    from ssohelper.core.profile_names import NameTemplate, UnnamedRole

    saved = {one: app.choices.load(one) for one in {row.session_name for row in rows} if one}
    for row in rows:
        if row.profiles or row.chained or row.provider:
            continue
        choices, role = saved[row.session_name], Role(row.account.id, row.role_name)
        template = choices.template or app.settings.get("name_template")
        named = NameTemplate(template, row.session_name).name(UnnamedRole(row.account, role))
        if named == name and role not in choices.removed:
            return row if role_filter(choices)(row.account, row.role_name) else None
    return None


def find_profile_names_by_role(
    app: "App", sessions: Sequence[SsoSession]
) -> dict[RoleKey, tuple[str, ...]]:
    """Return the names of the profiles in ~/.aws/config that point at each role of the sessions."""
    owners = _SessionsOfProfiles(app.config.read(), sessions, _SavedLists(app, {}))
    return _group_profile_names_by_role(_read_profile_targets(app), owners)


def _read_profile_targets(app: "App") -> _Targets:
    config = app.config.read()
    return [(entry, config.target_or_none(entry)) for entry in config.profiles()]


def _group_profile_names_by_role(
    targets: _Targets, owners: "_SessionsOfProfiles"
) -> dict[RoleKey, tuple[str, ...]]:
    found: dict[RoleKey, tuple[str, ...]] = {}
    for entry, target in targets:
        if target is None:
            continue
        for session in owners.find_sessions(target):
            key = session.key_of(target.role)
            found[key] = (*found.get(key, ()), entry.name)
    return found


class _SavedLists:
    """Finds the sessions whose saved list has a role."""

    def __init__(self, app: "App", listings: "Mapping[str, Listing]") -> None:
        self._app, self._listings = app, listings
        self._roles: dict[str, Collection[Role]] = {}
        self._is_recent: dict[str, bool] = {}

    def choose_sessions_of_role(
        self, sessions: Sequence[SsoSession], role: Role
    ) -> Sequence[SsoSession]:
        """Return the sessions whose list has the role; without any, those that may have it."""
        having = [one for one in sessions if role in self._find_listed_roles(one)]
        return having or [one for one in sessions if self._may_have_unlisted_role(one, role)]

    def _find_listed_roles(self, session: SsoSession) -> Collection[Role]:
        name = session.name
        if name not in self._roles:
            found = self._listings.get(name)
            self._roles[name] = found.role_set() if found else ()
        return self._roles[name]

    def _may_have_unlisted_role(self, session: SsoSession, role: Role) -> bool:
        """Return whether the session's list is missing, old, or without the role's account."""
        found, name = self._listings.get(session.name), session.name
        if found is None:
            return True
        if name not in self._is_recent:
            # Imported here: rarely needed, and slow to import.
            from ssohelper.actions import directory

            self._is_recent[name] = directory.is_listing_recent(
                self._app, session, found, of_this_sign_in=True
            )
        return not self._is_recent[name] or not found.lacks_role(role)


class _SessionsOfProfiles:
    """Finds the sessions whose sign-in a profile uses.

    A profile that names its session is looked up by that name, and each spelling of a start URL is
    compared with the sessions once: comparing 12,000 profiles with every session is slow.

    Profiles that name their portal only do not name a user: `lists` say which sessions have such a
    profile's role.
    """

    def __init__(
        self, config: ConfigFile, sessions: Sequence[SsoSession], lists: _SavedLists
    ) -> None:
        self._config, self._lists = config, lists
        self._by_name = {session.name: session for session in sessions}
        self._by_portal: dict[tuple[str, str | None], list[SsoSession]] = {}

    def find_sessions(self, target: TargetRole) -> Sequence[SsoSession]:
        """Return the sessions whose sign-in a profile with this target uses."""
        found = self._find_by_name_or_portal(target)
        if target.session_name:
            return found
        return self._lists.choose_sessions_of_role(found, target.role)

    def _find_by_name_or_portal(self, target: TargetRole) -> Sequence[SsoSession]:
        if target.session_name:
            named = self._by_name.get(target.session_name)
            return () if named is None else (named,)
        portal = target.form, target.start_url
        if portal not in self._by_portal:
            found = self._config.sessions_of_target(target)
            self._by_portal[portal] = [one for one in found if one.name in self._by_name]
        return self._by_portal[portal]


def _take_rows_of_listing(
    session_name: str,
    saved: "Listing",
    profiles: dict[RoleKey, tuple[str, ...]],
    used: dict[RoleKey, Usage],
) -> list[RoleRow]:
    """Return rows for the roles of a saved listing. Removes these roles from `profiles`."""
    # Accounts in which a role has a profile or was used. Roles of other accounts need no lookup.
    special = {key.account_id for key in (*profiles, *used) if key.session_name == session_name}
    rows: list[RoleRow] = []
    for listed in saved.accounts:
        if listed.account.id not in special:
            rows += rows_without_usage(session_name, listed.account, listed.roles)
            continue
        for role_name in listed.roles:
            key = RoleKey(session_name, listed.account.id, role_name)
            names = profiles.pop(key, ())
            rows.append(
                RoleRow(session_name, listed.account, role_name, names, used.get(key, NEVER_USED))
            )
    return rows


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


def _make_rows_of_foreign_profiles(app: "App", entries: Sequence[ProfileEntry]) -> list[RoleRow]:
    """Return rows for the profiles among `entries` whose credentials another tool gives."""
    if not entries:
        return []
    # Imported here, because few users have such profiles and the import delays the first screen.
    from ssohelper.actions import foreign_profiles

    found = foreign_profiles.list_usable_foreign_profiles(app, entries)
    return rows_of_profiles_without_ssohelper((one.name, one.what) for one in found)


def _make_rows_of_chains(
    app: "App",
    owners: _SessionsOfProfiles,
    rows: Sequence[RoleRow],
    used: dict[RoleKey, Usage],
) -> list[RoleRow]:
    """Return rows for chains: profiles that assume a role with a role of these sessions."""
    config = app.config.read()
    found = [entry for entry in config.profiles() if is_chain(entry)]
    if not found:
        return []
    # Imported here, because few users have chains and the import delays the first screen.
    from ssohelper.core import chains

    accounts = {(row.session_name, row.account.id): row.account for row in rows}
    made = []
    for entry in found:
        chain = chains.find_chain_or_none(config, entry)
        if chain is None:
            continue
        for session in owners.find_sessions(chain.target):
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
