"""Plans which profiles `profile sync` adds, changes and removes. Writes nothing.

No other module decides what happens to a profile. A plan changes a profile that the user or another
tool wrote only if the request names it in `adopt`, and removes profiles only with `prune`, after a
complete listing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from ssohelper.core import chains, session_keys
from ssohelper.core.adoption import plan_adoption
from ssohelper.core.choices import NATIVE, PROCESS, make_value_finder, role_filter
from ssohelper.core.config_edit import AddSection, Change, EditSection, RemoveSection
from ssohelper.core.config_file import MANAGED_KEY, ConfigFile, ProfileEntry, TargetRole, is_chain
from ssohelper.core.model import ACCOUNT_ID, ROLE_NAME, Account, Role
from ssohelper.core.profile_keys import (
    IDENTITY,
    ProfileChange,
    Skipped,
    change_of_identity_keys,
    identity_keys,
    section_of_session,
)
from ssohelper.core.profile_names import Namer, NameTemplate, UnnamedRole, WrittenName
from ssohelper.core.sync_request import STAYS_PROCESS, SyncRequest
from ssohelper.core.written_roles import lacks_role

KEEPS_FORM = "the profile keeps its form: it is outside the filters that were given with --form"
# For each role, its managed profiles, each with its form.
_ManagedProfiles = Mapping[Role, list[tuple[ProfileEntry, str]]]


class Plan(NamedTuple):
    """The profiles to add, change and remove, and the `changes` to the config.

    `add_roles` are the roles of `add`, in the same order. `stale`: managed profiles whose role is
    no longer listed. `data`: the config for which the plan was made. `adopt`: the other tools'
    profiles in `change`.
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
    add_roles: tuple[Role, ...] = ()


def plan_sync(config: ConfigFile, request: SyncRequest) -> Plan:
    """Return the plan that makes the managed profiles match the listing.

    Raises: ConfigInvalid for an identity key in [DEFAULT], which every profile would inherit, or for
    a planned profile that AWS tools would refuse.
    """
    for key in config.text.defaults.values():
        if key in IDENTITY:
            what = f'"[DEFAULT]" adds "{key}" to every profile: remove this line'
            config.text.refuse_key(config.text.defaults, key, what)
    plan = _Planner(config, request).make_plan()
    session_keys.refuse_differing_profiles(config, plan.changes)
    return plan


