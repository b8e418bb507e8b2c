"""What TERM says about the terminal. Light: `__main__` uses it to choose the entry point."""

import os
import sys


def is_dumb() -> bool:
    """Return whether the terminal cannot draw screens. Windows has no TERM, and can."""
    return os.environ.get("TERM", "" if sys.platform == "win32" else "dumb") == "dumb"
