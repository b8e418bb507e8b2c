"""Plans which profiles `profile sync` adds, changes and removes. Writes nothing.

No other module decides what happens to a profile. A plan changes a profile that the user or another
tool wrote only if the request names it in `adopt`, and removes profiles only with `prune`, after a
complete listing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from ssohelper.core import profile_keys, session_keys, sync_request
from ssohelper.core.choices import NATIVE, PROCESS, make_value_finder, role_filter
from ssohelper.core.config_edit import AddSection, Change, EditSection, RemoveSection
from ssohelper.core.config_file import MANAGED_KEY, ConfigFile, ProfileEntry, TargetRole, is_chain
from ssohelper.core.model import ACCOUNT_ID, ROLE_NAME, Account, Role
from ssohelper.core.name_clashes import WrittenName, choose_names
from ssohelper.core.profile_adopting import NOTHING_ADOPTED, plan_adoption
from ssohelper.core.profile_keys import IDENTITY, ProfileChange, Skipped, identity_keys
from ssohelper.core.profile_names import UnnamedRole, name_from_template
from ssohelper.core.profile_removal import ManagedProfiles, plan_profile_removal
from ssohelper.core.source_profiles import find_profile_that_names_each_source
from ssohelper.core.sync_request import STAYS_PROCESS, SyncRequest
from ssohelper.core.written_roles import find_lost_role, find_profiles_edited_to_other_source

KEEPS_FORM = "the profile keeps its form: it is outside the filters that were given with --form"


class Plan(NamedTuple):
    """What `profile sync` does: profiles to add, change and remove, the `changes` to the config.

    `add_roles` are the roles of the profiles to add, in the same order. `stale` are the managed
    profiles whose role is no longer listed. `data` is the text of the config that the plan was made
    from. `adopt` are the profiles in `change` that other tools wrote.
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

    def has_same_changes_as(self, other: "Plan") -> bool:
        """Return whether both plans add, change and remove the same profiles."""
        return self[1:4] == other[1:4]


def plan_sync(config: ConfigFile, request: SyncRequest) -> Plan:
    """Return the plan that makes the managed profiles match the listing.

    Raises: ConfigInvalid if [DEFAULT] has an identity key, which every profile would inherit, or if
    AWS tools would refuse a profile that the plan writes.
    """
    for key, found in config.text.defaults.keys.items():
        if key in IDENTITY:
            config.text.refuse_line(
                found.lines[0], f'"[DEFAULT]" adds "{key}" to every profile: remove this line'
            )
    plan = _Planner(config, request).make_sync_plan()
    session_keys.refuse_profiles_that_differ_from_session(config, plan.changes)
    return plan


