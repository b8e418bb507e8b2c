"""Builds the command line that opens a text editor at a line of a file."""

import shlex
from collections.abc import Mapping

# Editors that take the line as `+LINE FILE`.
_PLUS_LINE = frozenset(
    ["vi", "vim", "nvim", "view", "gvim", "nano", "pico", "emacs", "emacsclient", "micro", "kak", "joe", "mg", "jed"]
)  # fmt: skip
# Editors of the family of Visual Studio Code: `--goto FILE:LINE`.
_GOTO = frozenset(["code", "code-insiders", "codium", "vscodium", "cursor"])
# Editors that take `FILE:LINE`.
_COLON = frozenset(["subl", "hx", "helix", "zed"])
VARIABLES = ("VISUAL", "EDITOR")


def chosen_editor(environ: Mapping[str, str]) -> str | None:
    return next((environ[name] for name in VARIABLES if environ.get(name, "").strip()), None)


def editor_command(editor: str, path: str, line: int) -> list[str]:
    """Return the command that opens the file, at this line if the editor is known.

    Raises: ValueError if a quote in `editor`, which is as in VISUAL, is not closed.
    """
    words = shlex.split(editor)
    name = words[0].replace("\\", "/").rpartition("/")[2].removesuffix(".exe") if words else ""
    if name in _PLUS_LINE:
        return [*words, f"+{line}", path]
    if name in _GOTO:
        return [*words, "--goto", f"{path}:{line}"]
    if name in _COLON:
        return [*words, f"{path}:{line}"]
    return [*words, path]
