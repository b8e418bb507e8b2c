"""Writes the text that the shell function evaluates to a private file (the answer file).

The shell function makes the file, empty and readable only by the user, and passes its path in a
variable. A file is used because job control does not work in the pipe of `$(…)`: after Ctrl-Z the
shell function has ended, and a hook of the prompt evaluates the text when `fg` has ended. While the
program runs, the file is empty. If the file is missing, the program ended without an answer.

If the terminal is closed, program and shell end, and the file stays. A running program holds a lock
on its file, so a later program knows which files are abandoned, and removes them.
"""

import os
import stat
import sys
import time
from contextlib import suppress

from ssohelper.fastpath.open_file import open_own_file

if sys.platform != "win32":
    import fcntl

# The shell function sets these variables: the file's path, the shell's name, the profile or role in
# use, and the previous profile or role.
_ANSWER = "_SSOHELPER_ANSWER"
_ALL = ("_SSOHELPER_SHELL", "_SSOHELPER_USED", "_SSOHELPER_PREVIOUS")

# The exit code of a LocalState error.
LOST = 7
LOST_MESSAGE = "the file for this shell's function was removed or replaced: nothing was changed"
LOST_HINT = "run the command once more"
# `mktemp ssohelper.XXXXXXXXXX` in the shell functions makes names with this beginning.
_PREFIX = "ssohelper."
_RANDOM_CHARACTERS = 10
# A shell evaluates the answer file at its next prompt, which another command may delay. So an
# abandoned answer file is removed only after a day.
_LIFE_SECONDS = 86400
# Every text for a shell function sets variables of these names.
_SIGN = b"__ssohelper_"


class ShellAnswer:
    """The open file for the text that the shell function evaluates; children do not inherit it."""

    def __init__(self, descriptor: int, path: str, variables: dict[str, str]) -> None:
        self._descriptor = descriptor
        self._path = path
        self._variables = variables

    def redirect_stdout(self) -> None:
        """Make stdout write to the answer file, and set the shell function's variables again."""
        os.environ.update(self._variables)
        os.dup2(self._descriptor, 1)

    def finish(self, code: int) -> int:
        """Remove the answer file, unless the exit code `code` is 0 and the file holds an answer.

        Return the program's exit code: LOST, after a message, if the shell function would find no
        answer because the file was removed or replaced meanwhile. A file that replaced it is not
        removed.
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
        """Return whether the shell function will find this file: it was not removed or replaced."""
        try:
            return os.path.samestat(os.lstat(self._path), os.fstat(self._descriptor))
        except OSError:
            return False


def open_shell_answer() -> ShellAnswer | None:
    """Open the answer file; None if no shell function waits. Removes the variables from os.environ.

    Otherwise a shell that the TUI starts would inherit the shell function's variables.
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
    _lock_answer_file(descriptor)
    _remove_old_answer_files(os.path.dirname(path))
    return ShellAnswer(
        descriptor, path, {name: os.environ.pop(name) for name in _ALL if name in os.environ}
    )


def _lock_answer_file(descriptor: int) -> bool:
    """Lock the file until it is closed; return False if another program has locked it."""
    if sys.platform != "win32":
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    return False


def _remove_old_answer_files(folder: str) -> None:
    """Remove answer files in the folder that are over a day old and not locked by a program."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            random = entry.name.removeprefix(_PREFIX)
            if len(random) == len(entry.name) - len(_PREFIX) == _RANDOM_CHARACTERS:
                with suppress(OSError):
                    _remove_abandoned_file(entry.path)


def _remove_abandoned_file(path: str) -> None:
    # The file is opened, so that the file that is checked is the file that is removed, and never a
    # link's target.
    descriptor, found = open_own_file(path)
    try:
        is_old = time.time() - found.st_mtime > _LIFE_SECONDS
        is_ours = stat.S_IMODE(found.st_mode) == 0o600 and (
            not found.st_size or _SIGN in os.read(descriptor, 1 << 16)
        )
        if (
            is_old
            and is_ours
            and _lock_answer_file(descriptor)
            and os.path.samestat(os.lstat(path), os.fstat(descriptor))
        ):
            os.unlink(path)
    finally:
        os.close(descriptor)
