"""Copies text to the clipboard through the terminal (OSC 52)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.widgets import Input
from textual.widgets.input import Selection

from ssohelper.core.text import count_text

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp


def copy_text(
    app: TuiApp[Any], text: str, what: str, command: str | None = None, why: str = ""
) -> None:
    """Copy the text through the terminal, and show that `what` was copied, after the text `why`.

    No terminal reports whether it has copied the text, and many copy only if set to.
    """
    app.copy_to_clipboard(text)
    app.show_done(f"{why}copied {what}, if the terminal allows it", command)


def copy_selected_text(app: TuiApp[Any]) -> bool:
    """Copy the selected text, and unselect it. Return False without any."""
    text = _take_selected_text(app)
    if text:
        copy_text(app, text, f"the selected text: {count_text(len(text), 'character')}")
    elif app.screen.is_modal:
        # Of the two keys, this one acts in dialogs too.
        app.show_done("nothing is selected to copy; ^q quits")
    return bool(text)


def _take_selected_text(app: TuiApp[Any]) -> str:
    field = app.focused
    if isinstance(field, Input) and field.selected_text:
        text = field.selected_text
        field.selection = Selection.cursor(field.cursor_position)
        return text
    text = app.screen.get_selected_text() or ""
    app.screen.clear_selection()
    return text if text.strip() else ""
