"""The two lines above a list: the names of the screens, and the filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from ssohelper.core.keymap import ACTIONS
from ssohelper.core.text import show
from ssohelper.tui.widgets.cells import fitted

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp


_TITLE = "ssohelper"
# The names of the filters in a narrow terminal, and the width of a session's name there.
_SHORT_LABELS = {"all sessions": "all", "favourites": "★"}
_SHORT_CELLS = 8


class ActionLabel(Static):
    ALLOW_SELECT = False

    def __init__(self, text: str, action: str, *, id: str, classes: str = "") -> None:
        super().__init__(Content(text), id=id, classes=classes)
        self._action_name = action

    async def on_click(self) -> None:
        await self.run_action(self._action_name)


class Tab(ActionLabel):
    """Shows the key and the name of a screen. A click shows that screen."""

    def __init__(self, key: str, label: str, action: str, *, id: str, classes: str = "") -> None:
        super().__init__(f"{key} {label}", action, id=id, classes=classes)
        self._texts = f"{key} {label}", key
        self._text = self._texts[0]

    def set_short(self, short: bool) -> None:
        self._text = self._texts[short]
        self.update(Content(self._text))

    @property
    def cells(self) -> int:
        return cell_len(self._text) + 2


class TopBar(Horizontal):
    """Shows the keys and names of the screens and of the command palette."""

    DEFAULT_CSS = """
    TopBar {
        dock: top; height: 1; background: $panel; color: $foreground;
        & > Static { width: auto; padding: 0 1; }
        & > .top-bar--title { text-style: bold; color: $text-primary; }
        & > .top-bar--here {
            background: $block-cursor-background; color: $block-cursor-foreground;
            text-style: $button-focus-text-style;
        }
        & > .top-bar--space { width: 1fr; padding: 0; }
        & > Tab:hover { background: $surface; }
    }
    """

    app: TuiApp[Any]

    def __init__(self, current_screen: str) -> None:
        super().__init__()
        self._current_screen = current_screen

    def compose(self) -> ComposeResult:
        yield Static(_TITLE, classes="top-bar--title", markup=False)
        for name in ("accounts", "sessions", "profiles"):
            is_current = name == self._current_screen
            yield self._make_tab(name, f"app.go('{name}')", "▸" if is_current else " ", is_current)
        yield Static(classes="top-bar--space")
        yield self._make_tab("commands", "app.command_palette", "", False)

    def _make_tab(self, name: str, action: str, sign: str, is_current: bool) -> Tab:
        key = f"{sign}{self.app.key_of(f'app.{name}')}"
        label = ACTIONS[f"app.{name}"].label
        here = "top-bar--here" if is_current else ""
        return Tab(key, label, action, id=f"to-{name}", classes=here)

    def on_resize(self, event: Resize) -> None:
        """Leave out what does not fit: the title, then the word Commands, then other screens'
        names.
        """
        title = self.query_one(".top-bar--title")
        tabs = list(self.query(Tab))
        others = [tab for tab in tabs if not tab.has_class("top-bar--here")]
        for step in range(4):
            title.display = step == 0
            for tab in tabs:
                tab.set_short((step >= 2 and tab is tabs[-1]) or (step >= 3 and tab in others))
            title_cells = cell_len(_TITLE) + 2 if step == 0 else 0
            if title_cells + sum(tab.cells for tab in tabs) <= event.size.width:
                break


class FilterLabel(ActionLabel):
    """Shows the name of a filter, with `●` if the filter is on and `○` if it is off."""

    def __init__(self, label: str, action: str, *, id: str) -> None:
        super().__init__("", action, id=id)
        self._label = label
        self._is_on = self._is_short = False
        self.set_on(False)

    def set_on(self, on: bool, label: str | None = None) -> None:
        """Show the filter as on or off. If a label is given, it replaces the filter's name."""
        self._label, self._is_on = label or self._label, on
        self.set_class(on, "on")
        self._draw_label()
        if isinstance(self.parent, FilterBar):
            self.parent.fit_labels()

    def set_short(self, short: bool) -> None:
        if short != self._is_short:
            self._is_short = short
            self._draw_label()

    @property
    def whole_cells(self) -> int:
        return cell_len(show(self._label, 40)) + 4

    def _draw_label(self) -> None:
        name = show(self._label, 40)
        if self._is_short:
            name = _SHORT_LABELS.get(name, name.removeprefix("by "))
            name = fitted(name, min(_SHORT_CELLS, cell_len(name)))
        self.update(Content(f"{'●' if self._is_on else '○'} {name}"))


class FilterNote(Static):
    """Shows the first of several texts that fits beside the filters, or none of them."""

    _texts: tuple[str, ...] = ()

    def show_first_that_fits(self, *texts: str) -> None:
        self._texts = texts
        self._draw_note()

    def on_resize(self) -> None:
        self._draw_note()

    def _draw_note(self) -> None:
        width = self.content_size.width
        fitting = (text for text in self._texts if cell_len(show(text)) <= width)
        self.update(Content(show(next(fitting, ""))), layout=False)


class FilterBar(Horizontal):
    """Shows the list's filters, and at the right end which lists are being refreshed."""

    DEFAULT_CSS = """
    FilterBar {
        height: 1; background: $surface;
        & > FilterLabel { width: auto; padding: 0 1; color: $text-muted; }
        & > FilterLabel.on { color: $text-accent; text-style: bold; }
        & > FilterLabel:hover { background: $panel; }
        & > #refreshing { width: 1fr; text-align: right; color: $text-muted; padding: 0 1; }
    }
    """

    def on_resize(self, event: Resize) -> None:
        self.fit_labels()

    def fit_labels(self) -> None:
        """Show short names of all filters if their whole names do not fit in the line."""
        labels = list(self.query(FilterLabel))
        is_narrow = sum(label.whole_cells for label in labels) > self.size.width
        for label in labels:
            label.set_short(is_narrow)
