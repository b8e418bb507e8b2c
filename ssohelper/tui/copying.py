"""Copies the text that the user has selected with the mouse or in a field."""

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
    """Copy the text to the clipboard through the terminal (OSC 52). Show that `what` was copied.

    The message begins with the text `why`. No terminal reports whether it has copied the text, and many
    copy only if their settings allow it.
    """
    app.copy_to_clipboard(text)
    app.show_done(f"{why}copied {what}, if the terminal allows it", command)


def copy_selected_text(app: TuiApp[Any]) -> bool:
    """Copy the selected text and show a message; then no text is selected. Return False without any.

    In a dialog, which ctrl+c does not leave, a message then says that nothing is selected.
    """
    text = _take_selected_text(app)
    if text:
        copy_text(app, text, f"the selected text: {count_text(len(text), 'character')}")
    elif app.screen.is_modal:
        app.show_done(f"nothing is selected to copy; {app.key_of('app.quit')} quits")
    return bool(text)


def _take_selected_text(app: TuiApp[Any]) -> str:
    """Return the selected text, or "" if there is none, and unselect it."""
    field = app.focused
    if isinstance(field, Input) and field.selected_text:
        text = field.selected_text
        field.selection = Selection.cursor(field.cursor_position)
        return text
    text = app.screen.get_selected_text() or ""
    app.screen.clear_selection()
    return text if text.strip() else ""