class _Planner:
    def __init__(self, config: ConfigFile, request: SyncRequest) -> None:
        self._config = config
        self._request = request
        self._managed: ManagedProfiles = defaultdict(list)
        self._present = self._managed  # unlike _managed, keeps the profiles that will be removed
        self._foreign: dict[Role, str] = {}
        # The names of profiles that are not in `_managed`.
        self._written: list[WrittenName] = []
        self._add: list[AddSection] = []
        self._add_roles: dict[str, Role] = {}
        self._adopted = NOTHING_ADOPTED
        self._edits: dict[str, EditSection] = {}
        self._change: dict[str, ProfileChange] = {}
        self._skipped: list[Skipped] = []
        self._is_within_filters = role_filter(request.choices)
        self._find_region = make_value_finder(request.region_rules, request.region)
        self._accounts = {listed.account.id: listed.account for listed in request.listing.accounts}
        self._listed = request.listing.role_set()
        self._earlier = request.written_roles_of_session
        self._edited = find_profiles_edited_to_other_source(config, self._earlier)

    def make_sync_plan(self) -> Plan:
        """Return the plan of the sync. Can be called once: fills the fields of this object."""
        request = self._request
        self._adopted = plan_adoption(self._config, request)
        self._skipped += self._adopted.skipped
        self._sort_existing_profiles()
        removal = plan_profile_removal(self._config, request, self._managed)
        self._skipped += removal.skipped
        # A profile that will be removed no longer counts as managed: it is neither edited nor
        # renamed.
        self._managed = removal.staying
        if request.rename:
            self._present = removal.staying  # a removed profile's name is free for another one
        selected = self._plan_listed_roles()
        moving = self._find_renamable_profiles() if request.rename else {}
        # New and renamed profiles get their names together: otherwise a name that a rename frees
        # would be given to a new profile by the next sync only.
        names = self._choose_profile_names(selected, moving)
        self._plan_new_profiles(selected, names)
        self._plan_form_of_unlisted_roles()
        self._plan_regions()
        for role, entry in moving.items():
            if names[role] != entry.name:
                self._plan_rename(entry, names[role])
        sessions = self._changes_to_session_sections()
        removals = [RemoveSection(entry.header) for entry in removal.removed]
        return Plan(
            request=request,
            add=tuple(self._add_roles),
            change=(*self._change.values(), *self._adopted.changes),
            remove=tuple(entry.name for entry in removal.removed),
            stale=tuple(entry.name for entry in removal.stale),
            skipped=tuple(self._skipped),
            changes=(
                *sessions,
                *self._edits.values(),
                *self._adopted.edits,
                *removals,
                *self._add,
            ),
            data=self._config.text.data,
            adopt=tuple(self._adopted.roles),
            add_roles=tuple(self._add_roles.values()),
        )

    # -- sorting the existing profiles -----------------------------------------------------

    def _sort_existing_profiles(self) -> None:
        """Sort the profiles of this session's roles into managed profiles and others."""
        for entry in self._config.profiles():
            target = self._config.target_or_none(entry)
            written = None if target else find_lost_role(self._config, entry, self._earlier)
            if written is not None:
                self._managed[written.role].append((entry, written.form))
                continue
            if target is None:
                self._written.append(WrittenName(entry.name))
                if entry.managed and not is_chain(entry):
                    self._skipped.append(Skipped(entry.name, "the profile's role cannot be read"))
                continue
            is_own = self._is_of_this_session(target)
            is_counted = not (
                entry.name in self._request.not_counted or entry.name in self._adopted.roles
            )
            is_managed = entry.managed and target.form in (PROCESS, NATIVE)
            if is_counted and is_managed and target.session_name == self._request.session.name:
                self._managed[target.role].append((entry, target.form))
                continue
            self._written.append(WrittenName(entry.name, target.role, is_own, target.session_name))
            if is_counted and is_own and not is_managed:
                self._foreign.setdefault(target.role, entry.name)

    def _is_of_this_session(self, target: TargetRole) -> bool:
        # A profile of aws-sso-cli names neither session nor portal, so it counts as a profile of
        # every session.
        names_neither = target.session_name is None and target.start_url is None
        return names_neither or self._config.is_target_of(self._request.session, target)

    # -- planning profiles for the listed roles --------------------------------------------

    def _plan_listed_roles(self) -> dict[Role, str | None]:
        """Plan changes to the profiles of listed roles.

        Return the selected roles, each with the reason why it gets no new profile, or None.
        """
        request = self._request
        adopted = set(self._adopted.roles.values())
        selected = {}
        for unnamed in self._unnamed_roles():
            role = unnamed.role
            is_selected = self._is_within_filters(unnamed.account, role.name)
            if request.only_roles:
                is_selected = role in request.only_roles
                names = {entry.name for entry, _form in self._managed.get(role, ())}
                if is_selected and names & request.broken:
                    self._plan_identity_keys(unnamed, is_selected=True)
                    continue
            else:
                self._plan_identity_keys(unnamed, is_selected=is_selected)
                is_selected = is_selected and role not in self._managed and role not in adopted
            if is_selected:
                selected[role] = self._reason_to_skip(role)
        return selected

    def _reason_to_skip(self, role: Role) -> str | None:
        """Return the reason why a selected role gets no new profile, or None if it gets one."""
        is_sync = not self._request.only_roles
        if not _is_valid_role(role):
            return "the role's account id or its name is not valid"
        if self._request.name and not is_sync:
            return None
        if role in self._managed:
            return f'the profile "{self._managed[role][0][0].name}" already points at this role'
        if role in self._foreign:
            return f'the profile "{self._foreign[role]}" already points at this role'
        if is_sync and role in self._edited:
            return f'"{self._edited[role]}" had this role before an edit; see: ssohelper doctor'
        if is_sync and role in self._request.choices.removed:
            return "its profile was removed with: ssohelper profile rm"
        return None

    def _plan_new_profiles(
        self, selected: Mapping[Role, str | None], names: Mapping[Role, str]
    ) -> None:
        """Plan a new profile for each selected role that has no reason to be skipped."""
        request = self._request
        for unnamed in self._unnamed_roles() if selected else ():
            role = unnamed.role
            if role not in selected:
                continue
            reason, name = selected[role], names.get(role)
            if request.name:
                name = request.name if reason is None else None
            if name is None or reason is not None:
                plain = name_from_template(request.template, request.session.name, unnamed)
                self._skipped.append(
                    Skipped(name or plain, reason or "no name is free for this role")
                )
                continue
            form = sync_request.form_of_profile(self._request, unnamed)
            if form != request.form:
                self._skipped.append(Skipped(name, STAYS_PROCESS))
            keys = identity_keys(request.session, unnamed.role, form, request.command)
            region = self._find_region(unnamed.account)
            pairs = (*keys.items(), ("region", region), (MANAGED_KEY, "true"))
            self._add.append(AddSection(f"profile {name}", pairs))
            self._add_roles[name] = role

    def _choose_profile_names(
        self, selected: Mapping[Role, str | None], moving: Mapping[Role, ProfileEntry]
    ) -> Mapping[Role, str]:
        """Return names for new profiles and for profiles in `moving`.

        Also the names that skipped roles would get. A profile in `moving` keeps its name if another
        profile names it in `source_profile`; the other names are then chosen again without it.
        """
        if not selected and not moving:
            return {}
        new = {role for role, reason in selected.items() if reason is None}
        referrers = find_profile_that_names_each_source(self._config) if moving else {}
        kept = dict[Role, str]()
        free = dict(moving)
        while True:
            names = self._choose_free_names(new | free.keys(), {one.name for one in free.values()})
            staying = {
                role: entry
                for role, entry in free.items()
                if names.get(role) != entry.name and (role not in names or entry.name in referrers)
            }
            if not staying:
                return {**names, **kept}
            for role, entry in staying.items():
                del free[role]
                kept[role] = entry.name
                if role in names:
                    by = referrers[entry.name]
                    self._skipped.append(
                        Skipped(entry.name, f'not renamed, because the profile "{by}" refers to it')
                    )

    def _choose_free_names(
        self, named: Collection[Role], moving: Collection[str]
    ) -> Mapping[Role, str]:
        """Return the profile names of these roles, and the names that skipped roles would get.

        The names of profiles in `moving`, which get new names, count as free.
        """
        unnamed = [
            item
            for item in self._unnamed_roles()
            if (item.role in named or item.role not in self._managed) and _is_valid_role(item.role)
        ]
        if not unnamed:
            return {}  # saves comparing all names, which takes 10 MB for 20,000 profiles
        written = [item for item in self._written_names() if item.name not in moving]
        written += [WrittenName(name) for name in self._request.taken_names]
        return choose_names(
            unnamed,
            template=self._request.template,
            session_name=self._request.session.name,
            written=written,
            skipped={item.role for item in unnamed} - set(named),
        )

    def _unnamed_roles(self) -> Iterator[UnnamedRole]:
        """Yield each listed role once, with its account."""
        return (UnnamedRole(self._accounts[role.account_id], role) for role in self._listed)

    def _written_names(self) -> Iterator[WrittenName]:
        """Yield the names of all profiles in the config."""
        yield from self._written
        for role, entries in self._present.items():
            for entry, _form in entries:
                yield WrittenName(entry.name, role, True, self._request.session.name)

    def _plan_identity_keys(self, unnamed: UnnamedRole, *, is_selected: bool) -> None:
        """Plan the edits after which the role's managed profiles have their form's identity keys.

        If the user gave a form now, all managed profiles get it, also those outside remembered
        filters, unless the user gave filters too. Otherwise each profile keeps its form.
        """
        request, role = self._request, unnamed.role
        is_asked = is_selected or not request.has_new_filters
        convert = request.no_native or (request.convert and is_asked)
        wanted = sync_request.form_of_profile(self._request, unnamed) if convert else request.form
        for entry, form in self._managed.get(role, ()):
            if request.only_roles and entry.name not in request.broken:
                continue
            new_form = wanted if convert else form
            if wanted != request.form:
                self._skipped.append(Skipped(entry.name, STAYS_PROCESS))
            if request.convert and not convert and form != request.form:
                self._skipped.append(Skipped(entry.name, KEEPS_FORM))
            new = identity_keys(request.session, role, new_form, request.command)
            changed = profile_keys.change_of_identity_keys(entry, new)
            if changed is not None:
                self._edits[entry.name], change = changed
                self._change[entry.name] = change

    def _plan_regions(self) -> None:
        """Plan the new default region for managed profiles that have the old default region.

        Profiles outside the filters get the new region too.
        """
        for role, entries in self._managed.items():
            region = self._find_region(self._account_of_role(role))
            for entry, _form in entries:
                old = entry.keys.get("region", "").strip()
                if old == self._request.old_region and old != region:
                    edit = self._edits.get(entry.name, EditSection(entry.header))
                    assign = (*edit.assign, ("region", region))
                    self._edits[entry.name] = edit._replace(assign=assign)
                    self._record_profile_change(entry.name, {"region": old}, {"region": region})

    def _account_of_role(self, role: Role) -> Account:
        """Return the role's account, with an empty name if AWS does not list the account."""
        return self._accounts.get(role.account_id, Account(role.account_id, "", ""))

    def _plan_form_of_unlisted_roles(self) -> None:
        """Plan the form that the user gave for managed profiles of roles not listed any more."""
        request = self._request
        if request.only_roles or not request.convert:
            return
        for role in sorted(self._managed.keys() - self._listed):
            account = self._account_of_role(role)
            is_selected = self._is_within_filters(account, role.name)
            self._plan_identity_keys(UnnamedRole(account, role), is_selected=is_selected)

    # -- renaming profiles, changing sections of sessions -----------------------------------

    def _find_renamable_profiles(self) -> dict[Role, ProfileEntry]:
        """Return the managed profiles of listed roles within the filters, if a role has one only."""
        return {
            role: entries[0][0]
            for role, entries in self._managed.items()
            if len(entries) == 1
            and role in self._listed
            and self._is_within_filters(self._account_of_role(role), role.name)
        }

    def _plan_rename(self, entry: ProfileEntry, name: str) -> None:
        edit = self._edits.get(entry.name, EditSection(entry.header))
        self._edits[entry.name] = edit._replace(new_header=f"profile {name}")
        self._record_profile_change(entry.name, {"name": entry.name}, {"name": name})

    def _record_profile_change(
        self, name: str, before: dict[str, str], after: dict[str, str]
    ) -> None:
        earlier = self._change.pop(name, ProfileChange(name, {}, {}))
        self._change[name] = ProfileChange(
            name, {**earlier.before, **before}, {**earlier.after, **after}
        )

    def _changes_to_session_sections(self) -> list[Change]:
        session = self._request.session
        known = self._config.sso_session(session.name)
        if known is None:
            return [profile_keys.change_that_adds_session_section(session)]
        header = self._config.session_header(session.name)
        written = self._config.text.sections[header].values() if header else {}
        if header and written.get("sso_region", known.region) != session.region:
            return [EditSection(header, (("sso_region", session.region),))]
        return []


def _is_valid_role(role: Role) -> bool:
    return bool(ACCOUNT_ID.fullmatch(role.account_id) and ROLE_NAME.fullmatch(role.name))
