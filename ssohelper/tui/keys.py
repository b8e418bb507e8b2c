"""Makes key bindings from the table of actions, and handles keys in the order they were typed."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.events import Event, Key, Paste
from textual.message import Message
from textual.widget import Widget

from ssohelper.core.keymap import ACTIONS, ALL_ACTIONS
from ssohelper.tui.one_time_timers import call_after

if TYPE_CHECKING:
    from textual.binding import ActiveBinding
    from textual.screen import Screen

_Answer = TypeVar("_Answer")
# The type of `TuiApp.key_of`, which returns the name of an action's key.
KeyOf = Callable[[str], str]
# Textual's sign for the enter key, and the key's name in texts, where the word is plainer.
_ENTER_SIGN, _ENTER = "⏎", "enter"
_NAMED_ACTION = re.compile(r"\{(\w+\.\w+)\}")
# The actions of all screens, with Textual's names.
APP_ACTIONS = {
    "app.menu": "menu",
    "app.help": "help",
    "app.commands": "command_palette",
    "app.sign_in": "sign_in_soonest",
    "app.messages": "messages",
    **{f"app.{name}": f"go('{name}')" for name in ("accounts", "sessions", "profiles")},
    "app.quit": "quit",
}
# While a key waits, the app checks this often whether what it waits for still exists.
_CHECK_SECONDS = 0.1


def action_binding(
    name: str, action: str | None = None, *, show: bool = True, priority: bool = False
) -> Binding:
    """Return Textual's binding for `SCREEN.ACTION`, which runs `action`, by default
    `action_ACTION`.
    """
    found = ALL_ACTIONS[name]
    return Binding(
        found.keys,
        action or name.partition(".")[2],
        found.label,
        id=name,
        show=show,
        priority=priority,
        tooltip=found.description,
    )


def find_active_actions(screen: Screen[Any]) -> dict[str, ActiveBinding]:
    """Return the actions of the table that the screen's keys run now, in the table's order."""
    active = screen.active_bindings
    found = {each.binding.id or "": each for each in reversed(active.values())}
    return {name: found[name] for name in ACTIONS if name in found}


def make_cursor_bindings() -> list[Binding]:
    """Return the bindings that move a list's cursor while the search above it has the focus."""
    actions = {
        "up": "move(-1)",
        "down": "move(1)",
        "page_up": "page(-1)",
        "page_down": "page(1)",
        "first": "go(0)",
        "last": "go(-1)",
    }
    return [
        action_binding(f"list.{name}", action, show=False, priority=True)
        for name, action in actions.items()
    ]


def make_row_bindings() -> list[Binding]:
    names = ("shell", "console", "command", "whoami", "favourite", "profile")
    copies = ("copy", "copy_account", "copy_link", "copy_export")
    return [
        action_binding(f"accounts.{name}", f"run_on_row('{name}')", priority=True, show=False)
        for name in (*names, *copies)
    ]


def key_name_in_text(action: str, key_of: KeyOf) -> str:
    """Return the name of an action's key for a text: `enter`, where the footer shows a sign."""
    shown = key_of(action)
    return _ENTER if shown == _ENTER_SIGN else shown


def insert_key_names(text: str, key_of: KeyOf) -> str:
    """Return the text with each `{SCREEN.ACTION}` replaced by that action's key."""
    return _NAMED_ACTION.sub(lambda found: key_name_in_text(found[1], key_of), text)


def make_single_line(text: str) -> str:
    """Return pasted text as one line without control characters."""
    joined = " ".join(text.strip("\r\n").splitlines())
    return "".join(each if each.isprintable() else " " if each.isspace() else "" for each in joined)


class InputHandled(Message):
    """Bubbles up from a widget to the app: the widget has then handled the key before it."""


