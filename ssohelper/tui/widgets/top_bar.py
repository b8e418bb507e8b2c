"""The two lines above a list: the names of the screens, and the filters.

Each part of the lines can be clicked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from ssohelper.core.keymap import ACTIONS
from ssohelper.core.text import show

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp


class ActionLabel(Static):
    """A text that runs an action when the user clicks it."""

    ALLOW_SELECT = False

    def __init__(self, text: str, action: str, *, id: str, classes: str = "") -> None:
        super().__init__(Content(text), id=id, classes=classes)
        self._action_name = action

    async def on_click(self) -> None:
        await self.run_action(self._action_name)


class Tab(ActionLabel):
    """Shows the key and the name of a screen. A click shows that screen."""


class TopBar(Horizontal):
    """Shows the keys and names of the screens and of the command palette."""

    DEFAULT_CSS = """
    TopBar {
        dock: top; height: 1; background: $panel; color: $foreground;
        & > Static { width: auto; padding: 0 1; }
        & > .top-bar--title { text-style: bold; color: $text-primary; }
        & > .top-bar--here { background: $primary; color: $background; text-style: bold; }
        & > .top-bar--space { width: 1fr; padding: 0; }
        & > Tab:hover { background: $surface; }
    }
    """

    app: TuiApp[Any]

    def __init__(self, current_screen: str) -> None:
        super().__init__()
        self._current_screen = current_screen

    def compose(self) -> ComposeResult:
        yield Static("ssohelper", classes="top-bar--title", markup=False)
        for name in ("accounts", "sessions", "profiles"):
            is_current = name == self._current_screen
            yield self._tab(name, f"app.go('{name}')", "▸" if is_current else " ", is_current)
        yield Static(classes="top-bar--space")
        yield self._tab("commands", "app.command_palette", "", False)

    def _tab(self, name: str, action: str, sign: str, is_current: bool) -> Tab:
        text = f"{sign}{self.app.key_of(f'app.{name}')} {ACTIONS[f'app.{name}'].label}"
        return Tab(text, action, id=f"to-{name}", classes="top-bar--here" if is_current else "")


class FilterLabel(ActionLabel):
    """Shows the name of a filter, with `●` if the filter is on and `○` if it is off."""

    def __init__(self, label: str, action: str, *, id: str) -> None:
        super().__init__("", action, id=id)
        self._label = label
        self.set_on(False)

    def set_on(self, on: bool, label: str | None = None) -> None:
        """Show the filter as on or off. If a label is given, it replaces the filter's name."""
        self._label = label or self._label
        self.set_class(on, "on")
        self.update(Content(f"{'●' if on else '○'} {show(self._label, 40)}"))


class FilterBar(Horizontal):
    """Shows the list's filters, and at the right end which lists are being refreshed."""

    DEFAULT_CSS = """
    FilterBar {
        height: 1; background: $surface;
        & > FilterLabel { width: auto; padding: 0 1; color: $text-muted; }
        & > FilterLabel.on { color: $text-accent; text-style: bold; }
        & > FilterLabel:hover { background: $panel; }
        & > #refreshing { width: 1fr; text-align: right; color: $text-muted; padding: 0 1; }
    }
    """
