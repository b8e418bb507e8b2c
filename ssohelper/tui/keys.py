"""Keys: bindings from the table of actions, and an app in which keys act in the order typed."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Generic, TypeVar

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.events import Event, Key, Paste
from textual.message import Message
from textual.widget import Widget

from ssohelper.core.keymap import ACTIONS, parse_keys

_Answer = TypeVar("_Answer")
# How often a waiting key checks that the widget of the key before it still exists.
_CHECK_SECONDS = 0.1


def action_binding(
    name: str, action: str | None = None, *, show: bool = True, priority: bool = False
) -> Binding:
    """Return Textual's binding for `SCREEN.ACTION`.

    It runs `action`, by default the method `action_ACTION`.
    """
    found = ACTIONS[name]
    return Binding(
        ",".join(parse_keys(found.keys)),
        action or name.partition(".")[2],
        found.label,
        id=name,
        show=show,
        priority=priority,
        tooltip=found.description,
    )


def textual_keymap(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the keys of the settings as Textual needs them: binding id → keys."""
    return {name: ",".join(parse_keys(keys)) for name, keys in settings.items()}


class InputHandled(Message):
    """Sent after a key, along the same path: when the app receives it, the key was handled."""


class KeyOrderApp(App[_Answer], Generic[_Answer]):
    """An app that handles a key or pasted text completely before the next one.

    Textual alone handles a letter in the focused widget, but other keys later, in the app. With
    `ab⌫c⇥d` typed at once, ⌫ would delete the c, and ⇥ would come after the d.
    """

    def __init__(self) -> None:
        super().__init__()
        self._waiting_input: deque[Key | Paste] = deque()
        # The message after the input that is being handled, and where it was sent first; None
        # while no input waits for the end of another.
        self._input_marker: InputHandled | None = None
        self._input_target: DOMNode | None = None
        # The field that handles the last letters, perhaps still: no message follows letters.
        self._text_field: Widget | None = None

    async def on_event(self, event: Event) -> None:
        if not isinstance(event, (Key, Paste)) or event.is_forwarded:
            await super().on_event(event)
        elif self._input_marker is None:
            await self._handle_input(event)
        else:
            self._hold(event)

    async def _handle_input(self, event: Key | Paste) -> None:
        """Handle the input now, or hold it until the letters before it are handled."""
        focused = self.focused
        is_text = self._is_text_for(focused, event)
        if is_text and self._text_field in (None, focused):
            # Letters for one field need not wait: it handles its messages in order. So 20 letters
            # typed at once cause one search, not 20.
            self._text_field = focused
            await super().on_event(event)
        elif self._text_field is not None:
            self._hold(event, is_first=True)
            self._send_marker(self._text_field)
        else:
            target = focused or self.screen
            await super().on_event(event)
            self._send_marker(target)

    def _is_text_for(self, field: Widget | None, event: Key | Paste) -> bool:
        """Return whether the event is a letter that this field takes."""
        return (
            field is not None
            and isinstance(event, Key)
            and field.check_consume_key(event.key, event.character)
            and event.key not in self.screen.active_bindings
        )

    def _hold(self, event: Key | Paste, *, is_first: bool = False) -> None:
        if not self._waiting_input:
            self.set_timer(_CHECK_SECONDS, self._check_target)
        self._waiting_input.insert(0 if is_first else len(self._waiting_input), event)

    def _send_marker(self, target: DOMNode) -> None:
        """Send a message after the input that `target` is handling."""
        self._input_target, self._input_marker = target, InputHandled()
        if not target.post_message(self._input_marker):  # the key has removed the widget
            self.call_later(self._handle_next_input, self._input_marker)

    def on_input_handled(self, message: InputHandled) -> None:
        if message is self._input_marker:
            # Later: the key may have scheduled more, such as a change of focus.
            self.call_later(self._handle_next_input, message)

    async def _handle_next_input(self, marker: InputHandled) -> None:
        if marker is not self._input_marker:
            return
        self._input_marker = self._text_field = None
        while self._waiting_input and self._input_marker is None:
            await self._handle_input(self._waiting_input.popleft())

    def _check_target(self) -> None:
        """Handle the next input if the marker cannot arrive, because its widget was removed."""
        target, marker = self._input_target, self._input_marker
        if not self._waiting_input or target is None or marker is None:
            return
        if not target.is_attached or target.screen is not self.screen:
            self.call_later(self._handle_next_input, marker)
        self.set_timer(_CHECK_SECONDS, self._check_target)
