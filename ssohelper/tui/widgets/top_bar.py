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

    def __init__(self, here: str) -> None:
        super().__init__()
        self._here = here

    def compose(self) -> ComposeResult:
        yield Static("ssohelper", classes="top-bar--title", markup=False)
        for name in ("accounts", "sessions", "profiles"):
            yield Tab(name, f"app.go('{name}')", "▸" if name == self._here else " ")
        yield Static(classes="top-bar--room")
        yield Tab("commands", "app.command_palette", "")


class Tab(Static):
    """The key and the name of one of the app's actions, which a click does; `▸` is shown now."""

    ALLOW_SELECT = False
    app: HouseApp[Any]

    def __init__(self, name: str, action: str, sign: str) -> None:
        super().__init__(classes="top-bar--here" if sign == "▸" else "", id=f"to-{name}")
        self._names, self._does, self._sign = f"app.{name}", action, sign

    def on_mount(self) -> None:
        key = self.app.key_of(self._names)
        self.update(Content(f"{self._sign}{key} {ACTIONS[self._names].label}"))

    async def on_click(self) -> None:
        await self.run_action(self._does)
