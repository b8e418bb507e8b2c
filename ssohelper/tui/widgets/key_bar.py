"""The footer: the keys of the current screen, by importance, as many as fit whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual.app import RenderResult
from textual.binding import ActiveBinding
from textual.events import Click, MouseMove, Resize
from textual.strip import Strip
from textual.widget import Widget

from ssohelper.core.keymap import ACTIONS, footer_labels
from ssohelper.tui.keys import action_binding, find_active_actions
from ssohelper.tui.one_time_timers import call_after_drawing
from ssohelper.tui.widgets.search_pane import SearchPane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.style import Style
    from textual.screen import Screen

    from ssohelper.tui.base import TuiApp

# These actions are not in the footer, because the top bar shows the screens.
_ELSEWHERE = frozenset({"app.accounts", "app.sessions", "app.profiles"})
_HELP = "app.help"
# Their keys are text in a search field that is not empty.
_TYPED = frozenset({_HELP, "app.menu", "app.commands"})


class Item(NamedTuple):
    """A key and its label, which start at column `x` of the line."""

    x: int
    key: str
    label: str
    active: ActiveBinding

    @property
    def width(self) -> int:
        return cell_len(self.key) + 1 + cell_len(self.label)

    def moved_to_column(self, x: int) -> Item:
        return self._replace(x=x)


class KeyBar(Widget):
    """Shows the keys of the actions that are possible now.

    A click on a key acts as the key does.

    While rows are ticked, the actions on them come first; in the option fields, Enter and Escape
    do.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-bar--key", "key-bar--off"}
    DEFAULT_CSS = """
    KeyBar {
        dock: bottom; height: 1;
        background: $footer-background; color: $footer-description-foreground;
        & > .key-bar--key { color: $footer-key-foreground; text-style: bold; }
        & > .key-bar--off { color: $text-muted; text-style: $muted-text-style; }
    }
    """
    app: TuiApp[Any]

    def __init__(self) -> None:
        super().__init__()
        self.items: list[Item] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self.update)
        call_after_drawing(self, self.update, self.screen)

    def on_resize(self, event: Resize) -> None:
        self.update(self.screen)

    def update(self, screen: Screen[Any]) -> None:
        if self.is_attached and screen is self.screen:
            self.items = place_keys(self._find_keys(screen), self.app.size.width)
            self.refresh()

    def _find_keys(self, screen: Screen[Any]) -> list[Item]:
        """Return the keys: the help, then the most important first.

        What only the menu's letters run is not among them, unless it acts on ticked rows. While a
        search is typed, characters are text, and → at its end opens the menu, in place of the help.
        """
        found = find_active_actions(screen)
        labels, has_search = find_labels(screen)
        items: dict[str, Item] = {}
        if has_search:
            menu = action_binding("app.menu", "menu")
            items[""] = Item(0, "→", menu.description, ActiveBinding(self.app, menu, True))
        for name in sorted(found, key=lambda name: _footer_rank(name, labels)):
            key = self.app.key_of(name)
            is_text = has_search and (" " in key or name in _TYPED)
            if name not in _ELSEWHERE and not is_text and (name in labels or " " not in key):
                label = labels.get(name) or ACTIONS[name].label
                items.setdefault(label, Item(0, key, label, found[name]))
        return [*items.values()]

    def render_line(self, y: int) -> Strip:
        styles = [
            self.rich_style + self.get_component_rich_style(f"key-bar--{name}", partial=True)
            for name in ("key", "off")
        ]
        return draw_items(self.items, self.size.width, self.rich_style, *styles)

    def render(self) -> RenderResult:
        return ""  # Textual requires this method, but `render_line` draws the line

    def _item_at(self, x: int) -> Item | None:
        return next((item for item in self.items if item.x <= x < item.x + item.width), None)

    def on_mouse_move(self, event: MouseMove) -> None:
        item = self._item_at(event.x)
        self.tooltip = item.active.tooltip if item else None

    async def on_click(self, event: Click) -> None:
        item = self._item_at(event.x)
        # A double click acts once, although its first click may have put another key in this place.
        if item is not None and item.active.enabled and event.chain == 1:
            await self.app.run_action(item.active.binding.action, item.active.node)


def draw_items(
    items: Sequence[Item], width: int, base: Style, key_style: Style, off: Style
) -> Strip:
    segments, x = [], 0
    for item in items:
        is_on = item.active.enabled
        segments += [
            Segment(" " * (item.x - x), base),
            Segment(item.key, key_style if is_on else off),
            Segment(f" {item.label}", base if is_on else off),
        ]
        x = item.x + item.width
    return Strip(segments).adjust_cell_length(width, base)


def _footer_rank(name: str, labels: dict[str, str]) -> tuple[bool, ...]:
    """Return what sorts the footer: the help, actions on ticked rows, Enter, and the menu are first."""
    is_enter = ACTIONS[name].keys.startswith("enter")
    return name != _HELP, name not in labels, not is_enter, name != "app.menu"


def find_labels(screen: Screen[Any]) -> tuple[dict[str, str], bool]:
    """Return the labels that differ from the table's, by action, and whether a search is typed."""
    for pane in screen.query(SearchPane):
        has_search, has_ticks = bool(pane.line.value), pane.row_counts().ticked > 0
        return footer_labels(has_ticks=has_ticks, has_search=has_search), has_search
    return {}, False


def place_keys(keys: list[Item], width: int) -> list[Item]:
    """Return as many keys as fit whole, with their columns.

    The first, the help, is at the right end.
    """
    if not keys or keys[0].width + 2 > width:
        return []
    help_key, *others = keys
    help_key = help_key.moved_to_column(width - help_key.width - 1)
    placed, x = [], 1
    for item in others:
        if x + item.width + 2 > help_key.x:
            break
        placed.append(item.moved_to_column(x))
        x += item.width + 2
    return [*placed, help_key]
