"""Says, by TERM, what the terminal can do. Must stay light, since `__main__` imports it first."""

import os
import sys


def is_dumb() -> bool:
    """Return whether the terminal cannot draw screens; always False on Windows, without TERM."""
    return os.environ.get("TERM", "" if sys.platform == "win32" else "dumb") == "dumb"