class KeyOrderApp(App[_Answer], Generic[_Answer]):
    """An app that handles a key or pasted text completely before it handles the next.

    Textual handles a letter in the focused widget, but other keys later, in the app: of `ab⌫c⇥d`
    typed at once, ⌫ would delete the c, and ⇥ would come after the d. The screen that a key opens
    belongs to the key: later keys wait until that screen is drawn and has its focus.
    """

    def __init__(self) -> None:
        super().__init__()
        self._waiting_input: deque[Key | Paste] = deque()
        # The message that follows the input (key or pasted text) that is being handled, and the
        # widget that got the message first. They are None while no input is being handled.
        self._input_marker: InputHandled | None = None
        self._input_target: DOMNode | None = None
        # The text field that got the last letters. It may still be handling them: after letters no
        # message reports that they are handled, as one does after other keys.
        self._text_field: Widget | None = None

    @property
    def is_opening(self) -> bool:
        """Return whether the screen in front takes no keys yet."""
        stack = self.screen_stack
        return not stack or not getattr(stack[-1], "takes_keys", True)

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Paste) and not event.is_forwarded:
            event = Paste(make_single_line(event.text))
        if not isinstance(event, (Key, Paste)) or event.is_forwarded:
            await super().on_event(event)
        else:
            self._hold_input(event)
            await self.handle_waiting_input()

    async def handle_input(self, event: Key | Paste) -> None:
        """Handle the input now, or hold it back until the letters before it are handled."""
        focused = self.focused
        is_text = self._is_letter_for_field(focused, event)
        # Letters for one field need not wait, because a field handles its messages in order. So 20
        # letters that are typed at once cause one search, not 20.
        if self._text_field is not None and not (is_text and self._text_field is focused):
            self._hold_input(event, is_first=True)
            self._send_input_marker(self._text_field)
        elif not self.accept_input(event):
            return
        elif is_text:
            self._text_field = focused
            await super().on_event(event)
        else:
            target = focused or self.screen
            await super().on_event(event)
            self._send_input_marker(target)

    def accept_input(self, event: Key | Paste) -> bool:
        return True

    def _is_letter_for_field(self, field: Widget | None, event: Key | Paste) -> bool:
        return (
            field is not None
            and isinstance(event, Key)
            and field.check_consume_key(event.key, event.character)
            and event.key not in self.screen.active_bindings
        )

    def _hold_input(self, event: Key | Paste, *, is_first: bool = False) -> None:
        if not self._waiting_input:
            call_after(self, _CHECK_SECONDS, self._check_waiting_input)
        self._waiting_input.insert(0 if is_first else len(self._waiting_input), event)

    def _send_input_marker(self, target: DOMNode) -> None:
        self._input_target, self._input_marker = target, InputHandled()
        # A widget that the key has removed gets no message.
        if not target.post_message(self._input_marker):
            self.call_later(self._end_input, self._input_marker)

    def on_input_handled(self, message: InputHandled) -> None:
        if message is self._input_marker:
            # The next input is handled a little later, because the key may have scheduled more
            # work, such as a change of focus.
            self.call_later(self._end_input, message)

    async def _end_input(self, marker: InputHandled) -> None:
        if marker is self._input_marker:
            self._input_marker = self._text_field = None
            await self.handle_waiting_input()

    async def handle_waiting_input(self) -> None:
        """Handle the keys that wait, if the one before them is handled and the screen takes keys."""
        while self._waiting_input and self._input_marker is None and not self.is_opening:
            await self.handle_input(self._waiting_input.popleft())

    def _check_waiting_input(self) -> None:
        """Go on if the widget that handles a key, or the screen that opens, no longer exists."""
        if not self._waiting_input:
            return
        target, marker = self._input_target, self._input_marker
        if marker is None:
            self.call_later(self.handle_waiting_input)
        elif target is not None and (not target.is_attached or target.screen is not self.screen):
            self.call_later(self._end_input, marker)
        call_after(self, _CHECK_SECONDS, self._check_waiting_input)
