"""What TERM says of the terminal. Light: it is asked before a door is chosen."""

import os
import sys


def is_dumb() -> bool:
    """Tell whether TERM says that nothing can be drawn; Windows has none, and it can."""
    return os.environ.get("TERM", "" if sys.platform == "win32" else "dumb") == "dumb"
