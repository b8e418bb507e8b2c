"""Reads the roles to show in lists from files: saved listings, profiles and usage."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.core.config_file import ConfigFile, ProfileEntry, TargetRole, is_chain
from ssohelper.core.model import NEVER_USED, Account, Role, RoleKey, SsoSession, Usage
from ssohelper.core.privileged import make_privileged_test
from ssohelper.core.role_rows import RoleRow, foreign_profile_rows, ranked_rows, rows_without_usage
from ssohelper.core.served_role import find_served_role

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.listing import Listing

_Profiles = dict[RoleKey, tuple[str, ...]]
_Usages = dict[RoleKey, Usage]


class KnownRoles(NamedTuple):
    """The rows of a list of roles; when each saved listing began (epoch seconds); the sessions.

    `current` is the row of the role that this shell uses.
    """

    rows: list[RoleRow]
    listed_at: dict[str, int]
    sessions: list[SsoSession]
    current: RoleRow | None = None

    @property
    def sessions_without_listing(self) -> list[SsoSession]:
        return [session for session in self.sessions if session.name not in self.listed_at]

    @property
    def has_role(self) -> bool:
        """Whether there is a role of Identity Center, not only other tools' profiles."""
        return bool(self.rows) and not self.rows[0].provider


def read_roles(
    app: "App", session_name: str | None = None, *, with_foreign_profiles: bool = False
) -> KnownRoles:
    """Return the roles of one or all sessions: those in saved listings and those of profiles.

    Without a session, other tools' profiles come last if wanted.
    """
    config = app.config.read()
    sessions = [one for one in config.sso_sessions() if session_name in (None, one.name)]
    loaded = {session: app.directory.load(session.name) for session in sessions}
    listings = {
        session.name: saved
        for session, saved in loaded.items()
        if saved is not None and saved.is_of_portal_of(session)
    }
    owners = _SessionsOfProfiles(config, sessions, listings)
    profiles = _group_profile_names(config, owners)
    with_session = {name for names in profiles.values() for name in names}
    used = app.usage.load_all()
    is_privileged = _make_privileged_test(app)
    rows: list[RoleRow] = []
    for name, saved in listings.items():
        rows += _take_rows_of_listing(name, saved, profiles, used, is_privileged)
    accounts = {}
    if profiles or any(map(is_chain, config.profiles())):
        accounts = {(row.session_name, row.account.id): row.account for row in rows}
    # The roles that no saved listing has, and chains.
    others = [(key, key.role, names) for key, names in profiles.items()]
    for key, role, names in (*others, *_find_chains(config, owners)):
        account = accounts.get((key.session_name, role.account_id))
        account = account or Account(role.account_id, "", "")
        usage, chained = used.get(key, NEVER_USED), key if key.chain else None
        row = RoleRow(key.session_name, account, role.name, names, usage, chained)
        rows.append(row._replace(privileged=is_privileged(role.name)))
    rows = ranked_rows(rows) if used else rows
    if with_foreign_profiles and session_name is None:
        left = [one for one in app.config.list_profiles() if one.name not in with_session]
        rows += _make_foreign_rows(app, left, is_privileged)
    listed_at = {name: saved.listed_at for name, saved in listings.items()}
    return KnownRoles(rows, listed_at, sessions, _find_row_of_shell(rows, app.environ))


def _make_privileged_test(app: "App") -> Callable[[str], bool]:
    # Without a file, the settings are not read: to import tomllib for them would take 4 ms.
    has_settings = app.locations.settings_file.exists()
    globs = app.settings.get("privileged_roles") if has_settings else ()
    return make_privileged_test(globs)


def _find_row_of_shell(rows: Sequence[RoleRow], environ: Mapping[str, str]) -> RoleRow | None:
    name, served = environ.get("AWS_PROFILE"), find_served_role(environ)
    if name:
        return next((row for row in rows if name in row.profiles), None)
    return next((row for row in rows if row.key.text == served), None) if served else None


