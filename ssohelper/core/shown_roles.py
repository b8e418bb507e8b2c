"""Decides which line of the list shows which role: by search, filter, order, folded accounts."""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.core import role_rows, role_tree
from ssohelper.core.model import NEVER_USED
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.role_tree import BY_USE, FLAT, Groups, RoleListView, account_key

if TYPE_CHECKING:
    from ssohelper.core.search import Index, Span


class Heading(NamedTuple):
    """An account's heading: its shown rows, and the number of all its roles."""

    rows: Sequence[RoleRow]
    role_count: int
    is_folded: bool

    @property
    def row(self) -> RoleRow:
        return self.rows[0]


class LineContent(NamedTuple):
    """The role of `row`, or the heading of its account."""

    row: RoleRow
    is_heading: bool


class ShownRoles:
    """The lines of a list of roles: n stands for row n, ~n for the heading of row n's account.

    A change of what is shown takes milliseconds for 20,000 rows.
    """

    def __init__(self, view: RoleListView = FLAT, current: RoleRow | None = None) -> None:
        self.view = view
        # The row of the role that this shell uses.
        self.current = current
        self.query = ""
        self.rows: Sequence[RoleRow] = ()
        self.lines: Sequence[int] = ()
        # How many rows match the search and the filter, including rows of folded accounts.
        self.count = 0
        self._groups: Groups = {}
        self._index: Index | None = None
        # The numbers of all rows in the view's order, and by account; None until needed.
        self._order: Sequence[int] | None = None
        self._accounts: Groups | None = None

    def set_rows(self, rows: Sequence[RoleRow]) -> None:
        """Show these rows, which `role_rows.ranked_rows` has sorted."""
        self.rows = rows
        self._index = self._order = self._accounts = None
        self._update_lines()

    def search(self, query: str) -> None:
        """Show the rows that match; the best match (in a tree, with its account) comes first."""
        self.query = query
        self._update_lines()

    def set_view(self, view: RoleListView) -> None:
        if (view.sort, view.is_flat) != (self.view.sort, self.view.is_flat):
            self._order = None
        self.view = view
        self._update_lines()

    def build_index(self) -> None:
        if self._index is None:
            self._index = role_rows.make_role_index(self.rows)

    def drop_index(self) -> None:
        """Free 3 MB for 20,000 roles until the next search."""
        self._index = None

    @property
    def is_searching(self) -> bool:
        return bool(self.query.strip())

    @property
    def can_fold(self) -> bool:
        return not (self.view.is_flat or self.is_searching or self.view.only_favourites)

    def _update_lines(self) -> None:
        numbers: Sequence[int]
        if self.is_searching:
            self.build_index()
            assert self._index is not None
            numbers = self._index.search(self.query, fuzzy=True)
        else:
            if self._order is None:
                self._order = role_tree.sorted_row_numbers(self.rows, self.view)
            numbers = self._order
        if self.view.is_filtered:
            numbers = [number for number in numbers if self.view.shows_row(self.rows[number])]
        self.count = len(numbers)
        if self.view.is_flat:
            self._groups, self.lines = {}, numbers
            return
        self._groups = role_tree.group_by_account(self.rows, numbers)
        if self.view.sort == BY_USE and not self.is_searching:
            role_tree.put_used_privileged_last(self.rows, self._groups)
        if self._accounts is None and len(numbers) == len(self.rows):
            self._accounts = self._groups
        self.lines = lines = list[int]()
        for account, group in self._groups.items():
            lines.append(~group[0])
            lines += [] if self.can_fold and self.view.is_folded(account) else group

    def content_of_line(self, line: int) -> LineContent | None:
        if not 0 <= line < len(self.lines):
            return None
        number = self.lines[line]
        return LineContent(self.rows[~number if number < 0 else number], number < 0)

    def line_with_content(self, content: LineContent | None) -> int:
        """Return the line of a role or a heading; for a folded role the line of its heading.

        If there is no such line, return that of the best match or, without a search, of the role
        that is proposed. If no role is proposed, return ~LINE of the first role.
        """
        line = None if content is None else self._find_line(content)
        if line is not None:
            return line
        first = 1 if len(self.lines) > 1 and self.lines[0] < 0 <= self.lines[1] else 0
        if self.is_searching:
            return next(filter(self._is_best_match, range(len(self.lines))), first)
        lines = (self._find_line(LineContent(row, False)) for row in self._proposed_rows())
        return next((line for line in lines if line is not None), ~first)

    def _is_best_match(self, line: int) -> bool:
        """Return whether the role here is not privileged, or a word of the search is in its name."""
        row = self.rows[self.lines[line]]
        name, words = row.role_name.casefold(), self.query.casefold().split()
        return self.lines[line] >= 0 and (not row.comes_last or any(word in name for word in words))

    def _proposed_rows(self) -> Iterator[RoleRow]:
        """Yield this shell's role, favourites, and roles that were used twice, unless privileged."""
        if self.current is not None and self.view.shows_row(self.current):
            yield self.current
        for row in takewhile(lambda row: row.usage != NEVER_USED, self.rows):  # they are ranked
            is_usual = row.usage.favourite or (row.usage.uses > 1 and not row.privileged)
            if is_usual and self.view.shows_row(row):
                yield row

    def _find_line(self, content: LineContent) -> int | None:
        numbers, start, key = self.lines, 0, content.row.key
        if not self.view.is_flat:
            numbers = self._groups.get(account_key(content.row), ())
            start = self.lines.index(~numbers[0]) + 1 if numbers else 0
            if numbers and (content.is_heading or self.lines[start : start + 1] != numbers[:1]):
                return start - 1
        lines = (at for at, number in enumerate(numbers, start) if self.rows[number].key == key)
        return next(lines, None)

    def role_at_line(self, line: int) -> RoleRow | None:
        content = self.content_of_line(line)
        return None if content is None or content.is_heading else content.row

    def heading_at_line(self, line: int) -> Heading | None:
        content = self.content_of_line(line)
        return self.heading_of(~self.lines[line]) if content and content.is_heading else None

    def rows_at_line(self, line: int) -> Sequence[RoleRow]:
        """Return the row of this line or, for a heading, the account's shown rows."""
        role, heading = self.role_at_line(line), self.heading_at_line(line)
        return heading.rows if heading is not None else (role,) if role is not None else ()

    def heading_above(self, row_number: int) -> int:
        return ~self._groups[account_key(self.rows[row_number])][0]

    def heading_of(self, row_number: int) -> Heading:
        if self._accounts is None:
            self._accounts = role_tree.group_by_account(self.rows, range(len(self.rows)))
        account = account_key(self.rows[row_number])
        shown = [self.rows[each] for each in self._groups[account]]
        is_folded = self.can_fold and self.view.is_folded(account)
        return Heading(shown, len(self._accounts[account]), is_folded)

    def spans(self, row_number: int) -> "list[Span]":
        if self._index is None or not self.is_searching:
            return []
        return self._index.spans(self.query, row_number, fuzzy=True)
