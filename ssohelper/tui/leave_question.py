"""What would stop if the user left the full screen: sign-ins in the background, and commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ssohelper.core.text import count_text

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp


def leaving_question(app: TuiApp[Any]) -> str:
    """Return the question to ask before the program ends; "" if nothing would stop.

    A sign-in whose dialog is shown is not counted: the user sees it.
    """
    sign_ins = sum(one.is_kept and one.has_running_attempt for one in app.sign_ins.values())
    commands = sum(group.unfinished_count for group in app.command_groups)
    found = [
        count_text(count, what)
        for count, what in ((commands, "command"), (sign_ins, "sign-in"))
        if count
    ]
    verb = "is" if commands + sign_ins == 1 else "are"
    return f"{' and '.join(found)} {verb} still running and would stop: leave?" if found else ""
