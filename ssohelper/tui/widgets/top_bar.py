"""The first line: which screens there are, and which one this is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from ssohelper.core.keymap import ACTIONS

if TYPE_CHECKING:
    from ssohelper.tui.base import HouseApp


class TopBar(Horizontal):
    """Names and keys of the screens, and of the palette; a click goes there."""

    DEFAULT_CSS = """
    TopBar {
        dock: top; height: 1; background: $panel; color: $foreground;
        & > Static { width: auto; padding: 0 1; }
        & > .top-bar--title { text-style: bold; color: $text-primary; }
        & > .top-bar--here { background: $primary; color: $background; text-style: bold; }
        & > .top-bar--room { width: 1fr; padding: 0; }
        & > Tab:hover { background: $surface; }
    }
    """

    app: HouseApp[Any]

    def __init__(self, here: str) -> None:
        super().__init__()
        self._here = here

    def compose(self) -> ComposeResult:
        yield Static("ssohelper", classes="top-bar--title", markup=False)
        for name in ("accounts", "sessions", "profiles"):
            is_here = name == self._here
            yield self._tab(name, f"app.go('{name}')", "▸" if is_here else " ", is_here)
        yield Static(classes="top-bar--room")
        yield self._tab("commands", "app.command_palette", "", False)

    def _tab(self, name: str, action: str, sign: str, is_here: bool) -> Tab:
        text = f"{sign}{self.app.key_of(f'app.{name}')} {ACTIONS[f'app.{name}'].label}"
        return Tab(text, action, id=f"to-{name}", classes="top-bar--here" if is_here else "")


class Tab(Static):
    """The key and the name of one of the app's actions, which a click does."""

    ALLOW_SELECT = False

    def __init__(self, text: str, action: str, *, id: str, classes: str) -> None:
        super().__init__(Content(text), id=id, classes=classes)
        self._does = action

    async def on_click(self) -> None:
        await self.run_action(self._does)
