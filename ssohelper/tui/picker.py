"""The picker: a few lines at the bottom of the terminal, gone when something is chosen.

Textual draws on stderr (except on Windows), so it works inside $(…).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from ssohelper.app import App
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.text import show
from ssohelper.tui.base import HouseApp
from ssohelper.tui.widgets.role_list import RoleList
from ssohelper.tui.widgets.role_pane import RolePane, row_text

_KEYS = "enter chooses · esc clears, then leaves"


class _Inline(HouseApp[str]):
    """What both pickers are: small, and left by ctrl+c too."""

    INLINE_PADDING = 0
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c,ctrl+q", "quit", "Leave", show=False, priority=True),
    ]
    CSS = """
    Screen, Screen:inline { border: none; height: 14; max-height: 100%; background: transparent; }
    .status { height: 1; text-style: dim; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def on_load(self) -> None:
        self.theme = "ansi-dark"


class RolePicker(_Inline):
    """Ends with the words for the row that was chosen, or None."""

    def __init__(
        self,
        house: App,
        rows: Sequence[RoleRow],
        is_guarded: Callable[[RoleRow], bool] = lambda _row: False,
    ) -> None:
        super().__init__(house)
        self._rows = rows
        self._is_guarded = is_guarded
        self._status = Static("", classes="status", markup=False)

    def compose(self) -> ComposeResult:
        yield RolePane(self._rows, now=self.house.now, is_guarded=self._is_guarded)
        yield self._status
        yield Static(_KEYS, classes="status", markup=False)

    def on_role_list_moved(self, event: RoleList.Moved) -> None:
        self._status.update(row_text(self.query_one(RoleList).row))

    def on_role_list_chosen(self, event: RoleList.Chosen) -> None:
        self.exit(event.row.words)

    def on_role_pane_left(self) -> None:
        self.exit()


class SessionPicker(_Inline):
    """Ends with the name of the session that was chosen, or None. `lines` are (name, words)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "quit", "Leave", show=False, priority=True),
    ]

    def __init__(self, house: App, lines: Sequence[tuple[str, str]]) -> None:
        super().__init__(house)
        self._lines = lines

    def compose(self) -> ComposeResult:
        yield Static("which session?", markup=False)
        yield OptionList(
            *(Option(Text(show(f"{name}  {words}")), id=name) for name, words in self._lines)
        )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.exit(event.option_id)
