"""The pickers: a few lines below the shell's prompt, which disappear after the user has chosen."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Collection, Sequence
from typing import ClassVar, Generic, TypeVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.events import Resize
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

from ssohelper.app import App
from ssohelper.core.filter_rows import FilterRow
from ssohelper.core.model import SsoSession
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.text import show
from ssohelper.system import terminal
from ssohelper.tui import tty
from ssohelper.tui.base import NO_ROLE_CHOSEN, TuiApp
from ssohelper.tui.current_size import CurrentSizeScreen
from ssohelper.tui.one_time_timers import call_after, call_after_drawing
from ssohelper.tui.widgets.cells import fitted
from ssohelper.tui.widgets.filter_list import FilterList
from ssohelper.tui.widgets.key_hints import ENTER, KeyHints
from ssohelper.tui.widgets.lines import Chooser, Line
from ssohelper.tui.widgets.role_list import RoleList
from ssohelper.tui.widgets.role_pane import RolePane, row_text

if sys.platform != "win32":
    from textual.drivers.linux_inline_driver import LinuxInlineDriver

    from ssohelper.tui.terminal_driver import CleanTerminalDriver

    class InlineDriver(CleanTerminalDriver, LinuxInlineDriver):
        IS_FULL_SCREEN = False

        def write(self, data: str) -> None:
            """Write to the terminal at the next `flush`."""
            self.output.add(data)

        def flush(self) -> None:
            self.output.write("")


_Answer = TypeVar("_Answer")

_KEYS = (("accounts.use", "choose"), ("accounts.leave", "clear the search, or leave"))
_SESSION_KEYS = ((ENTER, "choose"), ("escape", "leave"))
# The screen is erased this many seconds after a resize, unless another resize follows.
_RESIZED_SECONDS = 0.15


class InlinePicker(TuiApp[_Answer], Generic[_Answer]):
    """A small program below the prompt, drawn on stderr so that it works inside $(…)."""

    INLINE_PADDING = 0
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c,ctrl+q", "quit", "Leave", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, priority=True),
    ]
    # Textual cannot suspend a program that it draws below the prompt. So ctrl+z ends this program;
    # `continued` is the picker to run when the user continues the process.
    continued: InlinePicker[_Answer] | None = None
    _drawn_size: Size | None = None
    _erasing: asyncio.TimerHandle | None = None
    CSS = """
    Screen, Screen:inline { border: none; height: 14; max-height: 100%; background: transparent; }
    /* Colours that can be read on a dark and on a light terminal. */
    RoleList > .role-list--hit { color: ansi_default; text-style: bold underline; }
    RoleList, Chooser { scrollbar-color: ansi_bright_black; scrollbar-background: ansi_default; }
    .status, KeyHints { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    .status { text-style: dim; }
    """

    def get_driver_class(self) -> type[Driver]:
        if sys.platform != "win32":
            return InlineDriver
        return super().get_driver_class()

    def get_default_screen(self) -> Screen[None]:
        return CurrentSizeScreen(id="_default")

    def on_load(self) -> None:
        self.theme = "ansi-dark"

    def on_resize(self, event: Resize) -> None:
        """Erase the screen soon after a change of its size.

        Textual erases it at once, but then draws in the old width again. In a narrower terminal
        these lines wrap, and the next drawing leaves some of them above.
        """
        if self.is_inline and self._drawn_size not in (None, event.size):
            if self._erasing is not None:
                self._erasing.cancel()
            self._erasing = call_after(self, _RESIZED_SECONDS, self._erase_earlier_drawings)
        self._drawn_size = event.size

    def _erase_earlier_drawings(self) -> None:
        if self.output is not None:
            self.output.add(tty.ERASE_SCREEN)
        self.screen.refresh()

    def make_copy(self) -> InlinePicker[_Answer]:
        """Return a new picker with the search, ticks and rows of this one, which cannot run again."""
        raise NotImplementedError

    def action_suspend_process(self) -> None:
        """End this picker, so that the process can be stopped."""
        if terminal.can_suspend_program():
            self.continued = self.make_copy()
            self.exit()
        else:
            self.query(Static).last().update(terminal.CANNOT_SUSPEND)


class RolePicker(InlinePicker[RoleRow]):
    """Lets the user choose a role. Its result is the role's row, or None."""

    def __init__(
        self,
        services: App,
        rows: Sequence[RoleRow],
        is_guarded: Callable[[RoleRow], bool] = lambda _row: False,
        typed: str = "",
        current: RoleRow | None = None,
    ) -> None:
        super().__init__(services)
        self._rows, self._current = rows, current
        self._typed = typed
        self._is_guarded = is_guarded
        self._status = Static("", classes="status", markup=False)

    def make_copy(self) -> RolePicker:
        typed = self.query_one(RolePane).line.value
        return RolePicker(self.services, self._rows, self._is_guarded, typed, self._current)

    def compose(self) -> ComposeResult:
        yield RolePane(
            self._rows,
            now=self.services.clock.now,
            is_guarded=self._is_guarded,
            typed=self._typed,
            current=self._current,
        )
        yield self._status
        yield KeyHints(_KEYS)

    def on_role_list_moved(self) -> None:
        self._show_row_under_cursor()

    def on_resize(self, event: Resize) -> None:
        call_after_drawing(self, self._show_row_under_cursor)

    def _show_row_under_cursor(self) -> None:
        self._status.update(row_text(self.query_one(RoleList).row, self.size.width))

    def warn_no_role_chosen(self) -> None:
        self._status.update(NO_ROLE_CHOSEN)

    def on_role_list_chosen(self, event: RoleList.Chosen) -> None:
        self.exit(event.row)

    def on_search_pane_left(self) -> None:
        self.exit()


class SessionPicker(InlinePicker[SsoSession]):
    """Lets the user choose a session, shown with its state. Its result is the session, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "quit", "Leave", show=False, priority=True),
        Binding("enter", "choose", "Choose", show=False, priority=True),
    ]
    CSS = InlinePicker.CSS + "Screen, Screen:inline { height: auto; } Chooser { height: auto; }"

    def __init__(self, services: App, states: Sequence[tuple[SsoSession, str]]) -> None:
        super().__init__(services)
        self._states = states
        self._names_width = min(40, max(cell_len(show(session.name)) for session, _ in states))

    def make_copy(self) -> SessionPicker:
        return SessionPicker(self.services, self._states)

    def compose(self) -> ComposeResult:
        yield Static("which session?", markup=False)
        yield Chooser(self._draw_session, key_of=lambda number: self._states[number][0])
        yield KeyHints(_SESSION_KEYS)

    def on_mount(self) -> None:
        self.query_one(Chooser).set_count(len(self._states))
        self.query_one(Chooser).focus()

    def _draw_session(self, number: int, width: int) -> Line:
        session, state = self._states[number]
        note = f"  {f'({state})':<12}  {session.start_url}"
        left = max(0, width - 2 - self._names_width)
        name = fitted(session.name, self._names_width)
        return [("  ", ""), (name, ""), (fitted(note, left), "dim")]

    def on_chooser_chosen(self) -> None:
        self.action_choose()

    def action_choose(self) -> None:
        self.exit(self._states[self.query_one(Chooser).cursor][0])


class FilterPicker(InlinePicker[list[FilterRow]]):
    """Lets the user tick rows. Its result is the ticked rows, or None."""

    def __init__(
        self,
        services: App,
        rows: Sequence[FilterRow],
        typed: str = "",
        ticks: Collection[FilterRow] = (),
    ) -> None:
        super().__init__(services)
        self._rows = rows
        self._typed = typed
        self._ticks = ticks

    def make_copy(self) -> FilterPicker:
        found = self.query_one(FilterList)
        return FilterPicker(self.services, self._rows, found.line.value, found.ticks)

    def compose(self) -> ComposeResult:
        yield FilterList(self._rows, self._typed, self._ticks)

    def on_filter_list_taken(self, event: FilterList.Taken) -> None:
        self.exit(event.rows)

    def on_search_pane_left(self) -> None:
        self.exit()
