"""A search field above the list of profiles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from rich.segment import Segment
from textual.binding import BindingType
from textual.events import Key
from textual.message import Message
from textual.strip import Strip

from ssohelper.core.role_tree import next_line_to_tick
from ssohelper.core.search import Span
from ssohelper.core.text import show
from ssohelper.tui.keys import action_binding, make_cursor_bindings
from ssohelper.tui.profile_rows import (
    ACCOUNT_ID,
    NAME,
    NO_ROWS,
    ROLE,
    SESSION,
    STAY,
    ProfileRow,
    ProfileRows,
    Section,
)
from ssohelper.tui.widgets.cells import fitted, pieces_with_matches
from ssohelper.tui.widgets.clicks import Clicked
from ssohelper.tui.widgets.columns import distinguishing_tail, widest_cells
from ssohelper.tui.widgets.lines import Chooser, Line, Piece, wrapped
from ssohelper.tui.widgets.role_lines import FOLDED, TICKED, UNFOLDED
from ssohelper.tui.widgets.search_pane import RowCounts, SearchPane

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp

# A section with more rows than this is folded at first, so that small sections below it are seen at
# once. The last section, which has the unchanged profiles, is never folded at first.
_MOST_UNFOLDED = 8
_SIGN_STYLES = {"+": "good", "~": "warn", "-": "bad", "!": "dim", "◆": "accent", "·": "dim"}
# The cells for the marks of cursor, tick and sign.
_SIGNS_WIDTH = 5
# The largest share of the width for the column of names: the other columns need space too.
_NAME_SHARE = 0.6
# A role name that does not fit is cut if at least this many cells are left for it, or else hidden.
_LEAST_ROLE = 12


class LineKey(NamedTuple):
    """Identifies a line: the heading of the section with the key `name`, or the profile `name`."""

    is_heading: bool
    name: str


class _Widths(NamedTuple):
    """The width of each column with two blanks at its end, 0 if hidden, in the order of their
    space.
    """

    name: int
    role: int
    account_id: int
    session: int


class ProfileList(Chooser):
    """Shows sections of profiles that can be folded. A search shows all matching rows, unfolded."""

    app: TuiApp[Any]
    DEFAULT_CSS = "ProfileList { height: 1fr; min-height: 1; padding: 0 1; overflow-x: hidden; }"

    def __init__(self) -> None:
        super().__init__(self._draw_line, key_of=self._key_of_line, id="profiles")
        self.can_focus = False
        self.data = NO_ROWS
        self.query_text = ""
        self.ticked: frozenset[str] = frozenset()
        # The number of profiles that match the search.
        self.found_count = 0
        # What is on each line: n stands for row n, ~n for the heading of section n.
        self._lines: Sequence[int] = ()
        self._numbers: dict[str, Sequence[int]] = {}
        self._folds: dict[str, bool] = {}
        self._content = _Widths(0, 0, 0, 0)
        self._drawn: tuple[object, _Widths, int] | None = None
        # Why profiles may be missing in the list; shown if no line is left.
        self._note = ""

    # -- which profiles are shown --------------------------------------------------------------

    def show_rows(self, data: ProfileRows, note: str = "") -> None:
        """Show these rows. The cursor stays on its line. `note` is shown if no line is left."""
        before = self.key_at_cursor()
        self.data, self._note = data, note
        if self.ticked:
            self.ticked &= {row.name for row in data if row.can_be_removed}
        texts = data.search.texts_of_column
        sessions = set(texts(SESSION)) - {""}
        self._content = _Widths(
            widest_cells(texts(NAME)),
            widest_cells(texts(ROLE)),
            12 if any(texts(ACCOUNT_ID)) else 0,
            # The column of sessions is not shown if all profiles have the same session.
            widest_cells(sessions) if len(sessions) > 1 else 0,
        )
        self._show_lines(before)

    def search(self, text: str, key: LineKey | None = None) -> None:
        """Show the rows that match, the best match first in each section.

        The sections keep their order. The cursor goes to the line with this key, or to its heading.
        """
        self.query_text = text.strip()
        if key is not None and not key.is_heading and not self.query_text:
            numbers = (at for at in range(len(self.data)) if self.data.name_of(at) == key.name)
            sections = (self.data.sections[self.data.section_number(at)] for at in numbers)
            key = next((LineKey(True, one.key) for one in sections if self.is_folded(one)), key)
        self._show_lines(key)

    def _show_lines(self, key: LineKey | None) -> None:
        self._drawn = None
        sections = self.data.sections
        if self.query_text:
            found = self.data.search.search(self.query_text, fuzzy=True)
            self.found_count = len(found)
            by_section: dict[int, list[int]] = {}
            for number in found:
                by_section.setdefault(self.data.section_number(number), []).append(number)
            self._numbers = {sections[at].key: numbers for at, numbers in by_section.items()}
            order: Iterable[int] = sorted(by_section)
        else:
            found = []
            self.found_count = len(self.data)
            numbers = range(len(self.data))
            self._numbers = {
                section.key: numbers[section.numbers.start : section.numbers.stop]
                for section in sections
            }
            order = range(len(sections))
        lines: list[int] = []
        for at in order:
            lines.append(~at)
            if not self.is_folded(sections[at]):
                lines += self._numbers[sections[at].key]
        self._lines = lines
        self.set_count(len(lines), self._line_of(key) if key else self._line_after_search(found))

    def _line_after_search(self, found: Sequence[int]) -> int:
        """Return the line of the best match if it is on the first page, else that of the first row.

        A later page would scroll the headings of what a sync changes out of sight.
        """
        if not found:
            return 0
        best = self._lines.index(found[0])
        return best if best < self.size.height else 1

    def key_at_cursor(self) -> LineKey | None:
        return self._key_of_line(self.cursor) if self._lines else None

    def _key_of_line(self, line: int) -> LineKey:
        number = self._lines[line]
        is_heading = number < 0
        name = self.data.sections[~number].key if is_heading else self.data.name_of(number)
        return LineKey(is_heading, name)

    def _line_of(self, key: LineKey) -> int:
        is_heading, name = key
        sections = self.data.sections
        for line, number in enumerate(self._lines):
            if is_heading == (number < 0):
                found = sections[~number].key if number < 0 else self.data.name_of(number)
                if found == name:
                    return line
        return min(self.cursor, max(0, len(self._lines) - 1))

    def is_folded(self, section: Section) -> bool:
        """Return whether the rows of the section are hidden. During a search, no rows are."""
        is_big = len(section.numbers) > _MOST_UNFOLDED and section.key != STAY
        return not self.query_text and self._folds.get(section.key, is_big)

    @property
    def row(self) -> ProfileRow | None:
        number = self._lines[self.cursor] if self._lines else -1
        return self.data[number] if number >= 0 else None

    @property
    def section(self) -> Section | None:
        number = self._lines[self.cursor] if self._lines else 0
        return self.data.sections[~number] if number < 0 else None

    # -- folding sections and ticking profiles -------------------------------------------------

    def set_folded(self, folded: bool) -> None:
        """Fold or unfold the section under the cursor.

        To fold it, move the cursor to its heading.
        """
        section = self.section
        if section is None and folded and self._lines:
            at = max(line for line in range(self.cursor + 1) if self._lines[line] < 0)
            self.go_to(at)
            section = self.section
        if section is not None and not self.query_text:
            self._folds[section.key] = folded
            self._show_lines(LineKey(True, section.key))

    def toggle_fold(self) -> bool:
        """Toggle the fold of the heading under the cursor. Return False on a profile."""
        section = self.section
        if section is not None:
            self.set_folded(not self.is_folded(section))
        return section is not None

    def toggle_tick(self, step: int) -> bool:
        """Tick or untick the profile or section, then move the cursor by `step` (1 or -1).

        Return False if no profile there can be removed.
        """
        section, row = self.section, self.row
        rows = [self.data[number] for number in self._numbers[section.key]] if section else []
        names = {one.name for one in (*rows, *([row] if row else [])) if one.can_be_removed}
        self.ticked = self.ticked - names if names <= self.ticked else self.ticked | names
        self.go_to(next_line_to_tick(self._lines, self.cursor, step))
        self.refresh()
        return bool(names)

    def clear_ticks(self) -> None:
        self.ticked = frozenset()
        self.refresh()

    def click_line(self, line: int, clicked: Clicked) -> None:
        super().click_line(line, clicked)
        if clicked is not Clicked.MOVED:
            self.toggle_fold()

    # -- drawing the lines of the list ---------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        if self._lines:
            return super().render_line(y)
        width, base = self.scrollable_content_region.width, self.rich_style
        lines = self._lines_of_empty_list(width)[y : y + 1]
        pieces = [Segment(text, self.style_of(base, name)) for line in lines for text, name in line]
        return Strip(pieces).adjust_cell_length(width, base)

    def _lines_of_empty_list(self, width: int) -> list[Line]:
        clears = f"nothing matches · {self.app.key_of('profiles.back')} clears the search"
        texts = [clears] if self.query_text else []
        texts += [show(self._note, 500)] if self._note else []
        return wrapped([[(f" {text}", "dim")] for text in texts], width)

    def _draw_line(self, number: int, width: int) -> Line:
        found = self._lines[number]
        if found < 0:
            return self._draw_heading(self.data.sections[~found])
        row = self.data[found]
        widths, tail = self._visible_columns(width)
        spans = (
            self.data.search.spans(self.query_text, found, fuzzy=True) if self.query_text else []
        )
        tick = TICKED if row.name in self.ticked else " "
        note = row.note if row.note and not row.account_id else ""
        return [
            (" ", ""),
            (tick, "strong"),
            (f" {row.sign} ", _SIGN_STYLES[row.sign]),
            *_fitted_pieces(row.name, spans, NAME, widths.name, "", tail),
            *([(show(note), "dim")] if note else self._columns_after_name(row, spans, widths)),
        ]

    def _columns_after_name(
        self, row: ProfileRow, spans: Sequence[Span], widths: _Widths
    ) -> Iterable[Piece]:
        yield from _fitted_pieces(row.account_id, spans, ACCOUNT_ID, widths.account_id, "dim")
        yield from _fitted_pieces(row.role, spans, ROLE, widths.role, "dim")
        yield from _fitted_pieces(row.session, spans, SESSION, widths.session, "dim")

    def _draw_heading(self, section: Section) -> Line:
        sign = FOLDED if self.is_folded(section) else UNFOLDED
        count = len(self._numbers[section.key])
        of = f"  {count} found" if self.query_text else ""
        ticked = 0
        if self.ticked and self.is_folded(section):
            names = map(self.data.name_of, section.numbers)
            ticked = sum(name in self.ticked for name in names)
        return [
            (f" {sign} ", "strong"),
            (f"{section.sign} " if section.sign else "", _SIGN_STYLES.get(section.sign, "")),
            (show(section.title), "strong"),
            (of, "dim"),
            (f"  {TICKED}{ticked}" if ticked else "", "strong"),
        ]

    def _visible_columns(self, width: int) -> tuple[_Widths, int]:
        """Return the columns, and where names are cut so that the visible ones differ."""
        top, height = int(self.scroll_offset.y), self.size.height
        key = (width, top, height)
        if self._drawn is None or self._drawn[0] != key:
            widths = _fit_columns(self._content, width - _SIGNS_WIDTH)
            tail = 0
            if widths.name < self._content.name:
                visible = self._lines[top : top + height]
                names = {self.data.name_of(number) for number in visible if number >= 0}
                tail = distinguishing_tail(names, widths.name - 2)
            self._drawn = key, widths, tail
        return self._drawn[1:]


def _fit_columns(content: _Widths, width: int) -> _Widths:
    """Return the columns that have space: the names first, then role, account id and session."""
    name = min(content.name + 2, max(0, width))
    if name > width * _NAME_SHARE and width >= 60:
        name = min(name, max(int(width * _NAME_SHARE), width - 14))
    left = width - name
    role = min(content.role + 2, left) if content.role else 0
    if role < min(content.role, _LEAST_ROLE) + 2:
        role = 0
    left -= role
    others = []
    for cells in content[2:]:
        shown = cells + 2 if cells and cells + 2 <= left else 0
        left -= shown
        others.append(shown)
    return _Widths(name, role, *others)


def _fitted_pieces(
    text: str, spans: Sequence[Span], field: int, width: int, style: str, tail: int = 0
) -> Iterable[Piece]:
    if width <= 2:
        return [(fitted(text, width, tail), style)]
    return [*pieces_with_matches(text, spans, field, width - 2, style, tail), ("  ", style)]


class ProfilePane(SearchPane[LineKey]):
    DEFAULT_CSS = "ProfilePane { height: 1fr; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        action_binding("profiles.tick", "tick(1)", priority=True),
        action_binding("list.tick_up", "tick(-1)", priority=True, show=False),
        action_binding("profiles.open", priority=True, show=False),
        action_binding("profiles.fold", "fold(True)", priority=True, show=False),
        action_binding("profiles.unfold", "fold(False)", priority=True, show=False),
        action_binding("profiles.back", "leave", priority=True, show=False),
        *make_cursor_bindings(),
    ]
    app: TuiApp[Any]

    class Moved(Message):
        """The cursor may be on another line now."""

    class Opened(Message):
        """The user pressed Enter on a profile."""

    def __init__(self) -> None:
        super().__init__()
        self.list = ProfileList()

    def on_mount(self) -> None:
        self.line.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable folding while a search is typed, so that the arrows move the cursor in its text.

        While the option fields are shown, shift+tab goes back to them instead of ticking.
        """
        if action == "tick":
            is_for_fields = parameters == (-1,) and self.screen.has_class("with-options")
            return not (is_for_fields or self.screen.has_class("unreadable"))
        return action != "fold" or not self.line.value

    def show_rows(self, data: ProfileRows, note: str = "", *, warns: bool = False) -> None:
        """Show the rows that match the search. With `warns`, warn if chosen profiles are gone."""
        before, ticked = self.list.row, len(self.list.ticked)
        self.list.show_rows(data, note)
        self.show_count()
        if warns:
            self._warn_of_gone_profiles(before, ticked - len(self.list.ticked))

    def _warn_of_gone_profiles(self, before: ProfileRow | None, ticked: int) -> None:
        if ticked:
            gone = "1 ticked profile is" if ticked == 1 else f"{ticked} ticked profiles are"
            self.app.show_warning(f"{gone} no longer in the list")
        now = self.list.row
        if before is None or (now is not None and now.name == before.name):
            return
        self.app.typing_pause.begin()
        if all(self.list.data.name_of(at) != before.name for at in range(len(self.list.data))):
            self.app.show_warning(f'the profile "{before.name}" is no longer in the list')

    def find_row(self) -> ProfileRow | None:
        """Return the profile under the cursor, or None, after a search for the last letters."""
        self.search_now()
        return self.list.row

    @property
    def has_no_match(self) -> bool:
        """Return whether there are profiles, but none that the last search found."""
        return bool(self.list.data) and not self.list.count

    def find_names_to_remove(self) -> list[str]:
        return [row.name for row in self.find_rows_to_remove()]

    def find_roles_to_remove(self) -> list[tuple[object, ...]]:
        return [row.item.name_and_role for row in self.find_rows_to_remove() if row.item]

    def find_rows_to_remove(self) -> list[ProfileRow]:
        """Return the ticked profiles in their order, or else the one that `find_row` returns."""
        if self.list.ticked:
            return [row for row in self.list.data if row.name in self.list.ticked]
        row = self.find_row()
        return [row] if row is not None and row.can_be_removed else []

    def on_key(self, event: Key) -> None:
        """If the key to remove profiles is pressed on a line where it is disabled, say why."""
        bound = self.screen.active_bindings.get(event.key)
        is_removing = bound is not None and bound.binding.id == "profiles.remove"
        if is_removing and self.list.count and not self.find_names_to_remove():
            self.app.show_done(self._why_nothing_is_removed())

    def _why_nothing_is_removed(self) -> str:
        if self.list.section is None:
            return "only profiles that ssohelper manages can be removed"
        tick, remove = self.app.key_of("profiles.tick"), self.app.key_of("profiles.remove")
        return (
            f"this line is a group: {tick} ticks its managed profiles, then {remove} removes them"
        )

    def clear_ticks(self) -> bool:
        had_ticks = bool(self.list.ticked)
        if had_ticks:
            self.list.clear_ticks()
            self.show_count()
        return had_ticks

    def row_counts(self) -> RowCounts:
        return RowCounts(len(self.list.ticked), self.list.found_count, len(self.list.data))

    @property
    def searched_list(self) -> ProfileList:
        return self.list

    def content_at_cursor(self) -> LineKey | None:
        return self.list.key_at_cursor()

    def search_list(self, text: str, content: LineKey | None) -> None:
        self.list.search(text, content)

    def on_chooser_moved(self, event: Chooser.Moved) -> None:
        # The pane sends a message of its own, because Textual does not pass a child's message on if
        # a handler of its parent has caused the message.
        event.stop()
        self.post_message(self.Moved())

    def action_tick(self, step: int) -> None:
        """Tick the profile or all of its section, then move the cursor by `step` (1 or -1)."""
        self.search_now()
        if self.has_no_match:
            self.app.warn_nothing_selected("profile")
        elif not self.list.toggle_tick(step):
            self.app.show_done("only profiles that ssohelper manages can be ticked")
        self.show_count()

    def action_open(self) -> None:
        """Fold or unfold the section under the cursor; on a profile, send the message `Opened`."""
        self.search_now()
        if self.has_no_match:
            self.app.warn_nothing_selected("profile")
        elif not self.list.toggle_fold():
            self.post_message(self.Opened())

    def action_fold(self, folded: bool) -> None:
        self.list.set_folded(folded)
