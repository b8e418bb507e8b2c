"""A dialog that ends by itself, also while another screen or dialog is shown over it."""

from __future__ import annotations

from typing import TypeVar

from textual.screen import ModalScreen

_Result = TypeVar("_Result")


class LateDismissScreen(ModalScreen[_Result]):
    """A dialog that closes itself when its background work ends, which may be at any time.

    Textual's `dismiss` would remove the screen that is shown then, which may be another one: the
    help over the dialog, or the screen that a key has switched to.
    """

    def __init__(self) -> None:
        super().__init__()
        self._late_results: list[_Result] = []
        self._has_finished = False

    def finish(self, result: _Result) -> None:
        """Dismiss the dialog with this result, now or when it is shown again. Later calls do nothing."""
        if self._has_finished:
            return
        self._has_finished = True
        if self.app.screen is self:
            self.dismiss(result)
        else:
            self._late_results.append(result)

    def on_screen_resume(self) -> None:
        if self._late_results:
            self.dismiss(self._late_results.pop())
