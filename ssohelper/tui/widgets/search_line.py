"""The search field. It replaces Textual's Input, which takes 5 % of the program's start time."""

from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

PLACEHOLDER = "type to search"
# The longest search: an error message of AWS's is shorter, and a pasted megabyte is not searched for.
_MAX_CHARACTERS = 2000
# The note at the right end is hidden if it would leave the typed text fewer columns than this.
_MIN_TEXT_COLUMNS = 20
_MARGIN = "  "
# While the field is empty, these keys do not type a character where they have another meaning.
_KEYS_IF_EMPTY = frozenset({"space", "question_mark", "colon"})
_DIM, _CURSOR = Style(dim=True), Style(reverse=True)


class SearchLine(Widget, can_focus=True):
    """One line of text that the user edits, with a cursor. `note` is shown at its right end."""

    ALLOW_SELECT = False  # the pointer selects nothing here: no selection would be visible
    DEFAULT_CSS = "SearchLine { height: 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", show=False),
        Binding("right", "move_right", show=False),
        Binding("ctrl+a", "move(-1000)", show=False),
        Binding("ctrl+e", "move(1000)", show=False),
        Binding("backspace,ctrl+h", "delete_left", show=False),
        Binding("delete", "delete_right", show=False),
        Binding("ctrl+w,ctrl+backspace", "delete_word", show=False),
        Binding("ctrl+u", "clear", show=False),
    ]

    class Changed(Message):
        def __init__(self, value: str) -> None:
            super().__init__()
            self.value = value

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.hint = ""  # follows the placeholder where both fit
        self.value = ""
        self.note = ""
        self._cursor = 0

    # -- editing the text of the search --------------------------------------------------------

    def set_value(self, value: str, cursor: int) -> None:
        changed = value != self.value
        self.value = value
        self._cursor = max(0, min(cursor, len(value)))
        self.refresh()
        if changed:
            self.post_message(self.Changed(value))

    def insert(self, text: str) -> None:
        """Insert the text's printable characters at the cursor, up to the maximum length."""
        text = "".join(filter(str.isprintable, text))[: _MAX_CHARACTERS - len(self.value)]
        before, after = self.value[: self._cursor], self.value[self._cursor :]
        self.set_value(before + text + after, self._cursor + len(text))

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Return whether the key types a character, so that it triggers no binding."""
        is_action = not self.value and key in _KEYS_IF_EMPTY
        return character is not None and character.isprintable() and not is_action

    async def on_key(self, event: events.Key) -> None:
        if event.is_printable and event.character:
            event.stop()
            event.prevent_default()
            self.insert(event.character)

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.insert(" ".join(event.text[: 4 * _MAX_CHARACTERS].split()))

    def action_move(self, characters: int) -> None:
        self.set_value(self.value, self._cursor + characters)

    async def action_move_right(self) -> None:
        """Move the cursor; at the end of a text, show the actions on the row that it has found."""
        if self.value and self._cursor == len(self.value):
            await self.run_action("app.menu")
        else:
            self.action_move(1)

    def action_delete_left(self) -> None:
        self._delete(max(0, self._cursor - 1), self._cursor)

    def action_delete_right(self) -> None:
        self._delete(self._cursor, self._cursor + 1)

    def action_delete_word(self) -> None:
        before, space, _word = self.value[: self._cursor].rstrip().rpartition(" ")
        self._delete(len(before + space), self._cursor)

    def action_clear(self) -> None:
        self.set_value("", 0)

    def _delete(self, start: int, end: int) -> None:
        self.set_value(self.value[:start] + self.value[end:], start)

    # -- drawing the search line ---------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        width, style = self.size.width, self.rich_style
        note = f" {self.note} "
        text_width = width - cell_len(note)
        if text_width < _MIN_TEXT_COLUMNS:
            text_width, note = width, ""
        text = self.value or PLACEHOLDER
        if not self.value and cell_len(text + self.hint) < text_width - len(_MARGIN):
            text += self.hint
        dim = style + _DIM
        before, under, after = (
            text[: self._cursor],
            text[self._cursor :][:1],
            text[self._cursor + 1 :],
        )
        # If the text is too long, the part before the cursor is cut at its start.
        before = before[-text_width:]
        while before and cell_len(before) > text_width - len(_MARGIN) - 2:
            before = before[1:]
        text_style = style if self.value else dim
        line = Strip(
            [
                Segment(_MARGIN, style),
                Segment(before, text_style),
                Segment(under or " ", text_style + _CURSOR if self.has_focus else text_style),
                Segment(after, text_style),
            ]
        )
        return Strip([*line.adjust_cell_length(text_width, style), Segment(note, dim)])
