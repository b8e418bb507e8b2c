"""The screen sizes below which dialogs hide their less important parts, as screens.tcss says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from textual.geometry import Size

from ssohelper.core.text import show
from ssohelper.tui.messages import LOW_LINES
from ssohelper.tui.widgets.lines import Line, wrapped

_NARROW_COLUMNS = 60

# For the VERTICAL_BREAKPOINTS and HORIZONTAL_BREAKPOINTS of a Textual screen: from this number of
# lines or columns on, the screen has this CSS class.
LINES = [(0, "-low"), (LOW_LINES, "-high")]
COLUMNS = [(0, "-narrow"), (_NARROW_COLUMNS, "-wide")]
# The greatest width of a wide dialog, and how many of its columns its text lines cannot use: those
# of the dialog's border and padding, and of the lines' own padding and scroll bar.
_WIDE_COLUMNS, _BESIDE_LINES = 110, 7
# How many lines a wide dialog needs for its border, its buttons, and the blank line above these.
_FRAME_LINES = 4


def width_of_dialog_lines(width: int) -> int:
    return min(width, _WIDE_COLUMNS) - _BESIDE_LINES


def fits_on_screen(size: Size, lines: Sequence[Line], texts: Iterable[str]) -> bool:
    """Return whether a wide dialog with these lines fits on the screen, without scrolling.

    `texts` are its title and its command.
    """
    width = max(1, width_of_dialog_lines(size.width))
    # A text may take one line more, because it is wrapped at words, and has a blank line beside it.
    beside = sum(cell_len(show(text)) // width + 2 for text in texts)
    count = len(wrapped(lines, width)) if len(lines) < size.height else size.height
    return count + beside + _FRAME_LINES <= size.height * 9 // 10
