"""Front door 4: `ssohelper` alone on a terminal, without click, which costs 20 ms of the start."""

import gc
import os
import sys

from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError
from ssohelper.tui import app as program


def answer() -> int:
    """Return the exit code, once the person has left."""
    # Until the first paint: nothing of what a start makes is garbage.
    gc.disable()
    try:
        return _run()
    except SsoHelperError as error:
        _say(f"ssohelper: error: {show(error.message)}")
        if error.hint:
            _say(f"ssohelper: hint: {show(error.hint)}")
        return error.exit_code
    except KeyboardInterrupt:
        _say("ssohelper: interrupted")
        return 130
    except Exception as error:
        from ssohelper import crash

        return crash.report(error, error.__traceback__)


def _run() -> int:
    ended = program.run()
    ended.die_of_signal()
    if ended.crash is not None:
        raise ended.crash
    if ended.return_value:
        _say(f"to use it in this shell: {show(ended.return_value)}")
    return 0


def _say(line: str) -> None:
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    os.write(2, f"{line}\n".encode(encoding, "backslashreplace"))
