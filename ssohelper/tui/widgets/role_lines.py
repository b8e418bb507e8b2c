"""Draws the lines of the list of roles: the heading of an account, and a role."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from ssohelper.core import role_rows
from ssohelper.core.clock_text import ago_text
from ssohelper.core.instants import short_duration_text
from ssohelper.core.model import GUARD_SIGN, Account, RoleKey
from ssohelper.core.privileged import PRIVILEGED_SIGN
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.shown_roles import Heading, ShownRoles
from ssohelper.core.text import count_text, show
from ssohelper.tui.widgets import columns
from ssohelper.tui.widgets.cells import fitted, segments_with_matches
from ssohelper.tui.widgets.columns import Columns, Content, HeadingColumns

if TYPE_CHECKING:
    # Not imported when the program runs: that would delay the first paint.
    from ssohelper.core.account_colors import ColorAndLabel
    from ssohelper.core.search import Span
    from ssohelper.tui.base import TuiApp

# The names of the list's styles for marks and for parts of lines.
STYLE_NAMES = ("hit", "cursor", "dim", "group", "favourite", "guarded", "live")
ROLE_LIST_CSS = """
RoleList {
    scrollbar-size-horizontal: 0;
    overflow-x: hidden;
    overflow-y: scroll;
    & > .role-list--hit { text-style: bold underline; color: $text-accent; }
    & > .role-list--cursor { background: $block-cursor-background; color: $block-cursor-foreground; text-style: $block-cursor-text-style; }
    & > .role-list--dim { color: $text-muted; text-style: $muted-text-style; }
    & > .role-list--group { text-style: bold; color: $text-secondary; }
    & > .role-list--favourite { color: $text-warning; }
    & > .role-list--guarded { text-style: bold; color: $text-error; }
    & > .role-list--live { color: $text-success; }
}
"""

CURSOR, CURRENT = "❯", "»"
FAVOURITE, GUARDED, PRIVILEGED = "★", GUARD_SIGN, PRIVILEGED_SIGN
LIVE, PROFILE = "●", "P"
FOLDED, UNFOLDED = "▸", "▾"
TICKED = "✓"
# The mark of an account that a rule of the settings gives a colour.
COLORED = "▌"
# The cells before a role's name: for the marks of cursor, favourite, guard and privileged role.
SIGNS_WIDTH = 5 + len(GUARDED)
# The cells before an account's name: for the marks of the cursor, of a colour and of a fold.
HEADING_SIGNS_WIDTH = 4
# The label of an account is shown only if it leaves at least this many cells for the account's name.
_LEAST_NAME = 8


def lay_out_lines(
    rows: Sequence[RoleRow], lines: Sequence[int], content: Content, width: int, *, is_tree: bool
) -> tuple[Columns, HeadingColumns]:
    """Return the columns for these lines with roles, and those for headings."""
    visible = [rows[number] for number in lines if number >= 0]
    found = columns.lay_out_columns(visible, width - SIGNS_WIDTH, content, grouped=is_tree)
    accounts = [rows[max(number, ~number)] for number in lines]
    space, several = width - HEADING_SIGNS_WIDTH, content.several_sessions
    return found, columns.lay_out_account_headings(accounts, space, has_session=several)


class RolePainter:
    def __init__(
        self,
        style: Callable[[str], Style],
        now: Callable[[], int],
        is_guarded: Callable[[RoleRow], bool],
    ) -> None:
        """`style` returns one of the list's styles by name, and for "" the list's own style."""
        self._style = style
        self._now = now
        self._is_guarded = is_guarded
        # For each role with live credentials, the time left as text: "58m".
        self.live: Mapping[RoleKey, str] = {}
        # The roles that the user has ticked, for actions on several roles.
        self.ticked: frozenset[RoleKey] = frozenset()
        # Which accounts have a mark, and the styles of the marks' colours.
        self.mark_of: Callable[[Account], ColorAndLabel | None] = lambda _account: None
        self.color_style: Callable[[str], Style] = lambda _color: Style()

    def draw_heading(
        self,
        heading: Heading,
        spans: Sequence[Span],
        width: int,
        wide: HeadingColumns,
        *,
        is_cursor: bool,
    ) -> list[Segment]:
        """Return the line of an account: its name, id, session, label and number of roles."""
        base = self._row_style(is_cursor)
        hit = base + (Style(bold=True, underline=True) if is_cursor else self._style("hit"))
        dim = base if is_cursor else base + self._style("dim")
        strong = base + (Style(bold=True) if is_cursor else self._style("group"))
        account, mark = heading.row.account, self.mark_of(heading.row.account)
        sign = f"{FOLDED if heading.is_folded else UNFOLDED} "
        # The account's id and the session tell two accounts apart: a long name must not push them
        # out.
        gap = " " * columns.HEADING_GAP
        id_width = min(len(account.id), wide.id) if account.name else 0
        session = _session_text(heading, wide)
        label = f"{gap}[{show(mark.label)}]" if mark else ""
        left = width - HEADING_SIGNS_WIDTH - cell_len(session)
        left -= id_width + len(gap) if id_width else 0
        if left - cell_len(label) < _LEAST_NAME:
            label = ""
        left -= cell_len(label)
        name, name_tail = (account.name, 0) if account.name else (account.id, wide.id_tail)
        name_width = min(cell_len(show(name)), max(0, left))
        left = max(0, left - name_width)
        ids = [span for span in spans if span.field == role_rows.ACCOUNT_ID]
        names = [span for span in spans if span.field == role_rows.ACCOUNT_NAME]
        return [
            *self._draw_cursor_and_mark(account, base, is_cursor),
            Segment(sign, strong),
            *segments_with_matches(
                name, names if account.name else ids, name_width, strong, hit, tail=name_tail
            ),
            Segment(gap if name_width and id_width else "", dim),
            *segments_with_matches(account.id, ids, id_width, dim, hit, tail=wide.id_tail),
            Segment(session, dim),
            Segment(label, base),
            Segment(fitted(self._heading_note(heading, left), left), dim),
        ]

    def _heading_note(self, heading: Heading, width: int) -> str:
        """Return the number of roles and, if these are folded, their marks, as far as they fit."""
        note = f"  {_role_count_text(heading)}"
        if cell_len(note) >= width:
            note = ""
        marks = self._marks_of_folded_roles(heading) if heading.is_folded else ""
        if cell_len(note) + cell_len(marks) < width:
            # The marks end in the column in which the last use of a role ends.
            note += marks.rjust(width - 1 - cell_len(note))
        return note

    def _marks_of_folded_roles(self, heading: Heading) -> str:
        marks = []
        if any(row.usage.favourite for row in heading.rows):
            marks.append(FAVOURITE)
        if any(map(self._is_guarded, heading.rows)):
            marks.append(GUARDED)
        ticked = sum(row.key in self.ticked for row in heading.rows) if self.ticked else 0
        if ticked:
            marks.append(f"{TICKED}{ticked}")
        live = [self.live[row.key] for row in heading.rows if row.key in self.live]
        if live:
            marks.append(LIVE + (live[0] if len(live) == 1 else str(len(live))))
        used = [row.usage.last_used_at for row in heading.rows if row.usage.last_used_at]
        if used:
            marks.append(self._age_text(max(used)).rjust(8))
        return "  " + " ".join(marks) if marks else ""

    def draw_role(
        self,
        row: RoleRow,
        spans: Sequence[Span],
        wide: Columns,
        *,
        is_cursor: bool,
        is_current: bool = False,
        has_heading: bool,
    ) -> list[Segment]:
        base = self._row_style(is_cursor)
        # The row under the cursor has only the cursor's colours, since dim text could not be read
        # there.
        dim = base if is_cursor else base + self._style("dim")
        hit = base + (Style(bold=True, underline=True) if is_cursor else self._style("hit"))

        def draw_cell(
            text: str, field: int, columns_wide: int, style: Style, tail: int = 0
        ) -> Iterable[Segment]:
            if not columns_wide:
                return []
            matches = [span for span in spans if span.field == field]
            return [
                *segments_with_matches(text, matches, columns_wide - 1, style, hit, tail),
                Segment(" ", base),
            ]

        name = "" if has_heading else row.account.name or row.account.id
        return [
            *self._draw_cursor_and_mark(
                row.account, base, is_cursor, CURRENT if is_current else " ", row.key in self.ticked
            ),
            *self._draw_signs(row, base, is_cursor),
            *draw_cell(name, role_rows.ACCOUNT_NAME, wide.name, base, wide.name_tail),
            *draw_cell(row.account.id, role_rows.ACCOUNT_ID, wide.id, dim, wide.id_tail),
            *draw_cell(row.role_name, role_rows.ROLE_NAME, wide.role, base, wide.role_tail),
            *draw_cell(row.session_name, role_rows.SESSION, wide.session, dim, wide.session_tail),
            *(
                draw_cell(row.text_beside_name, role_rows.PROFILES, wide.profile, dim)
                if wide.profile != columns.PROFILE_SIGN_WIDTH
                else [Segment(f"{PROFILE if row.profiles else ' '} ", dim)]
            ),
            *self._draw_time_left(row, wide.live, base, is_cursor),
            *([Segment(self._last_use_age(row).rjust(wide.age - 1), dim)] if wide.age else []),
        ]

    def _row_style(self, is_cursor: bool) -> Style:
        return self._style("") + self._style("cursor") if is_cursor else self._style("")

    def _draw_cursor_and_mark(
        self,
        account: Account,
        base: Style,
        is_cursor: bool,
        other_sign: str = " ",
        is_ticked: bool = False,
    ) -> list[Segment]:
        mark, sign = self.mark_of(account), CURSOR if is_cursor else other_sign
        if is_ticked:
            strong = base + (Style(bold=True) if is_cursor else self._style("group"))
            return [Segment(sign, base), Segment(TICKED, strong)]
        if mark is None:
            return [Segment(f"{sign} ", base)]
        style = base if is_cursor else base + self.color_style(mark.color)
        return [Segment(sign, base), Segment(COLORED, style)]

    def _draw_signs(self, row: RoleRow, base: Style, is_cursor: bool) -> list[Segment]:
        favourite = base if is_cursor else base + self._style("favourite")
        guarded = base if is_cursor else base + self._style("guarded")
        return [
            Segment(FAVOURITE if row.usage.favourite else " ", favourite),
            Segment(GUARDED if self._is_guarded(row) else " " * len(GUARDED), guarded),
            Segment(PRIVILEGED if row.privileged else " ", guarded),
            Segment(" ", base),
        ]

    def _draw_time_left(
        self, row: RoleRow, width: int, base: Style, is_cursor: bool
    ) -> list[Segment]:
        if not width:
            return []
        left = self.live.get(row.key)
        text = "" if left is None else LIVE if width < columns.LIVE_WIDTH else LIVE + left
        style = base if is_cursor else base + self._style("live")
        return [Segment(text.rjust(width - 1), style), Segment(" ", base)]

    def _last_use_age(self, row: RoleRow) -> str:
        at = row.usage.last_used_at
        return "" if at is None else self._age_text(at)

    def _age_text(self, at: int) -> str:
        return ago_text(self._now() - at, units=1)


def time_left_texts(ends: Mapping[RoleKey, int], aws_now: int) -> dict[RoleKey, str]:
    """Return for each role with unexpired credentials the time left, in one unit: "58m"."""
    return {key: short_duration_text(at - aws_now) for key, at in ends.items() if at > aws_now}


def _session_text(heading: Heading, wide: HeadingColumns) -> str:
    if not wide.session:
        return ""
    gap = " " * columns.HEADING_GAP
    return gap + fitted(heading.row.session_name, wide.session, wide.session_tail).rstrip()


def _role_count_text(heading: Heading) -> str:
    shown, count = len(heading.rows), heading.role_count
    kind = "profile" if heading.row.provider else "role"
    text = count_text(count, kind)
    return text if shown == count else f"{shown} of {text}"


# Indents the lines that say why no role is shown: they begin below the first letter of the search.
_NO_MATCH_INDENT = "  "
_MOST_QUERY_CELLS = 20


def text_below_roles(app: TuiApp[Any], shown: ShownRoles, line: int, width: int) -> str:
    """Return the text of a line below the last role. If no role is shown, the lines say why."""
    lines = [] if shown.lines else _no_match_lines(app, shown, width)
    return lines[line] if line < len(lines) else ""


def _no_match_lines(app: TuiApp[Any], shown: ShownRoles, width: int) -> list[str]:
    """Return why no role is shown, with the keys of the filters; none if there are no roles."""
    if not shown.rows:
        return []

    def key_of(action: str) -> str:
        return app.key_of(f"accounts.{action}")

    view, is_searching = shown.view, shown.is_searching
    matched = f' "{show(shown.query.strip(), _MOST_QUERY_CELLS)}"' if is_searching else ""
    parts = [f"nothing matches{matched}"]
    if is_searching:
        parts.append(f"{key_of('leave')} clears the search")
    if view.only_favourites:
        shows_all, adds = key_of("only_favourites"), key_of("favourite")
        parts.append(f"favourites only: {shows_all} shows all, {adds} adds one")
    if view.only_session is not None:
        parts.append(
            f"sign-in {show(view.only_session)} only: {key_of('only_session')} changes that"
        )
    if hasattr(app, "action_help"):  # a picker has none
        clears = f"{key_of('leave')} " if is_searching else ""
        parts.append(f"help: {clears}{app.key_of('app.help')}")
    line = " · ".join(parts)
    lines = [line] if cell_len(line) + len(_NO_MATCH_INDENT) <= width else parts
    return [_NO_MATCH_INDENT + each for each in lines]
