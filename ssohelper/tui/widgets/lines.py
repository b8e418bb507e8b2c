"""Widgets that show scrollable lines of text, with or without a cursor; only visible ones are
drawn.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ssohelper.core.text import show
from ssohelper.tui.widgets.clicks import is_double_click

# A part of a line in one style: its text, and the name of the style ("" or one of STYLE_NAMES).
Piece = tuple[str, str]
Line = Sequence[Piece]
STYLE_NAMES = ("dim", "good", "warn", "bad", "accent", "strong", "hit")
_CURSOR_HIT = Style(bold=True, underline=True)
# The indent of the further lines of a wrapped text, and the fewest columns that it must leave.
_FURTHER, _LEAST_WIDTH = "  ", 20


class LineView(ScrollView, can_focus=True):
    """Shows scrollable lines, whose texts must be escaped with `core.text.show`."""

    # Textual can neither show nor copy a selection in lines that are drawn one by one.
    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"line--{style}" for style in (*STYLE_NAMES, "cursor")}
    DEFAULT_CSS = """
    LineView {
        scrollbar-size: 1 1;
        & > .line--dim { color: $text-muted; text-style: $muted-text-style; }
        & > .line--good { color: $text-success; }
        & > .line--warn { color: $text-warning; }
        & > .line--bad { color: $text-error; }
        & > .line--accent { color: $text-accent; }
        & > .line--strong { text-style: bold; }
        & > .line--hit { text-style: bold underline; color: $text-accent; }
        & > .line--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: $block-cursor-text-style;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,ctrl+j", "scroll_down", show=False),
        Binding("k,ctrl+k", "scroll_up", show=False),
        Binding("g", "scroll_home", show=False),
        Binding("G", "scroll_end", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.lines: Sequence[Line] = ()
        self._line_count = 0

    def set_lines(self, lines: Sequence[Line], *, stay: bool = False) -> None:
        """Show these lines. With `stay` keep the scroll position, otherwise scroll to the top."""
        self.lines = lines
        self._set_size(max(map(_line_width, lines), default=0), len(lines))
        if not stay:
            self.scroll_to(0, 0, animate=False)

    def _set_size(self, width: int, height: int) -> None:
        self._line_count = height
        self.virtual_size = Size(width, height)
        self.refresh(layout=self.styles.auto_dimensions)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        # Textual itself would return the virtual height, which is never less than the height before.
        return self._line_count

    def render_line(self, y: int) -> Strip:
        x, top = self.scroll_offset
        # The width leaves out the scroll bar, which would cover the end of a line of full width.
        number, width = y + int(top), self.scrollable_content_region.width
        base = self.rich_style
        if number >= self.virtual_size.height:
            return Strip.blank(width, base)
        strip = self.strip_of(number, width, base)
        return strip.crop_extend(int(x), int(x) + width, base)

    def strip_of(self, number: int, width: int, base: Style) -> Strip:
        return Strip(
            [Segment(text, self.style_of(base, name)) for text, name in self.lines[number]]
        )

    def style_of(self, base: Style, name: str) -> Style:
        """Return `base` combined with the style named `line--NAME`, or just `base` if NAME is ""."""
        if not name:
            return base
        return base + self.get_component_rich_style(f"line--{name}", partial=True)


class WrappedView(LineView):
    """A line that is too long continues in the next line of the screen."""

    DEFAULT_CSS = "WrappedView { overflow-x: hidden; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._whole_lines: Sequence[Line] = ()
        self._wrap_width = 0

    def set_lines(self, lines: Sequence[Line], *, stay: bool = False) -> None:
        self._whole_lines = lines
        self._wrap_width = self.scrollable_content_region.width
        fits = self._wrap_width > 0
        super().set_lines(wrapped(lines, self._wrap_width) if fits else lines, stay=stay)

    def on_resize(self, event: Resize) -> None:
        if self.scrollable_content_region.width != self._wrap_width:
            self.set_lines(self._whole_lines, stay=True)


class Chooser(LineView):
    """Shows lines with a cursor. It calls `draw` with a line's number and a width to get a line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k,ctrl+k", "move(-1)", show=False),
        Binding("down,j,ctrl+j,ctrl+n", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home,g", "go(0)", show=False),
        Binding("end,G", "go(-1)", show=False),
    ]
    DEFAULT_CSS = "Chooser { overflow-x: hidden; }"

    class Moved(Message):
        """The cursor may be on another line now."""

        def __init__(self, chooser: "Chooser") -> None:
            super().__init__()
            self.chooser = chooser

        @property
        def control(self) -> "Chooser":
            """The widget that sent the message; Textual matches the selectors of `@on` with it."""
            return self.chooser

    class Chosen(Message):
        """The user has double-clicked the line with this key."""

        def __init__(self, key: object) -> None:
            super().__init__()
            self.key = key

    def __init__(
        self,
        draw: Callable[[int, int], Line],
        *,
        key_of: Callable[[int], object],
        id: str | None = None,
    ) -> None:
        """`key_of` returns a key that still identifies the line with this number when lines move."""
        super().__init__(id=id)
        self._draw = draw
        self._key_of = key_of
        # The key of the line that was clicked last, and when.
        self._clicked: tuple[object, float] = None, 0.0
        self.count = 0
        # What stands in place of the lines if there are none.
        self.empty_text = ""
        self.cursor = 0
        # The key of the line under the cursor, or None if there are no lines.
        self.cursor_key: object = None

    def set_count(self, count: int, cursor: int | None = None) -> None:
        """Set the number of lines, and move the cursor to line `cursor`.

        Without `cursor`, the cursor stays on the line with its key. If that line is gone, the
        cursor is on no line, and the next key that moves it goes on from there.
        """
        self.count = count
        line = self._line_of_cursor_key() if cursor is None else cursor
        if line is not None:
            self._put_cursor(line)
        else:
            self.leave_line()
        self._set_size(1, count)
        self._scroll_to_cursor()
        self.post_message(self.Moved(self))

    def leave_line(self) -> None:
        self.cursor, self.cursor_key = min(self.cursor, ~self.cursor), None

    def _line_of_cursor_key(self) -> int | None:
        if self.cursor_key is None:
            return self.cursor if self.cursor >= 0 else None
        found = (line for line in range(self.count) if self._key_of(line) == self.cursor_key)
        return next(found, None)

    def _put_cursor(self, line: int) -> None:
        self.cursor = max(0, min(line, self.count - 1))
        self.cursor_key = self._key_of(self.cursor) if self.count else None

    def render_line(self, y: int) -> Strip:
        if self.count or y:
            return super().render_line(y)
        text, base = f" {show(self.empty_text)}", self.rich_style
        strip = Strip([Segment(text, self.style_of(base, "dim"))])
        return strip.adjust_cell_length(self.scrollable_content_region.width, base)

    def strip_of(self, number: int, width: int, base: Style) -> Strip:
        pieces = self._draw(number, width)
        if number != self.cursor:
            return Strip([Segment(text, self.style_of(base, name)) for text, name in pieces])
        # The cursor's line has one style, because a dim piece could not be read on the cursor's
        # colour. The sign ❯ marks the line on terminals without colours.
        style = self.style_of(base, "cursor")
        first, *rest = (*pieces, ("", ""))
        marked = [(f"❯{first[0][1:]}" if first[0][:1] == " " else first[0], first[1]), *rest]
        return Strip(
            [
                Segment(text, style + _CURSOR_HIT if name == "hit" else style)
                for text, name in marked
            ]
        ).extend_cell_length(width, style)

    # -- moving the cursor and scrolling the lines ---------------------------------------------

    def action_move(self, lines: int) -> None:
        start = self.cursor if self.cursor >= 0 else ~self.cursor - (lines > 0)
        self.go_to(start + lines)

    def action_page(self, pages: int) -> None:
        self.go_to(self.cursor + pages * max(1, self.size.height - 1))

    def action_go(self, line: int) -> None:
        """Move the cursor to the line with this number. -1 means the last line."""
        self.go_to(line if line >= 0 else self.count + line)

    def go_to(self, line: int) -> None:
        """Move the cursor to the line with this number, or to the nearest line that exists."""
        before = self.cursor
        self._put_cursor(line)
        if self.cursor != before:
            self._scroll_to_cursor()
            self.refresh()
            self.post_message(self.Moved(self))

    def _scroll_to_cursor(self) -> None:
        height, top = self.size.height, int(self.scroll_offset.y)
        if height <= 0 or self.cursor < 0:
            return
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, force=True)

    def on_resize(self, event: Resize) -> None:
        self._scroll_to_cursor()

    def on_click(self, event: Click) -> None:
        key = self._key_at(event.y)
        if key is not None:
            is_double = is_double_click(event, key, self._clicked)
            self._clicked = key, event.time
            self.click_line(event.y + int(self.scroll_offset.y), is_double)

    def _key_at(self, y: int) -> object:
        line = y + int(self.scroll_offset.y)
        return self._key_of(line) if line < self.count else None

    def click_line(self, line: int, is_double: bool) -> None:
        """Move the cursor to the line. After a double click, report that the user has chosen it."""
        self.go_to(line)
        if is_double:
            self.post_message(self.Chosen(self._key_of(line)))


def diff_lines(diff: Iterable[str]) -> list[Line]:
    """Return the lines of a unified diff, with added and removed lines in colours."""
    styles = {"+": "good", "-": "bad", "@": "accent", "\\": "dim"}
    found: list[Line] = []
    for line in diff:
        # The names of the files at the start of the diff are left out, because the screen shows
        # them.
        if not line.startswith(("--- ", "+++ ")) or found:
            found.append([(show(line), styles.get(line[:1], ""))])
    return found


def plain_lines(text: str, style: str = "") -> list[Line]:
    return [[(show(line), style)] for line in text.split("\n")]


def text_lines(texts: Iterable[str], style: str = "") -> list[Line]:
    """Return a line for each text, escaped and all in this style."""
    return [[(show(text), style)] for text in texts]


def wrapped(lines: Iterable[Line], width: int) -> list[Line]:
    """Return the lines cut at spaces into lines of at most `width` cells, with their styles."""
    found: list[Line] = []
    for line in lines:
        if _line_width(line) <= width:
            found.append(line)
        else:
            found += _wrap_line(line, width)
    return found


def _wrap_line(line: Line, width: int) -> Iterator[Line]:
    first = line[0][0]
    spaces = len(first) - len(first.lstrip(" ")) + len(_FURTHER)
    indent = " " * spaces if width > _LEAST_WIDTH + spaces else ""
    pieces: list[Piece] = []
    left = width
    for text, style in line:
        rest = text
        while rest:
            part = _text_that_fits(rest, left)
            if not part and not pieces:
                part = rest[0]  # a single character is wider than the view
            part = _whole_words_of(part, rest)
            pieces.append((part, style))
            rest, left = rest[len(part) :], left - cell_len(part)
            if rest:
                yield pieces
                pieces, left = [(indent, "")] if indent else [], width - len(indent)
                rest = rest.removeprefix(" ")
    yield pieces


def _whole_words_of(part: str, rest: str) -> str:
    """Return the whole words of `part`, the start of `rest`, or all of it if it has no space."""
    if len(part) == len(rest) or rest[len(part)] == " ":
        return part
    space = part.rstrip(" ").rfind(" ")
    return part[:space] if space > 0 and part[:space].strip(" ") else part


def _text_that_fits(text: str, cells: int) -> str:
    """Return as many of the text's first characters as fit into this number of cells."""
    if len(text) <= cells // 2:
        return text
    used = 0
    for number, character in enumerate(text):
        used += cell_len(character)
        if used > cells:
            return text[:number]
    return text


def _line_width(line: Line) -> int:
    return sum(cell_len(text) for text, _ in line)
