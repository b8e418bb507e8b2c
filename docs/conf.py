"""Sphinx: Markdown pages, commands from the click tree itself."""

import sys
from pathlib import Path

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
# The same heading ("Options", "Examples") may stand on many pages.
suppress_warnings = ["myst.header"]
