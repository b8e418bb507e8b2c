"""Shows a long text in the user's pager: the program in $PAGER, or less."""

import shlex
import signal
import subprocess
from collections.abc import Mapping

from ssohelper.system.programs import find_program

_USUAL = "less -R"


def show_in_pager(text: str, environ: Mapping[str, str]) -> bool:
    """Show the text in the user's pager until the user quits; return False without a pager."""
    argv = _find_pager(environ)
    if argv is None:
        return False
    # Not SIG_IGN, which the pager would inherit: Ctrl-C is for the pager alone.
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        # stderr also shows the next question; our stdout may be a file or a pipe.
        child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=2, env=dict(environ))
    except OSError:
        signal.signal(signal.SIGINT, before)
        return False
    try:
        child.communicate(text.encode("utf-8", "backslashreplace"))
    finally:
        signal.signal(signal.SIGINT, before)
    return True


def _find_pager(environ: Mapping[str, str]) -> list[str] | None:
    try:
        words = shlex.split(environ.get("PAGER", _USUAL))
    except ValueError:
        words = []
    path = find_program(words[0], environ) if words else None
    return [path, *words[1:]] if path else None
