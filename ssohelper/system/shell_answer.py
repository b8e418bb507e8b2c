"""The stream on which the shell function waits, while a screen is shown, for text to evaluate.

Without arguments, the shell function runs us with stdout on the terminal, and reads descriptor 3.
"""

import os
import stat

# The shell function sets these variables: the descriptor's number, the shell's name, the profile or
# role in use, and the one before.
_ANSWER = "_SSOHELPER_ANSWER"
_ALL = (_ANSWER, "_SSOHELPER_SHELL", "_SSOHELPER_USED", "_SSOHELPER_PREVIOUS")


class ShellAnswer:
    """The stream to the shell function that runs us. Child processes do not inherit it."""

    def __init__(self, descriptor: int, variables: dict[str, str]) -> None:
        self._descriptor = descriptor
        self._variables = variables

    def redirect_stdout(self) -> None:
        """Make stdout write to the shell function, and restore the variables that it has set."""
        os.environ.update(self._variables)
        os.dup2(self._descriptor, 1)
        os.close(self._descriptor)


def take_answer_stream() -> ShellAnswer | None:
    """Return the stream; None if no shell function waits. Removes the variables from os.environ.

    Otherwise a shell that the full screen starts would have these variables too, and a detached
    process would keep open the stream for whose end the shell function waits.
    """
    variables = {name: os.environ.pop(name) for name in _ALL if name in os.environ}
    number = variables.pop(_ANSWER, "")
    if not (number.isascii() and number.isdecimal() and 2 < int(number) < 256):
        return None
    descriptor = int(number)
    try:
        if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            return None
        os.set_inheritable(descriptor, False)
    except OSError:
        return None
    return ShellAnswer(descriptor, variables)
