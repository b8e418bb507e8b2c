"""A search field above the list of profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Key
from textual.message import Message

from ssohelper.tui.keys import action_binding, make_cursor_bindings
from ssohelper.tui.profile_rows import ProfileRow, ProfileRows
from ssohelper.tui.widgets.lines import Chooser
from ssohelper.tui.widgets.profile_list import LineKey, ProfileList
from ssohelper.tui.widgets.search_pane import RowCounts, SearchPane

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp


class ProfilePane(SearchPane[LineKey]):
    DEFAULT_CSS = "ProfilePane { height: 1fr; width: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        action_binding("profiles.tick", "tick(1)", priority=True),
        action_binding("list.tick_up", "tick(-1)", priority=True, show=False),
        action_binding("profiles.open", priority=True, show=False),
        action_binding("profiles.fold", "fold(True)", priority=True, show=False),
        action_binding("profiles.unfold", "fold(False)", priority=True, show=False),
        action_binding("profiles.back", priority=True, show=False),
        *make_cursor_bindings(),
    ]
    app: TuiApp[Any]

    class Moved(Message):
        """The cursor may be on another line now."""

    class Opened(Message):
        """The user pressed Enter on a profile."""

    class Left(Message):
        """The user pressed Escape while there was no search and no tick."""

    def __init__(self) -> None:
        super().__init__()
        self.list = ProfileList()

    def compose(self) -> ComposeResult:
        yield self.line
        yield self.list

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

    def clear_ticks(self) -> None:
        self.list.clear_ticks()
        self.show_count()

    def row_counts(self) -> RowCounts:
        return RowCounts(len(self.list.ticked), self.list.found_count, len(self.list.data))

    def cursor_line(self) -> int:
        return self.list.cursor

    def content_at_cursor(self) -> LineKey | None:
        return self.list.key_at_cursor()

    def search_list(self, text: str, content: LineKey | None) -> None:
        self.list.search(text, content)

    def on_chooser_moved(self, event: Chooser.Moved) -> None:
        # The pane sends a message of its own, because Textual does not pass a child's message on if
        # a handler of its parent has caused the message.
        event.stop()
        self.post_message(self.Moved())

    def action_move(self, lines: int) -> None:
        self.search_now()
        self.list.action_move(lines)

    def action_page(self, pages: int) -> None:
        self.search_now()
        self.list.action_page(pages)

    def action_go(self, line: int) -> None:
        self.search_now()
        self.list.action_go(line)

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

    def action_back(self) -> None:
        """Clear the search; if there is none, the ticks; if there are none, send the message Left."""
        if self.line.value:
            self.line.action_clear()
        elif self.list.ticked:
            self.clear_ticks()
        else:
            self.post_message(self.Left())
