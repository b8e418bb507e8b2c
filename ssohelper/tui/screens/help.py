"""The help dialog: a text about the focused part of the screen, and what each key does."""

from __future__ import annotations

import textwrap
from typing import Any, ClassVar, NamedTuple

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

from ssohelper.core.keymap import ACTIONS
from ssohelper.core.text import show
from ssohelper.tui import dialog_sizes
from ssohelper.tui.dialog import Dialog
from ssohelper.tui.keys import KeyOf, insert_key_names
from ssohelper.tui.widgets.cells import fitted
from ssohelper.tui.widgets.key_hints import KeyHints
from ssohelper.tui.widgets.lines import Line, LineView

# The dialog has at most 80 columns. Its frame, padding and scrollbar take 7 of them.
_WIDEST, _FRAME_WIDTH = 80, 7
_KEY_WIDTH, _MOST_KEY_WIDTH = 7, 16
# The greatest width of the text, in columns: longer lines are harder to read.
_TEXT_WIDTH = 66


class Help(NamedTuple):
    """A text, and for each action its keys and its description."""

    text: str
    keys: list[tuple[str, str]]
    letters_move: bool


class HelpScreen(Dialog[None]):
    """Shows the help of the screen or dialog below.

    In a HELP_TEXT, `{SCREEN.ACTION}` is replaced by the action's key.
    """

    CSS_PATH = "../styles/screens.tcss"
    CSS = """
    HelpScreen .dialog { width: 80; height: auto; max-height: 100%; }
    HelpScreen LineView { height: auto; max-height: 100%; overflow-x: hidden; }
    """
    HORIZONTAL_BREAKPOINTS = dialog_sizes.COLUMNS
    VERTICAL_BREAKPOINTS = dialog_sizes.LINES
    # A question may open over the help: the action that asks it may still be waiting for AWS.
    MAY_HAVE_QUESTIONS_ABOVE = True
    CLOSES_WITH_SCREEN = True
    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,question_mark,enter", "close", "Close")]

    def __init__(self, screen: Screen[Any], key_of: KeyOf) -> None:
        super().__init__()
        self._help = make_help_of_screen(screen, key_of)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content("Help"), classes="dialog--title")
            yield LineView()
            yield KeyHints([("escape", "close")])

    def on_mount(self) -> None:
        self._show_help(self.app.size)
        view = self.query_one(LineView)
        view.focus()
        self.watch_scroll_keys(view)

    def on_resize(self, event: Resize) -> None:
        self._show_help(event.size)

    def _show_help(self, size: Size) -> None:
        lines = help_lines(self._help, min(_WIDEST, size.width) - _FRAME_WIDTH)
        self.query_one(LineView).set_lines(lines, stay=True)

    def action_close(self) -> None:
        self.dismiss(None)


def make_help_of_screen(screen: Screen[Any], key_of: KeyOf) -> Help:
    """Return the help for the focused part of a screen, or the screen's if that part has none."""
    parts = screen.focused.ancestors_with_self if screen.focused else [screen]
    text = next((part.HELP_TEXT for part in parts if hasattr(part, "HELP_TEXT")), "")
    active = screen.active_bindings
    keys: dict[str, list[str]] = {}
    for found in active.values():
        name = found.binding.id or ""
        if name in ACTIONS and found.enabled:
            keys.setdefault(name, []).append(screen.app.get_key_display(found.binding))
    rows = [(", ".join(shown), ACTIONS[name].description) for name, shown in keys.items()]
    return Help(insert_key_names(text, key_of), rows, letters_move="j" in active)


def help_lines(found: Help, width: int) -> list[Line]:
    width = max(20, width)
    lines: list[Line] = [
        [(part, "")] for part in textwrap.wrap(found.text, min(width, _TEXT_WIDTH))
    ]
    lines.append([])
    widest = max((cell_len(keys) for keys, _ in found.keys), default=0) + 1
    key_width = min(_MOST_KEY_WIDTH, max(_KEY_WIDTH, widest))
    for keys, description in found.keys:
        first, *rest = textwrap.wrap(description, width - key_width)
        lines.append([(fitted(keys, key_width - 1) + " ", "accent"), (first, "")])
        lines += [[(" " * key_width + more, "")] for more in rest]
    letters = ", j k g G" if found.letters_move else ""
    lines += [[], [("arrows, page up, page down, home, end", "accent"), (f"{letters}: move", "")],
              [("tab", "accent"), (": go to the next part", "")]]  # fmt: skip
    return [[(show(text), style) for text, style in line] for line in lines]
