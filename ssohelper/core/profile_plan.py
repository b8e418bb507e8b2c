"""Offered roles × config → what to add, change and remove, as data. Writes nothing.

The only place that decides what `profile sync` does to a profile. What the person wrote is never
in it; nothing is removed unless asked for, nor after a listing that is not complete.
"""

import fnmatch
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ssohelper.core.choices import NATIVE, PROCESS, Choices
from ssohelper.core.config_edit import AddSection, Change, EditSection, RemoveSection
from ssohelper.core.config_file import MANAGED_KEY, ConfigFile, ProfileEntry, Target
from ssohelper.core.listing import Listing
from ssohelper.core.model import ACCOUNT_ID, ROLE_NAME, Account, Role, SsoSession
from ssohelper.core.profile_names import UnnamedRole, is_foreign_id, names_for, plain_name
from ssohelper.core.start_url import is_same_portal

# What sync owns in a managed section; `region`, `output` and any other key are the person's.
_IDENTITY = (
    "credential_process",
    "sso_session",
    "sso_account_id",
    "sso_role_name",
    "sso_start_url",
    "sso_region",
    "sso_registration_scopes",
)


class SyncRequest(NamedTuple):
    """All that a plan is made from, beside the config.

    `choices` are what was said, now or before; `template`, `form` and `region` are what that and the
    settings come to. `command` is what profiles run, its arguments left out. `convert`: --form was said, so existing
    profiles take it. `has_new_filters`: filters were said now, so stale ones outside them stay.
    """

    session: SsoSession
    listing: Listing
    choices: Choices
    command: str
    template: str
    form: str
    region: str
    taken_names: frozenset[str] = frozenset()
    convert: bool = False
    rename: bool = False
    prune: bool = False
    has_new_filters: bool = False
    only_role: Role | None = None
    name: str | None = None


class ProfileChange(NamedTuple):
    """A managed profile's keys that change, before and after; `name` among them when renamed."""

    profile: str
    before: dict[str, str]
    after: dict[str, str]


class Skipped(NamedTuple):
    """A role or profile that was left alone, and why."""

    name: str
    reason: str


class Plan(NamedTuple):
    """What will be written: names by kind, and the `changes` to the file's sections."""

    request: SyncRequest
    add: tuple[str, ...]
    change: tuple[ProfileChange, ...]
    remove: tuple[str, ...]
    stale: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    changes: tuple[Change, ...]
    data: bytes

    def same_as(self, other: "Plan") -> bool:
        """Tell whether two plans do the same to the profiles."""
        return self[1:4] == other[1:4]


def plan_sync(config: ConfigFile, request: SyncRequest) -> Plan:
    """Return what brings the config's managed profiles in line with the listing.

    Raises: ConfigInvalid when `[DEFAULT]` puts an identity into every profile.
    """
    for key, found in config.text.defaults.keys.items():
        if key in _IDENTITY:
            config.text.refuse(found.lines[0], f'"[DEFAULT]" gives "{key}" to every profile')
    return _Planner(config, request).plan()


def glob_filter(globs: tuple[str, ...]) -> Callable[..., bool]:
    """Return the test of GLOB and !GLOB: any of the first (all, without any), none of the second.

    Upper and lower case are one; several texts (an account's id and name) match if one does.
    """
    wanted = [_pattern(glob) for glob in globs if not glob.startswith("!")]
    unwanted = [_pattern(glob[1:]) for glob in globs if glob.startswith("!")]

    def test(*texts: str) -> bool:
        if any(pattern.match(text) for pattern in unwanted for text in texts):
            return False
        return not wanted or any(pattern.match(text) for pattern in wanted for text in texts)

    return test


def account_texts(account: Account) -> tuple[str, ...]:
    """Return what a filter of accounts looks at: no name that is another account's id."""
    is_foreign = is_foreign_id(account.name, account)
    return (account.id,) if is_foreign else (account.id, account.name)


def identity_keys(session: SsoSession, role: Role, form: str, command: str) -> dict[str, str]:
    """Return the keys that make a profile this role's, in this form."""
    if form == NATIVE:
        return {
            "sso_session": session.name,
            "sso_account_id": role.account_id,
            "sso_role_name": role.name,
        }
    # It ends without a quote: Go strips quotes from a value that begins and ends with one.
    arguments = f"--session {session.name} --account-id {role.account_id} --role-name {role.name}"
    return {"credential_process": f"{command} {arguments}"}


def session_section(session: SsoSession) -> AddSection:
    """Return the [sso-session] section that both forms need."""
    keys = [("sso_start_url", session.start_url), ("sso_region", session.region)]
    if session.scopes:
        keys.append(("sso_registration_scopes", ",".join(session.scopes)))
    return AddSection(f"sso-session {session.name}", tuple(keys))


