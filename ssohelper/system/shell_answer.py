"""Writes the text that the shell function evaluates to a private file (the answer file).

The shell function makes the file, empty and readable only by the user, and passes its path in a
variable. Job control does not work in the pipe of `$(…)`: after Ctrl-Z the shell function has
ended, and the prompt's hook evaluates the file when `fg` has ended.
"""

import os
from contextlib import suppress

from ssohelper.fastpath.open_file import open_own_file

# Variables with the answer file's path, the shell's name, the profile or role in use, and the
# previous one.
_ANSWER = "_SSOHELPER_ANSWER"
_PREVIOUS = "_SSOHELPER_PREVIOUS"
_ALL = ("_SSOHELPER_SHELL", "_SSOHELPER_USED", _PREVIOUS)

# The exit code of a LocalState error.
LOST = 7
LOST_MESSAGE = "the file for this shell's function was removed or replaced: nothing was changed"
LOST_HINT = "run the command once more"


class ShellAnswer:
    """The open answer file; children do not inherit it."""

    def __init__(self, descriptor: int, path: str, variables: dict[str, str]) -> None:
        self._descriptor = descriptor
        self._path = path
        self._variables = variables

    @property
    def has_previous_role(self) -> bool:
        """Return whether `use -` has a role to go back to in the shell."""
        return bool(self._variables.get(_PREVIOUS))

    def redirect_stdout(self) -> None:
        os.environ.update(self._variables)
        os.dup2(self._descriptor, 1)

    def finish(self, code: int) -> int:
        """Remove the file unless it holds the answer of a success; return the exit code.

        The code is LOST, after a message, if the answer was removed or replaced meanwhile.
        """
        has_answer = not code and os.fstat(self._descriptor).st_size > 0
        if not self.is_file_in_place():
            if has_answer:
                text = f"ssohelper: error: {LOST_MESSAGE}\nssohelper: hint: {LOST_HINT}\n"
                os.write(2, text.encode())
            return LOST if has_answer else code
        if not has_answer:
            with suppress(OSError):
                os.unlink(self._path)
        return code

    def is_file_in_place(self) -> bool:
        try:
            return os.path.samestat(os.lstat(self._path), os.fstat(self._descriptor))
        except OSError:
            return False


def open_shell_answer() -> ShellAnswer | None:
    """Open the answer file; None if no shell function waits.

    Removes the variables from os.environ, which a shell that the TUI starts would inherit.
    """
    path = os.environ.pop(_ANSWER, "")
    if not os.path.isabs(path):
        return None
    try:
        descriptor, found = open_own_file(path, os.O_WRONLY)
    except (OSError, ValueError):
        return None
    # The shell function makes an empty file, so a file with content is not the answer file.
    if found.st_size:
        os.close(descriptor)
        return None
    return ShellAnswer(
        descriptor, path, {name: os.environ.pop(name) for name in _ALL if name in os.environ}
    )
