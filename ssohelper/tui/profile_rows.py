"""The rows of the Profiles screen: each profile once, in groups by what `profile sync` does to it.

Made in the background: 12,000 profiles take a moment. Imports no widget.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ssohelper.actions.profiles import ConfigProfile
from ssohelper.core import plan_kinds
from ssohelper.core.choices import role_filter
from ssohelper.core.config_edit import AddSection
from ssohelper.core.config_file import target_belongs_to_session
from ssohelper.core.profile_keys import ProfileChange
from ssohelper.core.profile_plan import Plan
from ssohelper.core.search import Index

MANAGED, YOURS, SKIPPED = "◆", "·", "!"
# All profiles that do not change share this dict: own ones for 20,000 profiles would take 2.5 MB.
_NO_KEYS: dict[str, str] = {}
STAY = "stay"
# The fields of a row that a search compares, by their numbers.
NAME, ACCOUNT_NAME, ACCOUNT_ID, ROLE, SESSION = range(5)


class ProfileRow(NamedTuple):
    """A profile in the config, or one that `profile sync` would add or skip.

    `item` is the profile in the config, if it is there. `before` and `after` are the keys that the
    sync changes; `note` says what the sync does not change in it, and why.
    """

    name: str
    sign: str
    account_name: str = ""
    account_id: str = ""
    role: str = ""
    session: str = ""
    item: ConfigProfile | None = None
    before: dict[str, str] = _NO_KEYS  # never changed
    after: dict[str, str] = _NO_KEYS
    note: str = ""

    @property
    def can_be_removed(self) -> bool:
        """Return whether this is a profile in the config that ssohelper manages."""
        return self.item is not None and self.item.entry.managed


class Section(NamedTuple):
    """A heading of the Profiles screen and the numbers of the rows below it.

    The sync does the same to all of them. `key` stays the same when the sections are made anew.
    """

    key: str
    sign: str
    title: str
    numbers: range


class ProfileRows(NamedTuple):
    """All rows in the order of their sections, and the index that searches them, `search`."""

    rows: Sequence[ProfileRow]
    sections: Sequence[Section]
    search: Index


def build_profile_rows(found: Sequence[ConfigProfile], plan: Plan | None) -> ProfileRows:
    """Return the rows of these profiles of the config, and of what the plan would do with them."""
    maker = _RowMaker(found, plan)
    rows: list[ProfileRow] = []
    sections: list[Section] = []
    for section in maker.sections_with_rows():
        numbers = range(len(rows), len(rows) + len(section.rows))
        title = f"{len(section.rows)} {section.title}"
        sections.append(Section(section.key, section.sign, title, numbers))
        rows += section.rows
    index = Index(
        [
            [row.name for row in rows],
            [row.account_name for row in rows],
            [row.account_id for row in rows],
            [row.role for row in rows],
            [row.session for row in rows],
        ],
        fuzzy_columns=(NAME, ROLE),
        hidden=(ACCOUNT_NAME,),
    )
    return ProfileRows(rows, sections, index)


NO_ROWS = ProfileRows((), (), Index([[]]))


class _SectionWithRows(NamedTuple):
    """A section with the rows themselves; a `Section` has their numbers in the list instead."""

    key: str
    sign: str
    title: str
    rows: list[ProfileRow]


class _RowMaker:
    def __init__(self, found: Sequence[ConfigProfile], plan: Plan | None) -> None:
        self._found, self._plan = found, plan
        listed = plan.request.listing.accounts if plan else ()
        self._account_names = {one.account.id: one.account.name for one in listed}
        self._notes: defaultdict[str, list[str]] = defaultdict(list)
        for skipped in plan.skipped if plan else ():
            self._notes[skipped.name].append(skipped.reason)

    def sections_with_rows(self) -> Iterator[_SectionWithRows]:
        """Yield each section of the Profiles screen that has rows, with these rows."""
        present = {item.entry.name: item for item in self._found}
        done = set[str]()
        plan = self._plan
        if plan is not None:
            changes = {change.profile: change for change in plan.change}
            for group in plan_kinds.group_profiles_by_change(plan):
                done |= set(group.names)
                if group.sign == "+":
                    members = self._make_rows_to_add(plan)
                else:
                    members = [
                        self._make_row(present[name], group.sign, changes.get(name))
                        for name in group.names
                        if name in present
                    ]
                yield _SectionWithRows(group.what, group.sign, group.what, members)
            left = [name for name in plan.stale if name in present and name not in done]
            done |= set(left)
            if left:
                title = "whose role is gone, to keep"
                yield _SectionWithRows(
                    "stale",
                    SKIPPED,
                    title,
                    [self._make_row(present[name], SKIPPED) for name in left],
                )
            skipped = [name for name in self._notes if name not in present and name not in done]
            if skipped:
                yield _SectionWithRows(
                    "skipped",
                    SKIPPED,
                    "skipped",
                    [self._make_skipped_row(name) for name in skipped],
                )
        staying = [item for item in self._found if item.entry.name not in done]
        managed = sum(item.entry.managed for item in staying)
        if staying:
            outside = self._count_profiles_outside_filters(staying)
            what = f"unchanged, {outside} outside the filters" if outside else "unchanged"
            title = f"{what}: {MANAGED} {managed} managed, {len(staying) - managed} yours"
            rows = [
                self._make_row(item, MANAGED if item.entry.managed else YOURS) for item in staying
            ]
            yield _SectionWithRows(STAY, "", title, rows)

    def _count_profiles_outside_filters(self, items: Sequence[ConfigProfile]) -> int:
        """Count the managed profiles of the session whose role the sync's filters leave out."""
        if self._plan is None:
            return 0
        request = self._plan.request
        is_within_filters = role_filter(request.choices)
        accounts = {one.account.id: one.account for one in request.listing.accounts}
        return sum(
            item.entry.managed
            and item.target is not None
            and target_belongs_to_session(item.target, request.session)
            and item.target.role.account_id in accounts
            and not is_within_filters(accounts[item.target.role.account_id], item.target.role.name)
            for item in items
        )

    def _make_row(
        self, item: ConfigProfile, sign: str, change: ProfileChange | None = None
    ) -> ProfileRow:
        name = item.entry.name
        target = item.shown_target
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