def find_profile_names(app: "App", sessions: Sequence[SsoSession]) -> _Profiles:
    config = app.config.read()
    return _group_profile_names(config, _SessionsOfProfiles(config, sessions, {}))


class _SessionsOfProfiles:
    """Finds the sessions whose sign-in a profile uses.

    A profile may name only its portal. It is shown for each session of that portal whose saved list
    has its role, or that has no list. Comparing 12,000 profiles with every session is slow.
    """

    def __init__(
        self, config: ConfigFile, sessions: Sequence[SsoSession], listings: "Mapping[str, Listing]"
    ) -> None:
        self._config, self._listings = config, listings
        self._by_name = {session.name: session for session in sessions}
        self._by_portal: dict[tuple[str, str | None], list[SsoSession]] = {}
        self._listed_roles = cache(lambda name: listings[name].role_set())

    def find_sessions(self, target: TargetRole) -> Sequence[SsoSession]:
        if target.session_name:
            named = self._by_name.get(target.session_name)
            return () if named is None else (named,)
        portal = target.form, target.start_url
        if portal not in self._by_portal:
            found = self._config.sessions_of_target(target)
            self._by_portal[portal] = [one for one in found if one.name in self._by_name]
        return [
            one
            for one in self._by_portal[portal]
            if one.name not in self._listings or target.role in self._listed_roles(one.name)
        ]


def _group_profile_names(config: ConfigFile, owners: _SessionsOfProfiles) -> _Profiles:
    found: _Profiles = {}
    for entry in config.profiles():
        target = config.target_or_none(entry)
        if target is None:
            continue
        for session in owners.find_sessions(target):
            key = session.key_of(target.role)
            found[key] = (*found.get(key, ()), entry.name)
    return found


def _take_rows_of_listing(
    session_name: str,
    saved: "Listing",
    profiles: _Profiles,
    used: _Usages,
    is_privileged: Callable[[str], bool],
) -> list[RoleRow]:
    """Return the rows of a listing, privileged roles last; remove its roles from `profiles`."""

    # Many accounts have the same roles: 20,000 roles take 1 ms, not 4.
    @cache
    def sorted_roles(names: tuple[str, ...]) -> list[tuple[str, bool]]:
        return sorted(((name, is_privileged(name)) for name in names), key=itemgetter(1))

    # The accounts in which a role has a profile or was used. In other accounts no lookup is needed.
    special = {key.account_id for key in (*profiles, *used) if key.session_name == session_name}
    rows: list[RoleRow] = []
    for listed in saved.accounts:
        found = sorted_roles(listed.roles)
        if listed.account.id not in special:
            rows += rows_without_usage(session_name, listed.account, found)
            continue
        for role_name, privileged in found:
            key = RoleKey(session_name, listed.account.id, role_name)
            names, usage = profiles.pop(key, ()), used.get(key, NEVER_USED)
            row = RoleRow(
                session_name, listed.account, role_name, names, usage, None, "", privileged
            )
            rows.append(row)
    return rows


def _make_foreign_rows(
    app: "App", entries: Sequence[ProfileEntry], is_privileged: Callable[[str], bool]
) -> list[RoleRow]:
    if not entries:
        return []
    # Few users have such profiles, and the import delays the first screen.
    from ssohelper.actions import foreign_profiles

    found = foreign_profiles.list_usable_foreign_profiles(app, entries)
    return foreign_profile_rows(((one.name, one.what) for one in found), is_privileged)


def _find_chains(
    config: ConfigFile, owners: _SessionsOfProfiles
) -> Iterator[tuple[RoleKey, Role, tuple[str, ...]]]:
    found = [entry for entry in config.profiles() if is_chain(entry)]
    if not found:
        return
    # Few users have chains, and the import delays the first screen.
    from ssohelper.core import chains

    for entry in found:
        chain = chains.find_chain_or_none(config, entry)
        if chain is not None:
            for session in owners.find_sessions(chain.target):
                yield session.key_of(chain.role), chain.assumed_role, (entry.name,)
