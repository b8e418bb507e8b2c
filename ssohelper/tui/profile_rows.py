"""Reads what the Profiles screen shows: each profile once, with what `profile sync` does to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import adopting, config_writing, directory, profile_edit, sync_choices
from ssohelper.actions.adopting import ProfileOfOtherTool
from ssohelper.core import plan_text
from ssohelper.core.choices import NO_CHOICES, Choices
from ssohelper.core.config_edit import AddSection
from ssohelper.core.config_profiles import ConfigProfile
from ssohelper.core.model import SsoSession
from ssohelper.core.profile_plan import Plan
from ssohelper.core.search import Index
from ssohelper.errors import SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App

MANAGED, YOURS, SKIPPED = "◆", "·", "!"
_ROLE_GONE = "the role is not in your list: ssohelper profile sync --prune removes the profile"
# All profiles that do not change share this dict: 20,000 dicts would take 2.5 MB.
_NO_KEYS: dict[str, str] = {}
# The fields of a row that a search compares, by their numbers.
NAME, ACCOUNT_NAME, ACCOUNT_ID, ROLE, SESSION = range(5)
_SEARCHED = ("name", "account_name", "account_id", "role", "session")


class ProfileRow(NamedTuple):
    """A profile in the config, or one that `profile sync` would add or skip (`item` is None).

    `before` and `after` are the keys that the sync changes; `note` says what it leaves, and why.
    """

    name: str
    sign: str
    account_name: str = ""
    account_id: str = ""
    role: str = ""
    session: str = ""
    item: ConfigProfile | None = None
    before: dict[str, str] = _NO_KEYS  # all rows share this dict, which no code changes
    after: dict[str, str] = _NO_KEYS
    note: str = ""

    @property
    def can_be_removed(self) -> bool:
        return self.item is not None and self.item.entry.managed


class Sync(NamedTuple):
    """What `profile sync` would change; without a saved list of roles, `plan` is None."""

    choices: Choices = NO_CHOICES
    plan: Plan | None = None
    listed_at: int = 0
    others: Sequence[ProfileOfOtherTool] = ()


class Found(NamedTuple):
    """The profiles and sessions of the config, and what a sync of `session` would change.

    `error` is why that is not known.
    """

    path: str
    profiles: list[ConfigProfile]
    sessions: tuple[SsoSession, ...]
    session: SsoSession | None
    sync: Sync
    rows: ProfileRows
    search: Index
    error: SsoHelperError | None = None


def read_profiles(services: App, session_name: str | None) -> Found:
    """Read the config, and plan the sync of this session, or else of the first. Asks AWS nothing."""
    profiles = profile_edit.read_profiles(services)
    sessions = tuple(services.config.read().sso_sessions())
    session = next((one for one in sessions if one.name == session_name), None)
    session = session or next(iter(sessions), None)
    sync, error = Sync(), None
    if session is not None:
        try:
            sync = plan_sync(services, session)
        except SsoHelperError as cause:
            error = cause
    path, rows = config_writing.shown_config_path(services), build_profile_rows(profiles, sync.plan)
    return Found(path, profiles, sessions, session, sync, rows, make_index(rows), error)


def plan_sync(services: App, session: SsoSession) -> Sync:
    """Plan the sync as the saved list and options of the session say."""
    choices = sync_choices.merge_choices(services, session)
    listing = directory.load_listing(services, session)
    if listing is None:
        return Sync(choices)
    others = adopting.list_other_profiles(services, session, listing)
    plan = profile_edit.plan_sync(services, session, listing, choices, others=others)
    return Sync(choices, plan, listing.listed_at, others)


class ProfileRows:
    """The rows in their order. Those of profiles that stay as they are are made on demand: 20,000
    would take 3 MB.
    """

    def __init__(
        self,
        first: Sequence[ProfileRow],
        staying: Sequence[ConfigProfile],
        last: Sequence[ProfileRow],
        account_names: dict[str, str],
    ) -> None:
        self._first, self._staying, self._last = first, staying, last
        self._account_names = account_names

    def __len__(self) -> int:
        return len(self._first) + len(self._staying) + len(self._last)

    def __iter__(self) -> Iterator[ProfileRow]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, number: int) -> ProfileRow:
        if number < len(self._first):
            return self._first[number]
        number -= len(self._first)
        if number < len(self._staying):
            return _make_row(self._staying[number], "", self._account_names)
        return self._last[number - len(self._staying)]


NO_ROWS = ProfileRows((), (), (), {})


def make_index(rows: ProfileRows) -> Index:
    columns: tuple[list[str], ...] = tuple([] for _ in _SEARCHED)
    for row in rows:
        for column, field in zip(columns, _SEARCHED, strict=True):
            column.append(getattr(row, field))
    return Index(columns, fuzzy_columns=(NAME, ROLE), hidden=(ACCOUNT_NAME,))


def build_profile_rows(profiles: Sequence[ConfigProfile], plan: Plan | None) -> ProfileRows:
    """Return the profiles that the plan changes, the others of the config, and those to add."""
    if plan is None:
        return ProfileRows((), profiles, (), {})
    names = {one.account.id: one.account.name for one in plan.request.listing.accounts}
    notes: defaultdict[str, list[str]] = defaultdict(list)
    for skipped in plan.skipped:
        notes[skipped.name].append(skipped.reason)
    present = {item.entry.name: item for item in profiles}
    signs = {
        name: group.sign
        for group in plan_text.group_changes(plan)
        for name in group.names
        if name in present and group.sign != "+"
    }
    for name in plan.stale:
        if name in present and name not in signs:
            signs[name] = SKIPPED
            notes[name].append(_ROLE_GONE)
    signs = dict.fromkeys((name for name in notes if name in present), "") | signs
    changes = {change.profile: change for change in plan.change}
    first = []
    for name in sorted(signs, key=lambda name: not signs[name]):
        row = _make_row(present[name], signs[name], names)
        if name in changes:
            row = row._replace(before=changes[name].before, after=changes[name].after)
        first.append(row._replace(note="; ".join(notes.pop(name, ()))))
    last = _make_rows_to_add(plan, names, notes)
    last += [ProfileRow(name, SKIPPED, note="; ".join(said)) for name, said in notes.items()]
    return ProfileRows(first, [one for one in profiles if one.entry.name not in signs], last, names)


def _make_row(item: ConfigProfile, sign: str, account_names: dict[str, str]) -> ProfileRow:
    name = item.entry.name
    sign = sign or (MANAGED if item.entry.managed else YOURS)
    target = item.shown_target
    if target is None:
        return ProfileRow(name, sign, item=item)
    account_id, role = target.role.account_id, target.role.name
    account_name = account_names.get(account_id, "")
    return ProfileRow(name, sign, account_name, account_id, role, target.session_name or "", item)


def _make_rows_to_add(
    plan: Plan, account_names: dict[str, str], notes: dict[str, list[str]]
) -> list[ProfileRow]:
    keys = {one.header: one.keys for one in plan.changes if isinstance(one, AddSection)}
    return [
        ProfileRow(
            name,
            "+",
            account_names.get(role.account_id, ""),
            role.account_id,
            role.name,
            plan.request.session.name,
            after=dict(keys.get(f"profile {name}", ())),
            note="; ".join(notes.pop(name, ())),
        )
        for name, role in zip(plan.add, plan.add_roles, strict=True)
    ]
