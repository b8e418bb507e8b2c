"""The two lines above a list: screens, this shell's role and the sign-in; and the filters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from ssohelper.core.keymap import ACTIONS
from ssohelper.core.text import show
from ssohelper.tui.widgets import clock_lines
from ssohelper.tui.widgets.cells import fitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssohelper.tui.dialog_app import DialogApp


_TITLE = "ssohelper"
# The names of the filters in a narrow terminal, and the width of a session's name there.
_SHORT_LABELS = {"all sign-ins": "all", "favourites": "★"}
_SHORT_CELLS = 8


class ActionLabel(Static):
    ALLOW_SELECT = False

    def __init__(self, text: str, action: str, *, id: str, classes: str = "") -> None:
        super().__init__(Content(text), id=id, classes=classes)
        self._action_name = action

    async def on_click(self) -> None:
        await self.run_action(self._action_name)


# The top bar's layouts, from wide to narrow. The numbers choose one of the texts of: the title,
# the other screens, this screen, this shell's role.
_LAYOUTS = (
    (0, 0, 0, 0),
    (1, 0, 0, 0),
    (1, 0, 0, 1),
    (1, 1, 0, 1),
    (1, 1, 0, 2),
    (1, 1, 1, 2),
)
# The most cells of the session's name: on wide screens, and on others.
_SESSION_CELLS, _WIDE, _FEW_SESSION_CELLS = 16, 80, 6


class TopBar(Horizontal):
    """Shows the screens, this shell's role, and the time left of the sign-in that ends first."""

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
        & > ActionLabel:hover { background: $surface; }
        & > #sign-in.urgent { color: $text-error; text-style: bold; }
    }
    """

    app: DialogApp

    def __init__(self, current_screen: str) -> None:
        super().__init__()
        self._current_screen = current_screen
        # The widgets that get shorter, by their number in a layout, with their texts.
        self._parts: list[tuple[Static, int, Sequence[str]]] = []
        self._shown: tuple[object, ...] = ()
        self._shell = Static("", id="shell", markup=False)
        self._sign_in = ActionLabel("", "app.sign_in_soonest", id="sign-in")

    def compose(self) -> ComposeResult:
        yield self._add_part(0, Static(classes="top-bar--title", markup=False), (_TITLE, ""))
        for name in ("accounts", "sessions", "profiles"):
            yield self._add_tab(name, f"app.go('{name}')", name == self._current_screen)
        yield Static(classes="top-bar--space")
        yield self._shell
        yield self._sign_in

    def _add_tab(self, name: str, action: str, is_current: bool) -> Static:
        text = ("▸" if is_current else " ") + ACTIONS[f"app.{name}"].label
        here = "top-bar--here" if is_current else ""
        tab = ActionLabel("", action, id=f"to-{name}", classes=here)
        return self._add_part(2 if is_current else 1, tab, (text, ""))

    def _add_part(self, place: int, part: Static, texts: Sequence[str]) -> Static:
        self._parts.append((part, place, texts))
        return part

    def on_mount(self) -> None:
        self.app.clocks_read.subscribe(self, lambda _nothing: self._show_times())
        self.set_interval(1.0, self._show_times)

    def on_resize(self, event: Resize) -> None:
        self._show_times()

    def _show_times(self) -> None:
        clocks, services, width = self.app.clocks, self.app.services, self.size.width
        roles: Sequence[str] = ("", "", "")
        time, sign_in, is_urgent = "", "", False
        if clocks is not None:
            now = services.clock.now()
            roles, time = clock_lines.shell_role_texts(clocks, now, services.clock.aws_now())
            cells = _SESSION_CELLS if width >= _WIDE else _FEW_SESSION_CELLS
            key = self.app.key_of("app.sign_in")
            sign_in, is_urgent = clock_lines.sign_in_text(clocks, now, key, cells)
        shown = width, roles, time, sign_in, is_urgent
        if shown != self._shown:  # this runs every second
            self._shown = shown
            self._sign_in.update(Content(sign_in))
            self._sign_in.set_class(is_urgent, "urgent")
            self._lay_out(roles, time, width - cell_len(sign_in) - 2)

    def _lay_out(self, roles: Sequence[str], time: str, width: int) -> None:
        """Use the first layout that fits. In the last one, the role's name is cut, not its time."""
        texts, left = dict[Static, str](), 0
        shell = [f"{role}{time}" for role in roles]
        for layout in _LAYOUTS:
            texts = {part: its[layout[place]] for part, place, its in self._parts}
            texts[self._shell] = shell[layout[-1]]
            left = width - sum(cell_len(text) + 2 for text in texts.values() if text)
            if left >= 0:
                break
        if left < 0:
            cells = cell_len(texts[self._shell]) + left
            texts[self._shell] = fitted(texts[self._shell], cells, tail=len(time))
        for part, text in texts.items():
            part.display = bool(text)
            part.update(Content(text))


class FilterLabel(ActionLabel):
    """Shows the letter and the name of a filter of the list: `●` if it is on, `○` if it is off.

    The first one shows the key of the menu too, in which the letters act.
    """

    def __init__(self, label: str, name: str) -> None:
        super().__init__("", f"screen.run_on_list('{name}')", id=name)
        self._label, self._key = label, ACTIONS[f"accounts.{name}"].keys.split(",")[0]
        if name != "group":
            self._key = self._key.removeprefix("space ")
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
        return cell_len(self._key) + cell_len(show(self._label, 40)) + 5 if self.display else 0

    def _draw_label(self) -> None:
        name = show(self._label, 40)
        if self._is_short:
            name = _SHORT_LABELS.get(name, name.removeprefix("by "))
            name = fitted(name, min(_SHORT_CELLS, cell_len(name)))
        key = "" if self._is_short else f"{self._key} "
        self.update(Content(f"{key}{'●' if self._is_on else '○'} {name}"))


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
        & > FilterLabel { width: auto; padding: 0 1; color: $text-muted; text-style: $muted-text-style; }
        & > FilterLabel.on { color: $text-accent; text-style: bold; }
        & > FilterLabel:hover { background: $panel; }
        & > #refreshing { width: 1fr; text-align: right; color: $text-muted; text-style: $muted-text-style; padding: 0 1; }
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
