"""The private file into which the program writes the text that the shell function evaluates.

The shell function makes the file, empty and readable only by the user, and names it in a variable.
It is a file, not the pipe of `$(…)`, in which job control does not work: after ctrl+z the function
is over, and a hook of the prompt takes the text when `fg` has ended. The hook sees by the file how
far the program is: an empty file means that it still runs, no file that it ended without an answer.
"""

import os
from contextlib import suppress

from ssohelper.fastpath.open_file import open_own_file

# The shell function sets these variables: the file's path, the shell's name, the profile or role in
# use, and the one before.
_ANSWER = "_SSOHELPER_ANSWER"
_ALL = ("_SSOHELPER_SHELL", "_SSOHELPER_USED", "_SSOHELPER_PREVIOUS")

# The exit code of a LocalState error.
LOST = 7
_LOST_TEXT = (
    b"ssohelper: error: the file for this shell's function was removed or replaced: "
    b"nothing was changed\n"
    b"ssohelper: hint: run the command once more\n"
)


class ShellAnswer:
    """The open file. Child processes do not inherit it."""

    def __init__(self, descriptor: int, path: str, variables: dict[str, str]) -> None:
        self._descriptor = descriptor
        self._path = path
        self._variables = variables

    def redirect_stdout(self) -> None:
        """Make stdout write to the file, and restore the variables that the function has set."""
        os.environ.update(self._variables)
        os.dup2(self._descriptor, 1)

    def end(self, code: int) -> int:
        """Remove the file, unless the program ends with exit code 0 and an answer is in the file.

        Return the program's exit code: LOST, after a message, if the shell function would find no
        answer because the file was removed or replaced meanwhile. What is there then stays.
        """
        has_answer = not code and os.fstat(self._descriptor).st_size > 0
        if not self._is_in_place():
            if has_answer:
                os.write(2, _LOST_TEXT)
            return LOST if has_answer else code
        if not has_answer:
            with suppress(OSError):
                os.unlink(self._path)
        return code

    def _is_in_place(self) -> bool:
        try:
            return os.path.samestat(os.lstat(self._path), os.fstat(self._descriptor))
        except OSError:
            return False


def take_answer_file() -> ShellAnswer | None:
    """Return the file; None if no shell function waits. Removes the variables from os.environ.

    Otherwise a shell that the full screen starts would have these variables too.
    """
    path = os.environ.pop(_ANSWER, "")
    if not os.path.isabs(path):
        return None
    try:
        descriptor, found = open_own_file(path, os.O_WRONLY)
    except (OSError, ValueError):
        return None
    # The shell function makes an empty file: a file with content is another one.
    if found.st_size:
        os.close(descriptor)
        return None
    return ShellAnswer(
        descriptor, path, {name: os.environ.pop(name) for name in _ALL if name in os.environ}
    )
