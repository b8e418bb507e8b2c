"""A front door for prompts, without click: argv → one line, or what a shell must know of a profile.

No network, no lock, no question, and exit code 0 whatever happens: a prompt that fails is in the
way of everything else.
"""

import os
import sys
from contextlib import suppress

from ssohelper.actions import prompt
from ssohelper.app import App
from ssohelper.core.text import show

# What the shell functions ask when AWS_PROFILE changes; not for people.
STATE = "--state"


def answer(argv: list[str]) -> int | None:
    """Return the exit code, 0, or None for arguments that click must look at."""
    template = argv[1] if len(argv) == 2 and argv[0] == "--format" else None
    if argv not in ([], [STATE]) and template is None:
        return None
    try:
        said = prompt.learn(App()).lines() if argv == [STATE] else line(App(), template)
        sys.stdout.write(said)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except Exception:
        # No words: they would stand in every prompt. `ssohelper status` says what is wrong.
        _forget_stdout()
    return 0


def line(app: App, template: str | None) -> str:
    """Return the one line, or nothing where nothing is in use."""
    status, now = prompt.status(app), app.now()
    text = status.line(now) if template is None else status.formatted(template, now)
    return f"{show(text)}\n" if status.label and text else ""


def _forget_stdout() -> None:
    """Keep Python from failing at its end on what could not be written."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
