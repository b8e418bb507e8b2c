"""A dialog with the saved views of the list of roles: use one, save the present one, remove one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import BindingType

from ssohelper.actions import list_view
from ssohelper.core.role_tree import SavedView
from ssohelper.core.search import Index
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError
from ssohelper.tui.keys import action_binding
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.search_dialog import SearchDialog
from ssohelper.tui.widgets.cells import fitted
from ssohelper.tui.widgets.lines import Line

_MOST_NAME_CELLS = 30


class ViewsScreen(SearchDialog["SavedView | None"]):
    """A dialog with the saved views. Its result is the view to use, or None if the user left."""

    HELP_TEXT = (
        "A view is a search, the order, the folds, the filters, and whether the list is a tree. "
        "Type a name and save the present view under it, or find a saved one and use it. The "
        "command palette has the saved views too."
    )
    PLACEHOLDER = "type a name"
    BINDINGS: ClassVar[list[BindingType]] = [
        action_binding("views.use", "choose_line", priority=True),
        action_binding("views.save", priority=True),
        action_binding("views.remove", priority=True),
        action_binding("views.cancel", "dismiss", priority=True),
    ]

    def __init__(self, present: SavedView, saved: Mapping[str, SavedView]) -> None:
        """`present` is the view that the list has now, `saved` are the saved views by name."""
        keys = ("views.use", "use"), ("views.save", "save by this name")
        rest = ("views.remove", "remove"), ("views.cancel", "cancel")
        super().__init__("Views of the list", (*keys, *rest))
        self._present = present
        self._set_views(saved)

    def _set_views(self, saved: Mapping[str, SavedView]) -> None:
        self._names = sorted(saved, key=str.casefold)
        self._views = [saved[name] for name in self._names]
        self._index = Index([self._names], fuzzy_columns=(0, 0))
        widest = max((cell_len(show(name)) for name in self._names), default=0)
        self._name_width = min(_MOST_NAME_CELLS, widest) + 2

    def on_mount(self) -> None:
        self.show_lines(len(self._names))

    def find_line_numbers(self, query: str) -> Sequence[int]:
        """Return the numbers of the saved views whose names match."""
        if not query.strip():
            return range(len(self._names))
        return self._index.search(query, fuzzy=True)

    def line_key(self, number: int) -> object:
        return self._names[number]

    def empty_text(self) -> str:
        """Return how to save the list's present view, with the key for that."""
        key = self.app.key_of("views.save")
        if not self._names:
            return f"No view is saved yet: type a name, {key} saves the present view."
        saves, clears = f"{key} saves the present view", f"{self.clear_key} clears the name"
        return f"nothing matches · {saves} · {clears}"

    def draw_line(self, number: int, width: int) -> Line:
        """Return the line of a view: its name, and what it shows."""
        left = max(0, width - 2 - self._name_width)
        return [
            ("  ", ""),
            (fitted(self._names[number], self._name_width), ""),
            (fitted(self._views[number].text, left), "dim"),
        ]

    def action_choose_line(self) -> None:
        """Use the view under the cursor, if there is one."""
        number = self.find_chosen_number()
        if number is not None:
            self.dismiss(self._views[number])

    def action_save(self) -> None:
        """Save the list's present view under the typed name. Ask first if the name is taken."""
        name = self.typed_text.strip()
        try:
            list_view.save_named_view(self.app.services, name, self._present)
        except list_view.ViewExists as found:
            self._ask_to_replace(name, found.view)
        except SsoHelperError as error:
            self.app.show_error(error)
        else:
            self.app.show_done(f'saved this view as "{name}"')
            self.dismiss(None)

    def _ask_to_replace(self, name: str, earlier: SavedView) -> None:
        lines: list[Line] = [
            [(f"- {show(earlier.text)}", "bad")],
            [(f"+ {show(self._present.text)}", "good")],
        ]
        question = ConfirmScreen(f'Replace the saved view "{name}"?', lines=lines)

        def replace_if_confirmed(yes: bool | None) -> None:
            if not yes:
                return
            try:
                list_view.save_named_view(self.app.services, name, self._present, replaces=earlier)
            except SsoHelperError as error:
                self.app.show_error(error)
            else:
                self.app.show_done(f'replaced the view "{name}"')
                self.dismiss(None)

        self.app.push_screen(question, replace_if_confirmed)

    def action_remove(self) -> None:
        """Remove the saved view under the cursor."""
        number = self.find_chosen_number()
        if number is None:
            return
        try:
            list_view.remove_saved_view(self.app.services, self._names[number])
        except SsoHelperError as error:
            self.app.show_error(error)
            return
        self.app.show_done(f'removed the view "{self._names[number]}"')
        self._set_views(list_view.load_saved_views(self.app.services))
        self.show_lines(len(self._names), stay=True)
