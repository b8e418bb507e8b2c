"""Filters as chips over the list: what is on is marked by a sign, and a click turns it."""

from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from ssohelper.core.text import show


class Chip(Static):
    """One filter. `●` is on, `○` is off."""

    ALLOW_SELECT = False

    def __init__(self, label: str, action: str, *, id: str) -> None:
        super().__init__("", id=id)
        self._label = label
        self._action = action
        self.turn(False)

    def turn(self, on: bool, label: str | None = None) -> None:
        """Show it as on or off, perhaps with another label."""
        self._label = label or self._label
        self.set_class(on, "on")
        self.update(Content(f"{'●' if on else '○'} {show(self._label, 40)}"))

    async def on_click(self) -> None:
        await self.run_action(self._action)


class Chips(Horizontal):
    """A line of chips."""

    DEFAULT_CSS = """
    Chips {
        height: 1; background: $surface;
        & > Chip { width: auto; padding: 0 1; color: $text-muted; }
        & > Chip.on { color: $text-accent; text-style: bold; }
        & > Chip:hover { background: $panel; }
        & > #refreshing { width: 1fr; text-align: right; color: $text-muted; padding: 0 1; }
    }
    """
