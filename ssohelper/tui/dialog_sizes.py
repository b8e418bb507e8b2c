"""The screen sizes below which dialogs hide their less important parts, as screens.tcss says."""

from ssohelper.tui.messages import LOW_LINES

_NARROW_COLUMNS = 60

# For the VERTICAL_BREAKPOINTS and HORIZONTAL_BREAKPOINTS of a Textual screen: from this number of
# lines or columns on, the screen has this CSS class.
LINES = [(0, "-low"), (LOW_LINES, "-high")]
COLUMNS = [(0, "-narrow"), (_NARROW_COLUMNS, "-wide")]
# The most columns of a wide dialog, and those beside its lines: its border, its padding, the lines'
# own padding and scroll bar.
WIDE_COLUMNS, BESIDE_LINES = 110, 7
