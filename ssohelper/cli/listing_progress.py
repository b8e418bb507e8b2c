"""Shows the progress of listing accounts and roles at AWS, if the listing takes a while."""

import sys

from ssohelper.actions import directory
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.system import terminal

# If stderr is no terminal, it is probably a log: it gets one line.
_DRAWN_AFTER_SECONDS, _LINE_AFTER_SECONDS = 0.3, 5.0
ERASE_LINE = "\r\x1b[K"


def can_draw() -> bool:
    return sys.stderr.isatty() and not terminal.is_terminal_dumb() and not output.options().json


def fetch_listing(app: App, session: SsoSession, **options: bool) -> Listing:
    draws = can_draw()
    begins = app.clock.deadline(_DRAWN_AFTER_SECONDS if draws else _LINE_AFTER_SECONDS)
    reported = 0

    def report(done: int, total: int) -> None:
        nonlocal reported
        if not begins.has_passed or (reported and not draws):
            return
        reported += 1
        if draws:
            text = f"listing accounts: {done} of {total}" if done < total else ""
            sys.stderr.write(ERASE_LINE + text)
            sys.stderr.flush()
        else:
            text = f"{done} of {total} accounts are listed"
            output.say(f"listing accounts at AWS's pace: {text} so far")

    try:
        return directory.fetch_listing(app, session, progress=report, **options)
    finally:
        if draws and reported:
            sys.stderr.write(ERASE_LINE)
