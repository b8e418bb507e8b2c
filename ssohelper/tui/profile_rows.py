"""The rows of the Profiles screen: each profile once, in groups by what `profile sync` does to it."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
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
    def searched_texts(self) -> tuple[str, str, str, str, str]:
        return self.name, self.account_name, self.account_id, self.role, self.session

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
    """All rows in the order of their sections.

    A row is made when a caller reads it, because 20,000 rows would take 3 MB.
    """

    def __init__(self, maker: _RowMaker) -> None:
        self._make_row = maker.make_row
        # For each row its profile in the config, or the row itself if the profile is not there.
        self._sources: list[_Source] = []
        sections: list[Section] = []
        for section in maker.sections_with_sources():
            numbers = range(len(self._sources), len(self._sources) + len(section.sources))
            title = f"{len(section.sources)} {section.title}"
            sections.append(Section(section.key, section.sign, title, numbers))
            self._sources += section.sources
        self.sections: Sequence[Section] = sections
        self._starts = [section.numbers.start for section in sections]
        self.search = self._make_index()

    def _make_index(self) -> Index:
        columns: list[list[str]] = [[], [], [], [], []]
        for number in range(len(self)):
            for column, text in zip(columns, self[number].searched_texts, strict=True):
                column.append(text)
        return Index(columns, fuzzy_columns=(NAME, ROLE), hidden=(ACCOUNT_NAME,))

    def __len__(self) -> int:
        return len(self._sources)

    def __iter__(self) -> Iterator[ProfileRow]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, number: int) -> ProfileRow:
        source = self._sources[number]
        if isinstance(source, ProfileRow):
            return source
        return self._make_row(source, self.sections[self.section_number(number)].sign)

    def section_number(self, number: int) -> int:
        return bisect_right(self._starts, number) - 1

    def name_of(self, number: int) -> str:
        return self.search.text_of(NAME, number)


def build_profile_rows(found: Sequence[ConfigProfile], plan: Plan | None) -> ProfileRows:
    """Return the rows of these profiles, and of what the plan would do with them."""
    return ProfileRows(_RowMaker(found, plan))


_Source = ConfigProfile | ProfileRow


class _SectionWithSources(NamedTuple):
    key: str
    sign: str
    title: str
    sources: Sequence[_Source]


class _RowMaker:
    def __init__(self, found: Sequence[ConfigProfile], plan: Plan | None) -> None:
        self._found, self._plan = found, plan
        listed = plan.request.listing.accounts if plan else ()
        self._account_names = {one.account.id: one.account.name for one in listed}
        self._changes = {change.profile: change for change in (plan.change if plan else ())}
        self._notes: defaultdict[str, list[str]] = defaultdict(list)
        for skipped in plan.skipped if plan else ():
            self._notes[skipped.name].append(skipped.reason)

    def sections_with_sources(self) -> Iterator[_SectionWithSources]:
        done = set[str]()
        plan = self._plan
        if plan is not None:
            present = {item.entry.name: item for item in self._found}
            for group in plan_text.group_changes(plan):
                done |= set(group.names)
                members: list[_Source] = []
                if group.sign == "+":
                    members += self._make_rows_to_add(plan)
                else:
                    members += [present[name] for name in group.names if name in present]
                yield _SectionWithSources(group.what, group.sign, group.what, members)
            left = [name for name in plan.stale if name in present and name not in done]
            done |= set(left)
            if left:
                title, sources = "kept, although the role is gone", [present[name] for name in left]
                yield _SectionWithSources(STALE, SKIPPED, title, sources)
            skipped = [
                self._make_skipped_row(name)
                for name in self._notes
                if name not in present and name not in done
            ]
            if skipped:
                yield _SectionWithSources("skipped", SKIPPED, "skipped", skipped)
        staying = [item for item in self._found if item.entry.name not in done]
        managed = sum(item.entry.managed for item in staying)
        if staying:
            outside = self._count_profiles_outside_filters(staying)
            what = f"unchanged, {outside} outside the filters" if outside else "unchanged"
            title = f"{what}: {MANAGED} {managed} managed, {len(staying) - managed} yours"
            yield _SectionWithSources(STAY, "", title, staying)

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

    def make_row(self, item: ConfigProfile, sign: str) -> ProfileRow:
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

    def _make_skipped_row(self, name: str) -> ProfileRow:
        return ProfileRow(name, SKIPPED, note="; ".join(self._notes[name]))


NO_ROWS = build_profile_rows((), None)
