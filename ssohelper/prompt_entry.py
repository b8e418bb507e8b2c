"""Runs `ssohelper prompt` without importing click: prints the line that a shell's prompt shows.

Uses no network, takes no lock and exits 0 whatever happens: an error would appear in every prompt.
"""

import os
import sys
from contextlib import suppress

from ssohelper.actions import prompt
from ssohelper.app import App
from ssohelper.core.text import show

# The shell functions pass this option when AWS_PROFILE or the config changes.
STATE = "--state"


def print_prompt(argv: list[str]) -> int | None:
    """Print the output and return 0, or None if click must parse the arguments."""
    template = argv[1] if len(argv) == 2 and argv[0] == "--format" else None
    if argv not in ([], [STATE]) and template is None:
        return None
    try:
        is_state = argv == [STATE]
        text = prompt.answer_shell_prompt(App()) if is_state else make_prompt_line(App(), template)
        if is_state and sys.platform != "win32" and "PYTHONSAFEPATH" not in os.environ:
            # A shell that was opened before 27 November 2026 does not start the launcher, which sets
            # this variable. That shell takes the first of 11 lines for the label.
            text = text.partition("|")[0].strip() + "\n"
        sys.stdout.write(text)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except Exception:
        _silence_stdout()
    return 0


def make_prompt_line(app: App, template: str | None) -> str:
    status, now = prompt.read_prompt_status(app), app.clock.now()
    text = status.prompt_line(now) if template is None else status.fill_template(template, now)
    return f"{show(text)}\n" if status.label and text else ""


def _silence_stdout() -> None:
    """Redirect stdout: Python's flush at exit would fail once more."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
