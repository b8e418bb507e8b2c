"""Notices when the buttons of a dialog were drawn, or have moved: clicks must not hit them yet."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from textual.geometry import Region
from textual.widget import Widget

from ssohelper.tui.typing_pause import KeyKind

if TYPE_CHECKING:
    from textual.screen import Screen

    from ssohelper.tui.base import TuiApp

# What a click presses in a dialog: Textual's buttons, and our keys that can be clicked.
_BUTTONS = "Button, KeyHints"


class ButtonPlaces:
    """Ignores clicks for a pause after the buttons of a dialog were drawn at another place."""

    def __init__(self, app: TuiApp[Any]) -> None:
        self._app = app
        self._places: WeakKeyDictionary[Screen[Any], list[tuple[Widget, Region]]]
        self._places = WeakKeyDictionary()

    def watch(self, dialog: Screen[Any]) -> None:
        """Watch the buttons of this dialog from its first picture on. A second call does nothing."""
        if dialog not in self._places:
            self._places[dialog] = []
            dialog.call_after_refresh(self._watch_drawn_dialog, dialog)

    def _watch_drawn_dialog(self, dialog: Screen[Any]) -> None:
        if dialog.is_running:
            look = partial(self._look, dialog)
            dialog.screen_layout_refresh_signal.subscribe(dialog, look, immediate=True)
            look(dialog)

    def _look(self, dialog: Screen[Any], _: object) -> None:
        places = [(button, button.region) for button in dialog.query(_BUTTONS)]
        if places != self._places[dialog]:
            self._places[dialog] = places
            self._app.typing_pause.begin(KeyKind.CLICK)