class _Planner:
    def __init__(self, config: ConfigFile, request: SyncRequest) -> None:
        self._config = config
        self._request = request
        self._managed: dict[Role, list[tuple[ProfileEntry, str]]] = defaultdict(list)
        self._foreign: dict[Role, str] = {}
        self._add: list[AddSection] = []
        self._edits: dict[str, EditSection] = {}
        self._change: list[ProfileChange] = []
        self._skipped: list[Skipped] = []
        self._account_matches = glob_filter(request.choices.accounts)
        self._role_matches = glob_filter(request.choices.roles)

    def plan(self) -> Plan:
        request = self._request
        self._sort_profiles()
        new = list(self._walk_offered())
        self._add_new(new)
        stale = self._stale()
        prune = request.prune and request.listing.complete
        removed = stale if prune else []
        if request.rename:
            self._rename()
        sessions = self._session_changes()
        removals = [RemoveSection(entry.header) for entry in removed]
        return Plan(
            request=request,
            add=tuple(section.header.partition(" ")[2] for section in self._add),
            change=tuple(self._change),
            remove=tuple(entry.name for entry in removed),
            stale=tuple(entry.name for entry in stale),
            skipped=tuple(self._skipped),
            changes=(*sessions, *self._edits.values(), *removals, *self._add),
            data=self._config.data,
        )

    # -- what is there -----------------------------------------------------------------------

    def _sort_profiles(self) -> None:
        """Sort the profiles of this session's roles into ours and the person's."""
        for entry in self._config.profiles():
            target = self._config.target_or_none(entry)
            if target is None:
                if entry.managed:
                    self._skipped.append(Skipped(entry.name, "its role cannot be read"))
            elif entry.managed and target.form in (PROCESS, NATIVE):
                if target.session_name == self._request.session.name:
                    self._managed[target.role].append((entry, target.form))
            elif self._is_this_session(target):
                self._foreign.setdefault(target.role, entry.name)

    def _is_this_session(self, target: Target) -> bool:
        if target.session_name is not None:
            return target.session_name == self._request.session.name
        # A legacy profile tells its portal, aws-sso-cli's tells nothing: its account has to do.
        url = target.start_url
        return url is None or is_same_portal(url, self._request.session.start_url)

    # -- what is offered ---------------------------------------------------------------------

    def _walk_offered(self) -> Iterator[UnnamedRole]:
        """Bring the profiles of offered roles in line; yield the roles that need a new one."""
        seen: set[Role] = set()
        for listed in self._request.listing.accounts:
            account = listed.account
            account_named = self._account_matches(*account_texts(account))
            for role_name in listed.roles:
                wanted = UnnamedRole(account, Role(account.id, role_name))
                if wanted.role in seen:
                    continue
                seen.add(wanted.role)
                named = account_named and self._role_matches(role_name)
                if self._request.only_role is not None:
                    named = wanted.role == self._request.only_role
                else:
                    self._align(wanted.role, convert=named and self._request.convert)
                if named and self._needs_profile(wanted):
                    yield wanted

    def _needs_profile(self, wanted: UnnamedRole) -> bool:
        role = wanted.role
        asked = self._request.only_role is not None
        reason = None
        if not ACCOUNT_ID.fullmatch(role.account_id) or not ROLE_NAME.fullmatch(role.name):
            reason = "the account id or the role's name cannot be written"
        elif asked and self._request.name:
            return True
        elif role in self._managed:
            if not asked:
                return False
            reason = f'the profile "{self._managed[role][0][0].name}" is this role already'
        elif role in self._foreign:
            reason = f'the profile "{self._foreign[role]}" already points at this role'
        elif role in self._request.choices.removed and not asked:
            reason = "removed with: ssohelper profile rm"
        if reason:
            name = plain_name(self._request.template, self._request.session.name, wanted)
            self._skipped.append(Skipped(name, reason))
        return reason is None

    def _add_new(self, new: list[UnnamedRole]) -> None:
        request = self._request
        names = names_for(
            new,
            template=request.template,
            session_name=request.session.name,
            taken=self._taken_names(),
        )
        if request.name:
            names = {wanted.role: request.name for wanted in new}
        for wanted in new:
            name = names.get(wanted.role)
            if name is None:
                plain = plain_name(request.template, request.session.name, wanted)
                self._skipped.append(Skipped(plain, "no free name for this role"))
                continue
            keys = identity_keys(request.session, wanted.role, request.form, request.command)
            pairs = (*keys.items(), ("region", request.region), (MANAGED_KEY, "true"))
            self._add.append(AddSection(f"profile {name}", pairs))

    def _taken_names(self) -> set[str]:
        return {entry.name for entry in self._config.profiles()} | self._request.taken_names

    def _align(self, role: Role, *, convert: bool) -> None:
        """Give the managed profiles of this role the identity keys of their form, and no others."""
        for entry, form in self._managed.get(role, ()):
            wanted_form = self._request.form if convert else form
            request = self._request
            wanted = identity_keys(request.session, role, wanted_form, request.command)
            there = {key: entry.keys[key] for key in _IDENTITY if key in entry.keys}
            if there == wanted:
                continue
            drop = tuple(key for key in there if key not in wanted)
            assign = tuple(pair for pair in wanted.items() if there.get(pair[0]) != pair[1])
            self._edits[entry.name] = EditSection(entry.header, assign, drop)
            touched = [*drop, *(key for key, _ in assign)]
            before = {key: there[key] for key in touched if key in there}
            self._change.append(ProfileChange(entry.name, before, dict(assign)))

    # -- what is gone ------------------------------------------------------------------------

    def _stale(self) -> list[ProfileEntry]:
        """Return the managed profiles whose role is gone; a refused account keeps its own."""
        if self._request.only_role is not None:
            return []
        listing = self._request.listing
        offered = set(listing.roles())
        unsure = {
            listed.account.id
            for listed in listing.accounts
            if listed.refused or not listed.answered
        }
        accounts = {listed.account.id: listed.account for listed in listing.accounts}
        stale: list[ProfileEntry] = []
        for role, entries in self._managed.items():
            if role in offered or role.account_id in unsure:
                continue
            account = accounts.get(role.account_id, Account(role.account_id, "", ""))
            named = self._account_matches(*account_texts(account)) and self._role_matches(role.name)
            if named or not self._request.has_new_filters:
                stale += [entry for entry, _form in entries]
        return stale

    # -- names and sessions ------------------------------------------------------------------

    def _rename(self) -> None:
        """Give managed profiles the name that they would get today; what is referred to stays."""
        request = self._request
        accounts = {listed.account.id: listed.account for listed in request.listing.accounts}
        offered = set(request.listing.roles())
        single = {
            role: entries[0][0]
            for role, entries in self._managed.items()
            if len(entries) == 1
            and role in offered
            and self._account_matches(*account_texts(accounts[role.account_id]))
            and self._role_matches(role.name)
        }
        names = self._names_of_today(single, accounts)
        for role, entry in single.items():
            if names[role] != entry.name:
                self._rename_one(entry, names[role])

    def _names_of_today(
        self, entries: dict[Role, ProfileEntry], accounts: dict[str, Account]
    ) -> dict[Role, str]:
        """Return the names of these profiles: who cannot have another keeps its own from all."""
        request = self._request
        added = {section.header.partition(" ")[2] for section in self._add}
        referred = {
            entry.keys["source_profile"]: entry.name
            for entry in self._config.profiles()
            if "source_profile" in entry.keys
        }
        moving = dict(entries)
        while True:
            names = names_for(
                [UnnamedRole(accounts[role.account_id], role) for role in moving],
                template=request.template,
                session_name=request.session.name,
                taken=(self._taken_names() - {entry.name for entry in moving.values()}) | added,
            )
            staying = {
                role: entry
                for role, entry in moving.items()
                if names.get(role) != entry.name and (role not in names or entry.name in referred)
            }
            if not staying:
                return {role: names.get(role, entry.name) for role, entry in entries.items()}
            for role, entry in staying.items():
                del moving[role]
                if role in names:
                    by = referred[entry.name]
                    self._skipped.append(Skipped(entry.name, f'the profile "{by}" refers to it'))

    def _rename_one(self, entry: ProfileEntry, name: str) -> None:
        edit = self._edits.get(entry.name, EditSection(entry.header))
        self._edits[entry.name] = edit._replace(new_header=f"profile {name}")
        earlier = [change for change in self._change if change.profile == entry.name]
        self._change = [change for change in self._change if change.profile != entry.name]
        before, after = earlier[0][1:] if earlier else ({}, {})
        before, after = {**before, "name": entry.name}, {**after, "name": name}
        self._change.append(ProfileChange(entry.name, before, after))

    def _session_changes(self) -> list[Change]:
        session = self._request.session
        known = self._config.sso_session(session.name)
        if known is None:
            return [session_section(session)]
        header = self._config.session_header(session.name)
        if known.region != session.region and header:
            return [EditSection(header, (("sso_region", session.region),))]
        return []


def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(glob), re.IGNORECASE)
