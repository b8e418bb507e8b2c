"""Plans which profiles `profile sync` adds, changes and removes, as data. Writes nothing.

No other module decides what happens to a profile. A plan changes a profile that the user or another
tool wrote only if the request names it in `adopt`, and removes profiles only with `prune`, after a
complete listing.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from ssohelper.core import chains, profile_keys, sync_request
from ssohelper.core.choices import NATIVE, PROCESS, role_filter
from ssohelper.core.config_edit import AddSection, Change, EditSection, RemoveSection
from ssohelper.core.config_file import MANAGED_KEY, ConfigFile, ProfileEntry, Target
from ssohelper.core.model import ACCOUNT_ID, ROLE_NAME, Account, Role
from ssohelper.core.profile_adopting import NOTHING_ADOPTED, plan_adoption
from ssohelper.core.profile_keys import IDENTITY, ProfileChange, Skipped, identity_keys
from ssohelper.core.profile_names import UnnamedRole, names_for, plain_name
from ssohelper.core.start_url import is_same_portal
from ssohelper.core.sync_request import STAYS_PROCESS, SyncRequest


class Plan(NamedTuple):
    """What a sync does: the profiles to add, change and remove, and the `changes` to the file.

    `stale` are the managed profiles whose role is no longer listed. `data` is the text of the
    config that the plan was made from. `adopt` are those of `change` that other tools wrote.
    """

    request: SyncRequest
    add: tuple[str, ...]
    change: tuple[ProfileChange, ...]
    remove: tuple[str, ...]
    stale: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    changes: tuple[Change, ...]
    data: bytes
    adopt: tuple[str, ...] = ()

    def same_as(self, other: "Plan") -> bool:
        """Return whether both plans add, change and remove the same profiles."""
        return self[1:4] == other[1:4]


def plan_sync(config: ConfigFile, request: SyncRequest) -> Plan:
    """Return the plan that makes the managed profiles match the listing.

    Raises: ConfigInvalid if [DEFAULT] has an identity key, which every profile would inherit.
    """
    for key, found in config.text.defaults.keys.items():
        if key in IDENTITY:
            config.text.refuse(
                found.lines[0], f'"[DEFAULT]" adds "{key}" to every profile: remove this line'
            )
    return _Planner(config, request).plan()


class _Planner:
    def __init__(self, config: ConfigFile, request: SyncRequest) -> None:
        self._config = config
        self._request = request
        self._managed: dict[Role, list[tuple[ProfileEntry, str]]] = defaultdict(list)
        self._foreign: dict[Role, str] = {}
        self._add: list[AddSection] = []
        self._adopted = NOTHING_ADOPTED
        self._edits: dict[str, EditSection] = {}
        self._change: list[ProfileChange] = []
        self._skipped: list[Skipped] = []
        self._is_within_filters = role_filter(request.choices)

    def plan(self) -> Plan:
        request = self._request
        self._adopted = plan_adoption(self._config, request)
        self._skipped += self._adopted.skipped
        self._sort_profiles()
        self._add_profiles(list(self._plan_listed_roles()))
        stale = self._stale_profiles()
        prune = request.prune and request.listing.complete
        removed = stale if prune else []
        if request.rename:
            self._rename_profiles()
        sessions = self._session_changes()
        removals = [RemoveSection(entry.header) for entry in removed]
        return Plan(
            request=request,
            add=tuple(section.header.partition(" ")[2] for section in self._add),
            change=(*self._change, *self._adopted.changes),
            remove=tuple(entry.name for entry in removed),
            stale=tuple(entry.name for entry in stale),
            skipped=tuple(self._skipped),
            changes=(
                *sessions,
                *self._edits.values(),
                *self._adopted.edits,
                *removals,
                *self._add,
            ),
            data=self._config.data,
            adopt=tuple(self._adopted.roles),
        )

    # -- sorting the existing profiles -------------------------------------------------------

    def _sort_profiles(self) -> None:
        """Sort the profiles of this session's roles into managed ones and the user's own."""
        for entry in self._config.profiles():
            target = self._config.target_or_none(entry)
            if target is None:
                if entry.managed and not chains.is_chain(entry):
                    self._skipped.append(Skipped(entry.name, "its role cannot be read"))
            elif entry.managed and target.form in (PROCESS, NATIVE):
                if target.session_name == self._request.session.name:
                    self._managed[target.role].append((entry, target.form))
            elif entry.name in self._request.not_counted or entry.name in self._adopted.roles:
                continue
            elif self._is_this_session(target):
                self._foreign.setdefault(target.role, entry.name)

    def _is_this_session(self, target: Target) -> bool:
        if target.session_name is not None:
            return target.session_name == self._request.session.name
        # A legacy profile names a start URL instead of a session. A profile of aws-sso-cli names
        # neither, so it counts as a profile of every session.
        url = target.start_url
        return url is None or is_same_portal(url, self._request.session.start_url)

    # -- planning profiles for the listed roles ----------------------------------------------

    def _plan_listed_roles(self) -> Iterator[UnnamedRole]:
        """Plan changes to the profiles of listed roles. Yield the roles that get a new profile."""
        only_roles = self._request.only_roles
        adopted = set(self._adopted.roles.values())
        seen: set[Role] = set()
        for listed in self._request.listing.accounts:
            account = listed.account
            for role_name in listed.roles:
                unnamed = UnnamedRole(account, Role(account.id, role_name))
                if unnamed.role in seen:
                    continue
                seen.add(unnamed.role)
                is_selected = self._is_within_filters(account, role_name)
                if only_roles:
                    is_selected = unnamed.role in only_roles
                else:
                    convert = self._request.no_native or (is_selected and self._request.convert)
                    self._update_identity(unnamed, convert=convert)
                    has_profile = unnamed.role in self._managed or unnamed.role in adopted
                    is_selected = is_selected and not has_profile
                if not is_selected:
                    continue
                reason = self._reason_to_skip(unnamed.role)
                if reason is None:
                    yield unnamed
                else:
                    self._skip(unnamed, reason)

    def _reason_to_skip(self, role: Role) -> str | None:
        """Return the reason why a selected role gets no new profile, or None if it gets one."""
        is_sync = not self._request.only_roles
        if not ACCOUNT_ID.fullmatch(role.account_id) or not ROLE_NAME.fullmatch(role.name):
            return "its account id or role name is not valid"
        if self._request.name and not is_sync:
            return None
        if role in self._managed:
            return f'the profile "{self._managed[role][0][0].name}" already points at this role'
        if role in self._foreign:
            return f'the profile "{self._foreign[role]}" already points at this role'
        if is_sync and role in self._request.choices.removed:
            return "its profile was removed with: ssohelper profile rm"
        return None

    def _skip(self, unnamed: UnnamedRole, reason: str) -> None:
        name = plain_name(self._request.template, self._request.session.name, unnamed)
        self._skipped.append(Skipped(name, reason))

    def _add_profiles(self, new: list[UnnamedRole]) -> None:
        request = self._request
        names = names_for(
            new,
            template=request.template,
            session_name=request.session.name,
            taken=self._taken_names(),
        )
        if request.name:
            names = {unnamed.role: request.name for unnamed in new}
        for unnamed in new:
            name = names.get(unnamed.role)
            if name is None:
                self._skip(unnamed, "no name is free for this role")
                continue
            form = sync_request.form_of(self._request, unnamed)
            if form != request.form:
                self._skipped.append(Skipped(name, STAYS_PROCESS))
            keys = identity_keys(request.session, unnamed.role, form, request.command)
            pairs = (*keys.items(), ("region", request.region), (MANAGED_KEY, "true"))
            self._add.append(AddSection(f"profile {name}", pairs))

    def _taken_names(self) -> set[str]:
        return {entry.name for entry in self._config.profiles()} | self._request.taken_names

    def _update_identity(self, unnamed: UnnamedRole, *, convert: bool) -> None:
        """Plan the edits after which the role's managed profiles have their form's identity keys.

        With `convert` the profiles get the request's form, otherwise each keeps its own form.
        """
        request, role = self._request, unnamed.role
        wanted = sync_request.form_of(self._request, unnamed) if convert else request.form
        for entry, form in self._managed.get(role, ()):
            new_form = wanted if convert else form
            if wanted != request.form:
                self._skipped.append(Skipped(entry.name, STAYS_PROCESS))
            new = identity_keys(request.session, role, new_form, request.command)
            changed = profile_keys.change_identity(entry, new)
            if changed is not None:
                self._edits[entry.name], change = changed
                self._change.append(change)

    # -- finding stale profiles --------------------------------------------------------------

    def _stale_profiles(self) -> list[ProfileEntry]:
        """Return the managed profiles whose role is no longer listed.

        Profiles of an account that refused to list its roles, or did not answer, are not stale.
        """
        if self._request.only_roles:
            return []
        listing = self._request.listing
        listed_roles = set(listing.roles())
        unknown_accounts = {
            listed.account.id
            for listed in listing.accounts
            if listed.refused or not listed.answered
        }
        accounts = {listed.account.id: listed.account for listed in listing.accounts}
        stale: list[ProfileEntry] = []
        for role, entries in self._managed.items():
            if role in listed_roles or role.account_id in unknown_accounts:
                continue
            account = accounts.get(role.account_id, Account(role.account_id, "", ""))
            if not self._request.has_new_filters or self._is_within_filters(account, role.name):
                stale += [entry for entry, _form in entries]
        return stale

    # -- renaming profiles, changing sessions ------------------------------------------------

    def _rename_profiles(self) -> None:
        """Plan to rename managed profiles to the names that the template gives now.

        A profile keeps its name if another profile names it in `source_profile`, or if its role
        has several managed profiles.
        """
        request = self._request
        accounts = {listed.account.id: listed.account for listed in request.listing.accounts}
        listed_roles = set(request.listing.roles())
        single = {
            role: entries[0][0]
            for role, entries in self._managed.items()
            if len(entries) == 1
            and role in listed_roles
            and self._is_within_filters(accounts[role.account_id], role.name)
        }
        names = self._choose_names(single, accounts)
        for role, entry in single.items():
            if names[role] != entry.name:
                self._rename_one(entry, names[role])

    def _choose_names(
        self, entries: dict[Role, ProfileEntry], accounts: dict[str, Account]
    ) -> dict[Role, str]:
        """Return the new name of each profile, or its old name if it has to keep that name.

        If a profile has to keep its name, the others are named again, since none may take it.
        """
        request = self._request
        added = {section.header.partition(" ")[2] for section in self._add}
        referrers = chains.find_users(self._config)
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
                if names.get(role) != entry.name and (role not in names or entry.name in referrers)
            }
            if not staying:
                return {role: names.get(role, entry.name) for role, entry in entries.items()}
            for role, entry in staying.items():
                del moving[role]
                if role in names:
                    by = referrers[entry.name]
                    self._skipped.append(
                        Skipped(entry.name, f'not renamed, because the profile "{by}" refers to it')
                    )

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
            return [profile_keys.session_section(session)]
        header = self._config.session_header(session.name)
        written = self._config.text.sections[header].values() if header else {}
        if header and written.get("sso_region", known.region) != session.region:
            return [EditSection(header, (("sso_region", session.region),))]
        return []
