"""A dialog that asks whether to make a change, with its diff and its command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.widgets import Button, Static
from textual.widgets.button import ButtonVariant

from ssohelper.core.keymap import ACTIONS
from ssohelper.core.text import show
from ssohelper.tui import dialog_sizes
from ssohelper.tui.dialog import Dialog, make_title
from ssohelper.tui.keys import action_binding, key_name_in_text
from ssohelper.tui.widgets.lines import Line, LineView, WrappedView

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp


class ConfirmScreen(Dialog[bool]):
    """A question with the answers yes and no. Its result is True if the user answered yes."""

    CSS_PATH = "../styles/screens.tcss"
    HORIZONTAL_BREAKPOINTS = dialog_sizes.COLUMNS
    VERTICAL_BREAKPOINTS = dialog_sizes.LINES
    HELP_TEXT = "The dialog asks a question: nothing changes before you answer yes."
    BINDINGS: ClassVar[list[BindingType]] = [
        action_binding("confirm.yes", "answer(True)"),
        action_binding("confirm.no", "answer(False)"),
        action_binding("confirm.diff", "show_other_lines"),
        action_binding("confirm.choose"),
        # A button has the focus, and these keys scroll the lines above it.
        Binding("up,k,ctrl+k", "scroll_lines('up')", show=False),
        Binding("down,j,ctrl+j", "scroll_lines('down')", show=False),
        Binding("pageup", "scroll_lines('page_up')", show=False),
        Binding("pagedown", "scroll_lines('page_down')", show=False),
        Binding("home,g", "scroll_lines('home')", show=False),
        Binding("end,G", "scroll_lines('end')", show=False),
    ]
    app: DialogApp

    def __init__(
        self,
        question: str,
        *,
        lines: Sequence[Line] = (),
        command: str | None = None,
        other: Sequence[Line] = (),
        proposes_yes: bool = False,
        can_choose: bool = False,
    ) -> None:
        """`lines`, a diff or a summary, are shown below the question; a key shows `other` instead.

        With `proposes_yes`, Enter alone agrees. With `can_choose` the user can ask for another
        choice of roles: the result is then False, and `wants_choice` is True.
        """
        super().__init__()
        self._other = other
        self._question = question
        self._lines = lines
        self._command = command
        self._proposes_yes = proposes_yes
        self._can_choose = can_choose
        self.wants_choice = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide" if self._lines else "dialog") as dialog:
            dialog.set_class(bool(self._lines) and self._is_short(self.app.size), "short")
            yield make_title(self._question)
            if self._lines:
                yield WrappedView(id="changes")
            if self._command:
                command = Static(Content(f"$ {show(self._command)}"), classes="dialog--command")
                command.set_class(not self._lines, "after-title")
                yield command
            with Horizontal(classes="dialog--buttons"):
                yield self._make_button("yes", variant="primary")
                yield self._make_button("no")
                if self._other:
                    yield self._make_button("diff")
                if self._can_choose:
                    yield self._make_button("choose")

    def _make_button(self, name: str, variant: ButtonVariant = "default") -> Button:
        action = f"confirm.{name}"
        label = f"{ACTIONS[action].label} ({key_name_in_text(action, self.app.key_of)})"
        return Button(Content(label), id=name, variant=variant, compact=True)

    def on_mount(self) -> None:
        if self._lines:
            view = self.query_one("#changes", LineView)
            view.set_lines(self._lines)
            self.watch_scroll_keys(view)
        # Usually "No" has the focus, so that Enter alone changes nothing.
        self.query_one("#yes" if self._proposes_yes else "#no", Button).focus()

    def on_resize(self, event: Resize) -> None:
        self._fit_height(event.size)

    def _fit_height(self, size: Size) -> None:
        if self._lines:
            dialog = self.query_one(".dialog")
            dialog.set_class(self._is_short(size), "short")

    def _is_short(self, size: Size) -> bool:
        texts = [self._question, *([f"$ {self._command}"] if self._command else ())]
        return dialog_sizes.fits_on_screen(size, self._lines, texts)

    def action_scroll_lines(self, where: str) -> None:
        if self._lines:
            view = self.query_one("#changes", LineView)
            getattr(view, f"scroll_{where}")(animate=False)

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return {"show_other_lines": bool(self._other), "choose": self._can_choose}.get(action, True)

    def action_show_other_lines(self) -> None:
        """Show the diff in place of its summary, or the other way round."""
        self._lines, self._other = self._other, self._lines
        view = self.query_one("#changes", LineView)
        view.set_lines(self._lines)
        self._fit_height(self.size)
        view.focus()

    def action_choose(self) -> None:
        self.wants_choice = True
        self.dismiss(False)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "diff":
            self.action_show_other_lines()
        elif event.button.id == "choose":
            self.action_choose()
        else:
            self.dismiss(event.button.id == "yes")
