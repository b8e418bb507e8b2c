"""A dialog that can close itself while another screen or dialog is shown over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ssohelper.tui.dialog import Dialog

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp

_Result = TypeVar("_Result")


class LateDismissScreen(Dialog[_Result]):
    """A dialog that closes itself when its background work ends, which may be at any time.

    Textual's `dismiss` would remove the screen in front, which may be another one.
    """

    app: TuiApp[Any]

    def __init__(self) -> None:
        super().__init__()
        # The arguments of `finish`, if it was called while another screen was shown.
        self._waiting_close: tuple[_Result, bool] | None = None
        self.has_finished = False

    def finish(self, result: _Result, *, begins_pause: bool = False) -> None:
        """Dismiss the dialog with this result, now or when it is shown again.

        Later calls do nothing.

        With `begins_pause`, the next letters and Enter are ignored: they were typed for this
        dialog.
        """
        if self.has_finished:
            return
        self.has_finished = True
        if self.app.screen is self:
            self._close(result, begins_pause)
        else:
            self._waiting_close = result, begins_pause

    def _close(self, result: _Result, begins_pause: bool) -> None:
        if begins_pause:
            self.app.typing_pause.begin()
        self.dismiss(result)

    def on_screen_resume(self) -> None:
        if self._waiting_close is not None:
            waiting, self._waiting_close = self._waiting_close, None
            self._close(*waiting)
