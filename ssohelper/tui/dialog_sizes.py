"""The sizes below which a dialog leaves out what counts less: styles/screens.tcss has the rules."""

from ssohelper.tui.messages import LOW_LINES

_NARROW_COLUMNS = 60

# For a screen's VERTICAL_BREAKPOINTS and HORIZONTAL_BREAKPOINTS: from so many on, this class.
LINES = [(0, "-low"), (LOW_LINES, "-high")]
COLUMNS = [(0, "-narrow"), (_NARROW_COLUMNS, "-wide")]
