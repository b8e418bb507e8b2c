"""The rows of the Profiles screen: each profile once, in groups by what `profile sync` does to it."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ssohelper.core import plan_text
from ssohelper.core.choices import role_filter
from ssohelper.core.config_edit import AddSection
from ssohelper.core.config_profiles import ConfigProfile
from ssohelper.core.profile_plan import Plan
from ssohelper.core.search import Index

MANAGED, YOURS, SKIPPED = "◆", "·", "!"
# All profiles that do not change share this dict: 20,000 dicts would take 2.5 MB.
_NO_KEYS: dict[str, str] = {}
STAY, STALE = "stay", "stale"
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


class Section(NamedTuple):
    """A heading of the Profiles screen. Its `key` stays the same after a new plan."""

    key: str
    sign: str
    title: str
    numbers: range


class ProfileRows:
    """All rows in the order of their sections."""

    def __init__(self, sections: Iterable[tuple[str, str, str, Sequence[ProfileRow]]]) -> None:
        """`sections` are the key, sign, title and rows of each."""
        self.rows: list[ProfileRow] = []
        self.sections: list[Section] = []
        for key, sign, title, rows in sections:
            numbers = range(len(self.rows), len(self.rows) + len(rows))
            self.sections.append(Section(key, sign, f"{len(rows)} {title}", numbers))
            self.rows += rows
        self._starts = [section.numbers.start for section in self.sections]
        columns = [[getattr(row, field) for row in self.rows] for field in _SEARCHED]
        self.search = Index(columns, fuzzy_columns=(NAME, ROLE), hidden=(ACCOUNT_NAME,))

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[ProfileRow]:
        return iter(self.rows)

    def __getitem__(self, number: int) -> ProfileRow:
        return self.rows[number]

    def section_number(self, number: int) -> int:
        return bisect_right(self._starts, number) - 1

    def name_of(self, number: int) -> str:
        return self.rows[number].name


def build_profile_rows(found: Sequence[ConfigProfile], plan: Plan | None) -> ProfileRows:
    """Return the rows of these profiles, and of what the plan would do with them."""
    return ProfileRows(_RowMaker(found, plan).make_sections())


class _RowMaker:
    def __init__(self, found: Sequence[ConfigProfile], plan: Plan | None) -> None:
        self._found, self._plan = found, plan
        listed = plan.request.listing.accounts if plan else ()
        self._account_names = {one.account.id: one.account.name for one in listed}
        self._changes = {change.profile: change for change in (plan.change if plan else ())}
        self._notes: defaultdict[str, list[str]] = defaultdict(list)
        for skipped in plan.skipped if plan else ():
            self._notes[skipped.name].append(skipped.reason)

    def make_sections(self) -> Iterator[tuple[str, str, str, Sequence[ProfileRow]]]:
        done = set[str]()
        plan = self._plan
        if plan is not None:
            present = {item.entry.name: item for item in self._found}
            for group in plan_text.group_changes(plan):
                done |= set(group.names)
                if group.sign == "+":
                    rows = self._make_rows_to_add(plan)
                else:
                    items = [present[name] for name in group.names if name in present]
                    rows = [self._make_row(item, group.sign) for item in items]
                yield group.what, group.sign, group.what, rows
            left = [name for name in plan.stale if name in present and name not in done]
            done |= set(left)
            if left:
                rows = [self._make_row(present[name], SKIPPED) for name in left]
                yield STALE, SKIPPED, "kept, although the role is gone", rows
            skipped = [
                ProfileRow(name, SKIPPED, note="; ".join(self._notes[name]))
                for name in self._notes
                if name not in present and name not in done
            ]
            if skipped:
                yield "skipped", SKIPPED, "skipped", skipped
        staying = [item for item in self._found if item.entry.name not in done]
        managed = sum(item.entry.managed for item in staying)
        if staying:
            outside = self._count_profiles_outside_filters(staying)
            what = f"unchanged, {outside} outside the filters" if outside else "unchanged"
            title = f"{what}: {MANAGED} {managed} managed, {len(staying) - managed} yours"
            yield STAY, "", title, [self._make_row(item, "") for item in staying]

    def _count_profiles_outside_filters(self, items: Sequence[ConfigProfile]) -> int:
        if self._plan is None:
            return 0
        request = self._plan.request
        is_within_filters = role_filter(request.choices)
        accounts = {one.account.id: one.account for one in request.listing.accounts}
        return sum(
            item.entry.managed
            and item.target is not None
            and item.target.session_name == request.session.name
            and item.target.role.account_id in accounts
            and not is_within_filters(accounts[item.target.role.account_id], item.target.role.name)
            for item in items
        )

    def _make_row(self, item: ConfigProfile, sign: str) -> ProfileRow:
        """Return the row of a profile. `sign` is that of its section, "" if nothing changes."""
        name = item.entry.name
        sign = sign or (MANAGED if item.entry.managed else YOURS)
        target, change = item.shown_target, self._changes.get(name)
        before, after = (change.before, change.after) if change else (_NO_KEYS, _NO_KEYS)
        note = "; ".join(self._notes.get(name, ()))
        if target is None:
            return ProfileRow(name, sign, "", "", "", "", item, before, after, note)
        account_id, role = target.role.account_id, target.role.name
        account_name = self._account_names.get(account_id, "")
        session = target.session_name or ""
        return ProfileRow(
            name, sign, account_name, account_id, role, session, item, before, after, note
        )

    def _make_rows_to_add(self, plan: Plan) -> list[ProfileRow]:
        keys = {one.header: one.keys for one in plan.changes if isinstance(one, AddSection)}
        return [
            ProfileRow(
                name,
                "+",
                self._account_names.get(role.account_id, ""),
                role.account_id,
                role.name,
                plan.request.session.name,
                after=dict(keys.get(f"profile {name}", ())),
                note="; ".join(self._notes.get(name, ())),
            )
            for name, role in zip(plan.add, plan.add_roles, strict=True)
        ]


NO_ROWS = build_profile_rows((), None)
