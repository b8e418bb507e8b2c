"""The help dialog: a text about the focused part of the screen, and what each key does."""

from __future__ import annotations

import textwrap
from typing import Any, ClassVar, NamedTuple

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Static

from ssohelper.core.keymap import ACTIONS
from ssohelper.core.text import show
from ssohelper.tui import dialog_sizes
from ssohelper.tui.dialog import Dialog
from ssohelper.tui.keys import KeyOf, find_active_actions, insert_key_names
from ssohelper.tui.widgets.cells import fitted
from ssohelper.tui.widgets.key_hints import KeyHints
from ssohelper.tui.widgets.lines import Line, LineView
from ssohelper.tui.widgets.search_line import SearchLine

# The dialog has at most 80 columns. Its frame, padding and scrollbar take 7 of them.
_WIDEST, _FRAME_WIDTH = 80, 7
_KEY_WIDTH, _MOST_KEY_WIDTH = 7, 16
# The greatest width of the text, in columns: longer lines are harder to read.
_TEXT_WIDTH = 66


class HelpRow(NamedTuple):
    group: str
    keys: str
    description: str


class Help(NamedTuple):
    text: str
    rows: list[HelpRow]
    letters_move: bool

    def search(self, typed: str) -> Help:
        """Return the rows with each typed word, without the text; everything if none is typed."""
        words = typed.casefold().split()
        rows = [row for row in self.rows if all(word in " ".join(row).casefold() for word in words)]
        return Help("", rows, False) if words else self


class HelpScreen(Dialog[None]):
    """Shows the help of the screen or dialog below. Typed text searches it.

    In a HELP_TEXT, `{SCREEN.ACTION}` is replaced by the action's key.
    """

    CSS_PATH = "../styles/screens.tcss"
    CSS = """
    HelpScreen .dialog { width: 80; height: auto; max-height: 100%; }
    HelpScreen LineView { height: auto; max-height: 100%; overflow-x: hidden; }
    HelpScreen SearchLine { background: $background; }
    """
    HORIZONTAL_BREAKPOINTS = dialog_sizes.COLUMNS
    VERTICAL_BREAKPOINTS = dialog_sizes.LINES
    SCROLL_KEYS = "page down, ↓: more"
    # A question may open over the help: the action that asks it may still be waiting for AWS.
    MAY_HAVE_QUESTIONS_ABOVE = True
    CLOSES_WITH_SCREEN = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear_or_close", show=False),
        Binding("enter", "dismiss", show=False),
        # The search has the focus, and these keys scroll the lines below it.
        *(
            Binding(key, f"scroll_lines('{where}')", show=False, priority=True)
            for key, where in (
                ("up", "up"),
                ("down", "down"),
                ("pageup", "page_up"),
                ("pagedown", "page_down"),
                ("home", "home"),
                ("end", "end"),
            )
        ),
    ]

    def __init__(self, screen: Screen[Any], key_of: KeyOf) -> None:
        super().__init__()
        self._help = make_help_of_screen(screen, key_of)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content("Help"), classes="dialog--title")
            yield SearchLine(id="help-search")
            yield LineView()
            yield KeyHints([("escape", "close")])

    def on_mount(self) -> None:
        self.query_one(SearchLine).focus()
        view = self.query_one(LineView)
        view.can_focus = False
        self._show_help(self.app.size.width)
        self.watch_scroll_keys(view)

    def on_resize(self, event: Resize) -> None:
        self._show_help(event.size.width)

    def on_search_line_changed(self, event: SearchLine.Changed) -> None:
        event.stop()
        self._show_help(self.app.size.width)

    def _show_help(self, width: int) -> None:
        found = self._help.search(self.query_one(SearchLine).value)
        lines = help_lines(found, min(_WIDEST, width) - _FRAME_WIDTH)
        self.query_one(LineView).set_lines(lines, stay=True)

    def action_scroll_lines(self, where: str) -> None:
        getattr(self.query_one(LineView), f"scroll_{where}")(animate=False)

    def action_clear_or_close(self) -> None:
        line = self.query_one(SearchLine)
        if line.value:
            line.action_clear()
        else:
            self.dismiss(None)


def make_help_of_screen(screen: Screen[Any], key_of: KeyOf) -> Help:
    """Return the help for the focused part of a screen, or the screen's if that part has none."""
    parts = screen.focused.ancestors_with_self if screen.focused else [screen]
    text = next((part.HELP_TEXT for part in parts if hasattr(part, "HELP_TEXT")), "")
    active = screen.active_bindings
    keys: dict[str, dict[str, None]] = {}
    for each in active.values():
        keys.setdefault(each.binding.id or "", {})[screen.app.get_key_display(each.binding)] = None
    rows = [
        HelpRow(ACTIONS[name].group, ", ".join(keys[name]), ACTIONS[name].description)
        for name, found in find_active_actions(screen).items()
        if found.enabled
    ]
    return Help(insert_key_names(text, key_of), rows, letters_move="j" in active)


def help_lines(found: Help, width: int) -> list[Line]:
    width = max(20, width)
    if not (found.rows or found.text):
        return [[("nothing matches · esc clears the search", "dim")]]
    lines: list[Line] = [
        [(part, "")] for part in textwrap.wrap(found.text, min(width, _TEXT_WIDTH))
    ]
    widest = max((cell_len(row.keys) for row in found.rows), default=0) + 1
    key_width = min(_MOST_KEY_WIDTH, max(_KEY_WIDTH, widest))
    group = None
    for row in found.rows:
        if row.group != group:
            group = row.group
            lines += [[], [(group, "strong")]] if group else [[]]
        first, *rest = textwrap.wrap(row.description, width - key_width)
        lines.append([(fitted(row.keys, key_width - 1) + " ", "accent"), (first, "")])
        lines += [[(" " * key_width + more, "")] for more in rest]
    if found.text:
        letters = ", j k g G" if found.letters_move else ""
        lines += [[], [("arrows, page up, page down, home, end", "accent"), (f"{letters}: move", "")],
                  [("tab", "accent"), (": go to the next part", "")]]  # fmt: skip
    return [[(show(text), style) for text, style in line] for line in lines]
