"""The first line: which screens there are, and which one this is."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from ssohelper.core.keymap import ACTIONS


class TopBar(Horizontal):
    """Names and keys of the screens; a click goes there."""

    DEFAULT_CSS = """
    TopBar {
        dock: top; height: 1; background: $panel; color: $foreground;
        & > Static { width: auto; padding: 0 1; }
        & > .top-bar--title { text-style: bold; color: $text-primary; }
        & > .top-bar--here { background: $primary; color: $background; text-style: bold; }
        & > Tab:hover { background: $surface; }
    }
    """

    def __init__(self, here: str) -> None:
        super().__init__()
        self._here = here

    def compose(self) -> ComposeResult:
        yield Static("ssohelper", classes="top-bar--title", markup=False)
        for name in ("accounts", "sessions", "profiles"):
            yield Tab(name, is_here=name == self._here)


class Tab(Static):
    """One screen's name."""

    ALLOW_SELECT = False

    def __init__(self, name: str, *, is_here: bool) -> None:
        action = ACTIONS[f"app.{name}"]
        sign = "▸" if is_here else " "
        super().__init__(
            Content(f"{sign}{action.keys.upper()} {action.label}"),
            classes="top-bar--here" if is_here else "",
            id=f"to-{name}",
        )
        self._goes_to = name

    async def on_click(self) -> None:
        await self.run_action(f"app.go('{self._goes_to}')")
