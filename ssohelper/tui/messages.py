"""The messages of the full screen: which one is shown now, and all earlier ones."""

from collections import deque
from enum import Enum
from typing import NamedTuple

from ssohelper.core.text import show

# How many messages the history keeps before it drops the oldest: more than a day brings.
_MOST = 500
# In a terminal with fewer lines than this, the message line exists only while it shows something.
LOW_LINES = 16
NOTHING_CHANGED = "nothing was changed"


class Kind(Enum):
    """The kind of a message: its sign, its word, and the name of its style in `widgets.lines`."""

    NOTE = ("·", "note", "")
    WARNING = ("▲", "warning", "warn")
    ERROR = ("✗", "error", "bad")

    def __init__(self, sign: str, word: str, style: str) -> None:
        self.sign, self.word, self.style = sign, word, style


class Message(NamedTuple):
    """A message with escaped texts; `more` is the error's hint, or the command line."""

    at: int
    kind: Kind
    text: str
    more: str = ""

    @property
    def line(self) -> str:
        return f"{self.text} · {self.more}" if self.more else self.text


def make_escaped_message(at: int, kind: Kind, text: str, more: str | None = None) -> Message:
    """Return a message. Control characters in its texts are escaped; markup has no effect."""
    return Message(at, kind, show(text), show(more or ""))


class Messages:
    """All messages since the program started, and the one that is shown now.

    A note is shown for some seconds, an error or a warning until the user runs the next action.
    """

    def __init__(self) -> None:
        self.all: deque[Message] = deque(maxlen=_MOST)
        self._note: Message | None = None
        self._alert: Message | None = None

    @property
    def shown(self) -> Message | None:
        return self._note or self._alert

    @property
    def has_alert(self) -> bool:
        return self._alert is not None

    def add(self, message: Message) -> None:
        self.all.append(message)
        if message.kind is Kind.NOTE:
            self._note = message
        else:
            self._note, self._alert = None, message

    def hide_note(self, note: Message) -> None:
        """Stop showing this note. Do nothing if the message line shows another message by now."""
        if self._note is note:
            self._note = None

    def hide_alert(self) -> None:
        """Stop showing the last error or warning, because the user has run another action."""
        self._alert = None
