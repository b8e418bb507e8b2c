"""Shows a long text in the user's pager: the program of $PAGER, else less."""

import shlex
import signal
import subprocess
from collections.abc import Mapping

from ssohelper.system.programs import find_program

_USUAL = "less -R"


def show_text(text: str, environ: Mapping[str, str]) -> bool:
    """Show the text in the pager and wait for its end; return False if there is no pager.

    The pager is started without a shell. Ctrl-C is left to the pager.
    """
    argv = _find_pager(environ)
    if argv is None:
        return False
    # A handler that does nothing, because the pager would inherit SIG_IGN.
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        # stdout may be a file or a pipe; the person's terminal is stderr, where the question is.
        child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=2, env=dict(environ))
    except OSError:
        signal.signal(signal.SIGINT, before)
        return False
    try:
        # A pager that the user leaves before its end is no error: `communicate` ignores it.
        child.communicate(text.encode("utf-8", "backslashreplace"))
    finally:
        signal.signal(signal.SIGINT, before)
    return True


def _find_pager(environ: Mapping[str, str]) -> list[str] | None:
    try:
        words = shlex.split(environ.get("PAGER", _USUAL))
    except ValueError:
        words = []  # a quote that is not closed
    path = find_program(words[0], environ) if words else None
    return [path, *words[1:]] if path else None
