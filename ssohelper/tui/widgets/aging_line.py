"""One line of text that has an age in it, such as "listed 5m ago"."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.content import Content
from textual.widgets import Static

from ssohelper.core.text import show

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp


class AgingLine(Static):
    """Shows a text that depends on the time, and draws it again when it has changed."""

    DEFAULT_CSS = "AgingLine { height: 1; }"
    app: TuiApp[Any]

    def __init__(self, text: str, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(show(text), id=id, classes=classes, markup=False)
        self._text = text
        self._make_text: Callable[[int], str] = lambda _now: text

    def on_mount(self) -> None:
        self.set_interval(1.0, self._update_text)

    def set_text(self, make_text: Callable[[int], str]) -> None:
        """Show what `make_text` returns for the time now, in epoch seconds, from now on."""
        self._make_text = make_text
        self._update_text()

    def _update_text(self) -> None:
        text = self._make_text(self.app.services.clock.now())
        if text != self._text:
            self._text = text
            self.update(Content(show(text)), layout=False)
