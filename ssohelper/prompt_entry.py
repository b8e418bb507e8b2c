"""Runs `ssohelper prompt` without importing click: prints the line that a shell's prompt shows.

Uses no network, takes no lock, asks no question, and exits 0 whatever happens, because an error
message would appear in every prompt.
"""

import os
import sys
from contextlib import suppress

from ssohelper.actions import prompt
from ssohelper.app import App
from ssohelper.core.text import show

# An argument that the shell functions of ssohelper's prompt pass when AWS_PROFILE or the config
# changes. Users do not type this argument.
STATE = "--state"


def print_prompt(argv: list[str]) -> int | None:
    """Print the output for these arguments and return 0, or None if click must parse them."""
    template = argv[1] if len(argv) == 2 and argv[0] == "--format" else None
    if argv not in ([], [STATE]) and template is None:
        return None
    try:
        text = (
            prompt.answer_shell_prompt(App())
            if argv == [STATE]
            else make_prompt_line(App(), template)
        )
        if argv == [STATE] and sys.platform != "win32" and "PYTHONSAFEPATH" not in os.environ:
            # A shell that was opened before 27 November 2026 does not start the launcher, which sets
            # this variable. That shell takes the first of 11 lines for the label.
            text = text.partition("|")[0].strip() + "\n"
        sys.stdout.write(text)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except Exception:
        # No error message is printed, because it would appear in every prompt. `ssohelper status`
        # says what is wrong.
        _silence_stdout()
    return 0


def make_prompt_line(app: App, template: str | None) -> str:
    """Return the prompt's line with a newline; "" if no profile is in use."""
    status, now = prompt.read_prompt_status(app), app.clock.now()
    text = status.prompt_line(now) if template is None else status.fill_template(template, now)
    return f"{show(text)}\n" if status.label and text else ""


def _silence_stdout() -> None:
    """Point a failed stdout to /dev/null, because Python's flush at exit would fail once more."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
