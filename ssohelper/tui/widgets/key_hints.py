"""The last line of a dialog, such as `enter: run · esc: cancel`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from textual.binding import Binding
from textual.content import Content
from textual.events import Click
from textual.style import Style
from textual.widgets import Static

from ssohelper.core.keymap import ACTIONS
from ssohelper.tui.keys import key_name_in_text

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp

# A key, or the name of an action in `core.keymap.ACTIONS`; and what it does.
Hint = tuple[str, str]
ENTER = "enter"
_BETWEEN = " · "
_META = "hint"


class KeyHints(Static):
    """Shows keys and what they do. A click on a key runs the action that the key has now."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    KeyHints { height: auto; color: $text-muted; text-style: $muted-text-style; }
    """
    app: TuiApp[Any]

    def __init__(self, hints: Iterable[Hint], *, id: str | None = None) -> None:
        super().__init__("", id=id)
        self._hints = tuple(hints)

    def on_mount(self) -> None:
        parts: list[Content] = []
        for number, part in enumerate(self._parts):
            parts += [Content(_BETWEEN)] if number else []
            parts.append(Content.styled(part, Style.from_meta({_META: number})))
        self.update(Content("").join(parts))

    @property
    def _parts(self) -> list[str]:
        return [f"{self._key_text(key)}: {does}" for key, does in self._hints]

    def _key_text(self, key: str) -> str:
        if key in ACTIONS:
            return key_name_in_text(key, self.app.key_of)
        return key if key == ENTER else self.app.get_key_display(Binding(key, ""))

    def lines_needed(self, width: int) -> int:
        """Return how many lines of this width the hints take at most."""
        return cell_len(_BETWEEN.join(self._parts)) // max(1, width) + 1

    async def on_click(self, event: Click) -> None:
        number = event.style.meta.get(_META)
        # The second click of a double click would act on what the first click has put there.
        if number is None or event.chain > 1:
            return
        wanted = self._hints[number][0]
        for key, found in self.screen.active_bindings.items():
            if wanted in (key, found.binding.id) and found.enabled:
                await self.app.run_action(found.binding.action, found.node)
                return
