"""Help for the focused part: what it is, and its keys with what they do."""

from __future__ import annotations

import textwrap
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from ssohelper.core.keymap import ACTIONS
from ssohelper.core.text import show
from ssohelper.tui.widgets.cells import fitted
from ssohelper.tui.widgets.lines import Line, LineView

_TEXT_WIDTH = 66
_MOVING = (
    ("arrows, j k g G", "move; page up and page down too"),
    ("tab", "go to the next part"),
)


class HelpScreen(ModalScreen[None]):
    """Shows the keys of the screen under it; any of the usual keys closes it."""

    CSS_PATH = "../styles/screens.tcss"
    CSS = """
    HelpScreen .dialog { width: 80; height: auto; max-height: 100%; }
    HelpScreen LineView { height: auto; max-height: 100%; overflow-x: hidden; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,f1,question_mark,enter", "close", "Close")]

    def __init__(self, about: Screen[Any]) -> None:
        super().__init__()
        self._lines = help_lines(about)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content("Help"), classes="dialog--title")
            yield LineView()
            yield Static("esc closes", classes="dialog--note", markup=False)

    def on_mount(self) -> None:
        view = self.query_one(LineView)
        view.set_lines(self._lines)
        view.focus()

    def action_close(self) -> None:
        self.dismiss(None)


def help_lines(about: Screen[Any]) -> list[Line]:
    """Return the screen's help: its words, then each key, what it does and the action's name."""
    focused = about.focused
    words: str = getattr(focused, "HELP_TEXT", "") or getattr(about, "HELP_TEXT", "")
    lines: list[Line] = [[(part, "")] for part in textwrap.wrap(words, _TEXT_WIDTH)]
    lines.append([])
    seen: dict[str, list[str]] = {}
    for found in about.active_bindings.values():
        name = found.binding.id or ""
        if name in ACTIONS and found.enabled:
            seen.setdefault(name, []).append(about.app.get_key_display(found.binding))
    for name, keys in seen.items():
        action = ACTIONS[name]
        lines.append(
            [(fitted(", ".join(keys), 8), "accent"), (fitted(action.what, 41) + " ", ""),
             (name, "dim")]
        )  # fmt: skip
    lines.append([])
    lines += [[(fitted(keys, 18), "accent"), (what, "")] for keys, what in _MOVING]
    lines += [[], [("Another key: ", "dim"), ("ssohelper config set keys.ACTION KEY", "accent")]]
    return [[(show(text), look) for text, look in line] for line in lines]
