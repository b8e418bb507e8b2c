"""A search field above a list of roles. The picker and the Accounts screen use it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.binding import BindingType

from ssohelper.core.role_rows import RoleRow
from ssohelper.core.text import show
from ssohelper.tui.keys import action_binding, make_cursor_bindings
from ssohelper.tui.one_time_timers import call_after
from ssohelper.tui.widgets.cells import fitted
from ssohelper.tui.widgets.role_list import RoleList
from ssohelper.tui.widgets.search_pane import RowCounts, SearchPane

if TYPE_CHECKING:
    from ssohelper.core.shown_roles import LineContent
    from ssohelper.tui.base import TuiApp

_PREPARE_SECONDS = 0.1


class RolePane(SearchPane["LineContent"]):
    """Searches the list of roles.

    The search always has the focus; arrows move the list's cursor.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *make_cursor_bindings(),
        action_binding("accounts.use", "choose", priority=True),
        action_binding("accounts.leave", priority=True),
    ]
    DEFAULT_CSS = """
    RolePane {
        height: 1fr;
        & > RoleList { height: 1fr; }
    }
    """

    app: TuiApp[Any]

    def __init__(
        self,
        rows: Sequence[RoleRow],
        *,
        now: Callable[[], int],
        is_guarded: Callable[[RoleRow], bool] = lambda _row: False,
        typed: str = "",
        current: RoleRow | None = None,
    ) -> None:
        super().__init__()
        self.list = RoleList(now=now, is_guarded=is_guarded)
        self.list.show_first_rows(rows, current=current)
        if typed:
            self.line.insert(typed)
            self.search_now()

    def on_mount(self) -> None:
        self.show_count()
        self.line.focus()
        # The search index is built after the first paint, so that the first search need not wait.
        call_after(self, _PREPARE_SECONDS, self.list.shown.build_index)

    def row_counts(self) -> RowCounts:
        return RowCounts(self.list.tick_count, self.list.shown.count, len(self.list.rows))

    @property
    def searched_list(self) -> RoleList:
        return self.list

    def content_at_cursor(self) -> LineContent | None:
        return self.list.content

    def search_list(self, text: str, content: LineContent | None) -> None:
        self.list.search(text, content)

    def action_choose(self) -> None:
        self.search_now()
        if self.list.shown.count:
            self.list.choose()
        else:
            self.app.warn_no_role_chosen()

    def clear_ticks(self) -> bool:
        had_ticks = self.list.tick_count > 0
        if had_ticks:
            self.list.clear_ticks()
            self.show_count()
        return had_ticks


def row_text(row: RoleRow | None, width: int) -> Text:
    """Return one line with the row's texts, which the list may cut. Here the role is never cut."""
    if row is None:
        return Text("")
    if row.provider:
        return Text(show(f"{row.role_name} · not ours: {row.provider}"))
    role = show(f"{row.account.id} {row.role_name}")
    name_width = max(8, width - cell_len(role) - 2)  # 2: a blank, and the ellipsis of a cut text
    name = show(row.account.name)
    cut = f"{fitted(name, name_width) if cell_len(name) > name_width else name} " if name else ""
    profiles = ", ".join(row.profiles) or "no profile"
    return Text(f"{cut}{role}{show(f' · {row.session_name} · {profiles}')}")
