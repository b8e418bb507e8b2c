"""Sphinx: Markdown pages, commands from the click tree itself."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ssohelper import __version__

project = "ssohelper"
author = "the ssohelper authors"
copyright = "the ssohelper authors; Apache-2.0"
release = version = __version__
extensions = ["myst_parser", "sphinx_click"]
html_theme = "furo"
html_title = f"ssohelper {__version__}"
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
# `--yes` in a help text is no dash.
smartquotes = False
highlight_language = "none"
# The same heading ("Options", "Examples") may stand on many pages.
suppress_warnings = ["myst.header"]


def setup(app: Any) -> None:
    app.connect("sphinx-click-process-description", examples_as_code)


def examples_as_code(_app: Any, _context: Any, lines: list[str]) -> None:
    """Turn the line block of a help text's examples into code, its columns kept."""
    made: list[str] = []
    in_examples = False
    for line in lines:
        in_examples = line.startswith("| ") and (in_examples or line.startswith("| Examples:"))
        if line.startswith("| Examples:"):
            made += ["Examples::", ""]
        else:
            made.append("  " + line[2:] if in_examples else line)
    lines[:] = made
