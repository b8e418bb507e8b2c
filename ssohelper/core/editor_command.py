"""Builds the command line that opens a text editor at a line of a file."""

import shlex
from collections.abc import Mapping

# The arguments of each editor that opens a file at a line; others get the path alone.
_ARGUMENTS = {
    ("+{line}", "{path}"): (
        *("vi", "vim", "nvim", "view", "gvim", "nano", "pico", "emacs", "emacsclient"),
        *("micro", "kak", "joe", "mg", "jed"),
    ),
    ("--goto", "{path}:{line}"): ("code", "code-insiders", "codium", "vscodium", "cursor"),
    ("{path}:{line}",): ("subl", "hx", "helix", "zed"),
}
VARIABLES = ("VISUAL", "EDITOR")


def chosen_editor(environ: Mapping[str, str]) -> str | None:
    return next((environ[name] for name in VARIABLES if environ.get(name, "").strip()), None)


def editor_command(editor: str, path: str, line: int) -> list[str]:
    """Return the command that opens the file, at this line if the editor is known.

    Raises: ValueError if a quote in `editor` is not closed.
    """
    words = shlex.split(editor)
    name = words[0].replace("\\", "/").rpartition("/")[2].removesuffix(".exe") if words else ""
    found = (arguments for arguments, editors in _ARGUMENTS.items() if name in editors)
    return [*words, *(part.format(path=path, line=line) for part in next(found, ("{path}",)))]
