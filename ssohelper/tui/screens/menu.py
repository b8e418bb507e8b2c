"""The menu that Space opens at a row: the actions that are possible now, each on one letter."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.content import Content
from textual.events import Click, Key, Resize
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from ssohelper.core.keymap import ACTIONS
from ssohelper.core.text import show
from ssohelper.tui.dialog import Dialog
from ssohelper.tui.keys import find_active_actions
from ssohelper.tui.widgets.key_bar import Item, draw_items, find_labels

if TYPE_CHECKING:
    from textual.screen import Screen

    from ssohelper.tui.dialog_app import DialogApp

_WIDEST, _GAP = 60, 3
# The columns, or lines, of the border; and of the padding, which has none above and below.
_BORDER, _PADDING = 2, 2


class ActionMenu(Dialog[ActiveBinding | None]):
    """Shows the actions of the screen below. Its result is the action to run, or None."""

    CSS = """
    ActionMenu.menu { align: left top; background: transparent; }
    ActionMenu MenuLines { border: round $primary; padding: 0 1; background: $surface; }
    """
    CLOSES_WITH_SCREEN = True
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,space", "dismiss", show=False)]
    app: DialogApp

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__(classes="menu")
        self._below = screen
        self._lines = MenuLines(find_menu_items(screen))
        self._lines.border_title = Content(show(getattr(screen, "menu_title", "")))
        self._lines.border_subtitle = "esc"

    def compose(self) -> ComposeResult:
        yield self._lines

    def on_mount(self) -> None:
        self._lines.focus()
        self._place(self.app.size)

    def on_resize(self, event: Resize) -> None:
        self._place(event.size)

    def _place(self, size: Size) -> None:
        """Put the menu below the row under the cursor, or above it if there is more room."""
        width = min(_WIDEST, size.width)
        height = self._lines.lay_out(width - _BORDER - _PADDING, size.height - _BORDER) + _BORDER
        row = _line_at_cursor(self._below)
        below = row + 1 + height <= size.height
        top = row + 1 if below else row - height if row >= height else size.height - height
        self._lines.styles.width, self._lines.styles.height = width, min(height, size.height)
        self._lines.styles.offset = (min(2, size.width - width), max(0, top))

    def on_click(self) -> None:
        self.dismiss(None)


class MenuLines(Widget, can_focus=True):
    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"menu--key", "menu--off", "menu--cursor"}
    DEFAULT_CSS = """
    MenuLines > .menu--key { color: $text-accent; text-style: bold; }
    MenuLines > .menu--off { color: $text-muted; text-style: $muted-text-style; }
    MenuLines > .menu--cursor {
        background: $block-cursor-background; color: $block-cursor-foreground;
    }
    """

    def __init__(self, items: list[list[Item]]) -> None:
        super().__init__()
        self._groups = items
        self._lines: list[list[Item]] = []
        self._cursor = 0, 0  # the line, and the item's number in it

    def lay_out(self, width: int, most_lines: int) -> int:
        """Put the items on lines, each group on lines of its own if there is room.

        Return the number of lines.
        """
        at = self._item.key if self._lines else ""
        self._lines = [line for items in self._groups for line in _break_lines(items, width, _GAP)]
        if len(self._lines) > most_lines:
            everything = [item for items in self._groups for item in items]
            self._lines = _break_lines(everything, width, _GAP - 1)
        places = {
            item.key: (y, n) for y, line in enumerate(self._lines) for n, item in enumerate(line)
        }
        self._cursor = places.get(at, (0, 0))
        self.refresh()
        return len(self._lines)

    @property
    def _item(self) -> Item:
        line, number = self._cursor
        return self._lines[line][number]

    def render_line(self, y: int) -> Strip:
        base = self.rich_style
        key, off, cursor = (
            base + self.get_component_rich_style(f"menu--{name}", partial=True)
            for name in ("key", "off", "cursor")
        )
        line = self._lines[y] if y < len(self._lines) else []
        strip = draw_items(line, self.size.width, base, key, off)
        if y != self._cursor[0]:
            return strip
        left, right = self._item.x, self._item.x + self._item.width
        marked = draw_items([self._item], right, cursor, cursor, cursor)
        return Strip.join([strip.crop(0, left), marked.crop(left), strip.crop(right)])

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return character is not None and character.isprintable() and character != " "

    def on_key(self, event: Key) -> None:
        moves = {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}
        if event.key in moves:
            self._move(*moves[event.key])
        elif event.key == "enter":
            self._choose(self._item)
        elif self.check_consume_key(event.key, event.character):
            items = (item for line in self._lines for item in line)
            chosen = next((item for item in items if item.key == event.character), None)
            self._choose(chosen)
        else:
            return
        event.stop()
        event.prevent_default()

    def _move(self, lines: int, items: int) -> None:
        line, number = self._cursor
        if lines:
            line = max(0, min(line + lines, len(self._lines) - 1))
            x = self._item.x
            number = min(
                range(len(self._lines[line])), key=lambda n: abs(self._lines[line][n].x - x)
            )
        else:
            number = max(0, min(number + items, len(self._lines[line]) - 1))
        self._cursor = line, number
        self.refresh()

    def _choose(self, item: Item | None) -> None:
        if item is None:
            self.app.bell()
        else:
            self.screen.dismiss(item.active)

    def on_click(self, event: Click) -> None:
        event.stop()
        offset = event.get_content_offset(self)
        if offset is not None and event.chain == 1 and offset.y < len(self._lines):
            for item in self._lines[offset.y]:
                if item.x <= offset.x < item.x + item.width:
                    self._choose(item)


def find_menu_items(screen: Screen[Any]) -> list[list[Item]]:
    """Return the screen's actions with a letter, by group. Of two with one letter, its own counts."""
    applies = getattr(screen, "applies", lambda _name: True)
    with_ticks = find_labels(screen)[0]
    found = find_active_actions(screen)
    letters: set[str] = set()
    items: dict[str, Item] = {}
    for name, active in found.items():
        letter = "⏎" if ACTIONS[name].keys == "enter" else ACTIONS[name].letter
        letter = {"app.help": "?", "app.commands": ":"}.get(name, letter)
        if letter and letter not in letters and active.enabled and applies(name):
            letters.add(letter)
            label = with_ticks.get(name) or ACTIONS[name].label
            items[name] = Item(0, letter, label[0].lower() + label[1:], active)
    groups = groupby(items, key=lambda name: ACTIONS[name].group)
    return [[items[name] for name in names] for _group, names in groups]


def _line_at_cursor(screen: Screen[Any]) -> int:
    """Return the line of the terminal on which the list of the screen has its cursor."""
    for found in screen.query("RoleList, Chooser"):
        if found.display:
            cursor = max(0, getattr(found, "cursor", 0))
            return found.content_region.y + cursor - int(found.scroll_offset.y)
    return 0


def _break_lines(items: list[Item], width: int, gap: int) -> list[list[Item]]:
    lines: list[list[Item]] = []
    x = width
    for item in items:
        if x + item.width > width or not lines:
            lines.append([])
            x = 0
        lines[-1].append(item.moved_to_column(x))
        x += item.width + gap
    return lines