class _Planner:
    def __init__(self, config: ConfigFile, request: SyncRequest) -> None:
        self._config, self._request = config, request
        self._template = NameTemplate(request.template, request.session.name)
        self._managed: _ManagedProfiles = defaultdict(list)
        # A role that one of these profiles has gets no new profile: profiles of other tools, and
        # profiles edited by hand.
        self._foreign: dict[Role, str] = {}
        self._edited: dict[Role, str] = {}
        # The names of profiles that are not in `_managed`.
        self._written: list[WrittenName] = []
        self._edits: dict[str, EditSection] = {}
        self._change: dict[str, ProfileChange] = {}
        self._adopted = plan_adoption(config, request)
        self._skipped: list[Skipped] = list(self._adopted.skipped)
        self._passes_filters = role_filter(request.choices)
        self._find_region = make_value_finder(request.region_rules, request.region)
        self._accounts = {listed.account.id: listed.account for listed in request.listing.accounts}
        self._listed = request.listing.role_set()

    def make_plan(self) -> Plan:
        """Can be called once: fills the fields of this object."""
        request = self._request
        self._sort_profiles()
        stale, removed = self._find_stale_roles()
        present = self._managed
        # A profile that will be removed no longer counts as managed. Its name is free only with
        # --rename.
        if removed:
            self._managed = {role: one for role, one in present.items() if role not in removed}
        self._plan_managed_profiles()
        selected = self._select_roles()
        moving = self._find_renamable_profiles() if request.rename else {}
        # New and renamed profiles get their names together. Otherwise a name that a rename frees
        # could be used only in the next sync.
        new = {role for role, reason in selected.items() if reason is None}
        kept = self._managed if request.rename else present
        names = self._choose_names(new | moving.keys(), moving, kept)
        while stuck := moving.keys() - names.keys():  # no name is free: they keep their old names
            moving = {role: entry for role, entry in moving.items() if role not in stuck}
            names = self._choose_names(new | moving.keys(), moving, kept)
        added = list(self._plan_new_profiles(selected, names))
        for role, entry in moving.items():
            if (name := names[role]) != entry.name:
                self._edit_profile(entry, "name", entry.name, name)
        gone = [entry for role in removed for entry, _ in present[role]]
        return Plan(
            request=request,
            add=tuple(name for name, _, _ in added),
            change=(*self._change.values(), *self._adopted.changes),
            remove=tuple(entry.name for entry in gone),
            stale=tuple(entry.name for role in stale for entry, _ in present[role]),
            skipped=tuple(self._skipped),
            changes=(
                *self._plan_session_section(),
                *self._edits.values(),
                *self._adopted.edits,
                *(RemoveSection(entry.header) for entry in gone),
                *(section for _, _, section in added),
            ),
            data=self._config.text.data,
            adopt=tuple(self._adopted.roles),
            add_roles=tuple(role for _, role, _ in added),
        )

    # -- sorting the existing profiles -----------------------------------------------------

    def _sort_profiles(self) -> None:
        request = self._request
        excluded = request.not_counted | self._adopted.roles.keys()
        for entry in self._config.profiles():
            target = self._config.target_or_none(entry)
            if target is None:
                self._sort_profile_without_role(entry)
                continue
            is_own = self._is_of_this_session(target)
            is_counted = entry.name not in excluded
            is_managed = entry.managed and target.form in (PROCESS, NATIVE)
            if is_counted and is_managed and target.session_name == request.session.name:
                self._managed[target.role].append((entry, target.form))
                continue
            self._written.append(WrittenName(entry.name, target.role, is_own))
            if is_counted and is_own and not is_managed:
                self._foreign.setdefault(target.role, entry.name)

    def _sort_profile_without_role(self, entry: ProfileEntry) -> None:
        """If a managed profile lost its role in an edit, sort it under the role that it had.

        A profile that now has another source of credentials stays as it is, and its role gets no
        other profile.
        """
        written = self._request.written_roles.get(entry.name)
        if written is not None and written.session_name == self._request.session.name:
            if lacks_role(self._config, entry):
                self._managed[written.role].append((entry, written.form))
                return
            self._edited[written.role] = entry.name
        self._written.append(WrittenName(entry.name))
        if entry.managed and not is_chain(entry):
            self._skipped.append(Skipped(entry.name, "the profile's role cannot be read"))

    def _is_of_this_session(self, target: TargetRole) -> bool:
        # A profile of aws-sso-cli names neither session nor portal, so it counts for every session.
        names_neither = target.session_name is None and target.start_url is None
        return names_neither or self._config.is_target_of(self._request.session, target)

    def _find_stale_roles(self) -> tuple[Collection[Role], Collection[Role]]:
        """Return the managed profiles' roles that are no longer listed, and the roles to remove.

        `--prune` removes profiles whose role is no longer listed or fails this command's filters,
        but none of an account whose roles AWS did not list.
        """
        request, listing = self._request, self._request.listing
        if request.only_roles:
            return (), ()
        unknown = {one.account.id for one in listing.accounts if one.refused or not one.answered}
        known = [role for role in self._managed if role.account_id not in unknown]
        is_new = request.has_new_filters
        left_out = dict.fromkeys(r for r in known if is_new and not self._matches_filters(r))
        stale = [role for role in known if role not in self._listed and role not in left_out]
        if not (request.prune and listing.is_complete):
            return stale, ()
        gone = set(stale)
        # Filters that match no listed role are probably mistyped.
        if left_out and any(map(self._matches_filters, self._listed)):
            users = dict(chains.list_source_names(self._config))
            for role in left_out:
                used = [entry.name for entry, _ in self._managed[role] if entry.name in users]
                gone |= set() if used else {role}
                for name in used:
                    reason = f'not removed, because the profile "{users[name]}" refers to it'
                    self._skipped.append(Skipped(name, reason))
        return stale, dict.fromkeys(role for role in known if role in gone)

    # -- planning changes of managed profiles ----------------------------------------------

    def _plan_managed_profiles(self) -> None:
        """Plan edits that give managed profiles their form's identity keys, and the region.

        A form that this command chooses is for all managed profiles, even outside remembered
        filters, unless the command has filters too. The new default region replaces the old one,
        also outside the filters.
        """
        request = self._request
        for role, entries in self._managed.items():
            unnamed = self._unnamed(role)
            is_asked = not request.has_new_filters or self._matches_filters(role)
            convert = request.no_native or (request.convert and is_asked)
            wanted = request.form_of(unnamed) if convert else request.form
            is_planned = role in self._listed or (request.convert and not request.only_roles)
            for entry, form in entries:
                if is_planned and (not request.only_roles or entry.name in request.broken):
                    if wanted != request.form:
                        self._skipped.append(Skipped(entry.name, STAYS_PROCESS))
                    if request.convert and not convert and form != request.form:
                        self._skipped.append(Skipped(entry.name, KEEPS_FORM))
                    new_form = wanted if convert else form
                    keys = identity_keys(request.session, role, new_form, request.command)
                    changed = change_of_identity_keys(entry, keys)
                    if changed is not None:
                        self._edits[entry.name], self._change[entry.name] = changed
                old, new = entry.keys.get("region", "").strip(), self._find_region(unnamed.account)
                if old == request.old_region and old != new:
                    self._edit_profile(entry, "region", old, new)

    def _edit_profile(self, entry: ProfileEntry, key: str, old: str, new: str) -> None:
        """Plan a new value for a key; the key `name` stands for the profile's name."""
        edit = self._edits.get(entry.name, EditSection(entry.header))
        if key == "name":
            self._edits[entry.name] = edit._replace(new_header=f"profile {new}")
        else:
            self._edits[entry.name] = edit._replace(assign=(*edit.assign, (key, new)))
        _, before, after = self._change.pop(entry.name, ProfileChange(entry.name, {}, {}))
        self._change[entry.name] = ProfileChange(
            entry.name, {**before, key: old}, {**after, key: new}
        )

    def _find_renamable_profiles(self) -> dict[Role, ProfileEntry]:
        """Return the managed profile of each listed role within the filters that has just one.

        A profile that another profile names in `source_profile` keeps its name.
        """
        found, users = {}, dict(chains.list_source_names(self._config))
        for role, entries in self._managed.items():
            if len(entries) == 1 and role in self._listed and self._matches_filters(role):
                entry = entries[0][0]
                if entry.name not in users:
                    found[role] = entry
                elif entry.name != self._template.name(self._unnamed(role)):
                    reason = f'not renamed, because the profile "{users[entry.name]}" refers to it'
                    self._skipped.append(Skipped(entry.name, reason))
        return found

    # -- planning new profiles -------------------------------------------------------------

    def _select_roles(self) -> dict[Role, str | None]:
        request, adopted = self._request, set(self._adopted.roles.values())
        selected = {}
        for role in self._listed:
            if request.only_roles:
                names = {entry.name for entry, _ in self._managed.get(role, ())}
                is_selected = role in request.only_roles and not names & request.broken
            else:
                is_selected = role not in self._managed and role not in adopted
                is_selected = is_selected and self._matches_filters(role)
            if is_selected:
                selected[role] = self._reason_to_skip(role)
        return selected

    def _reason_to_skip(self, role: Role) -> str | None:
        is_sync = not self._request.only_roles
        if not _is_valid_role(role):
            return "the role's account id or its name is not valid"
        if self._request.name and not is_sync:
            return None
        known = self._managed[role][0][0].name if role in self._managed else self._foreign.get(role)
        if known is not None:
            return f'the profile "{known}" already points at this role'
        if is_sync and role in self._edited:
            return f'"{self._edited[role]}" had this role before an edit; see: ssohelper doctor'
        if is_sync and role in self._request.choices.removed:
            return "its profile was removed with: ssohelper profile rm"
        return None

    def _choose_names(
        self,
        named: Collection[Role],
        moving: Mapping[Role, ProfileEntry],
        present: _ManagedProfiles,
    ) -> Mapping[Role, str]:
        """Return names for these roles' profiles, and the names that skipped roles would get.

        The names of profiles in `moving` count as free.
        """
        if not named:
            return {}  # otherwise all names are compared: 10 MB for 20,000 profiles
        unnamed = [
            item
            for item in map(self._unnamed, self._listed)
            if (item.role in named or item.role not in self._managed) and _is_valid_role(item.role)
        ]
        free = {entry.name for entry in moving.values()}
        written = (
            *self._written,
            *(WrittenName(one.name, role) for role in present for one, _ in present[role]),
        )
        taken = (item for item in written if item.name not in free)
        return Namer(
            unnamed,
            self._template,
            written=(*taken, *map(WrittenName, self._request.taken_names)),
            skipped={item.role for item in unnamed if item.role not in named},
        ).choose_names()

    def _plan_new_profiles(
        self, selected: Mapping[Role, str | None], names: Mapping[Role, str]
    ) -> Iterator[tuple[str, Role, AddSection]]:
        request = self._request
        for role, reason in selected.items():
            unnamed, name = self._unnamed(role), names.get(role)
            if request.name:
                name = request.name if reason is None else None
            if name is None or reason is not None:
                reason = reason or "no name is free for this role"
                self._skipped.append(Skipped(name or self._template.name(unnamed), reason))
                continue
            form = request.form_of(unnamed)
            if form != request.form:
                self._skipped.append(Skipped(name, STAYS_PROCESS))
            keys = identity_keys(request.session, role, form, request.command)
            region = self._find_region(unnamed.account)
            pairs = (*keys.items(), ("region", region), (MANAGED_KEY, "true"))
            yield name, role, AddSection(f"profile {name}", pairs)

    def _plan_session_section(self) -> list[Change]:
        session = self._request.session
        known = self._config.sso_session(session.name)
        if known is None:
            return [section_of_session(session)]
        header = self._config.session_header(session.name)
        written = self._config.text.sections[header].values() if header else {}
        if header and written.get("sso_region", known.region) != session.region:
            return [EditSection(header, (("sso_region", session.region),))]
        return []

    # -- the listed roles ------------------------------------------------------------------

    def _unnamed(self, role: Role) -> UnnamedRole:
        account = self._accounts.get(role.account_id)
        return UnnamedRole(account or Account(role.account_id, "", ""), role)

    def _matches_filters(self, role: Role) -> bool:
        return self._passes_filters(self._unnamed(role).account, role.name)


def _is_valid_role(role: Role) -> bool:
    return bool(ACCOUNT_ID.fullmatch(role.account_id) and ROLE_NAME.fullmatch(role.name))
