"""Takes back what the last command wrote, after a question with the diff."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ssohelper.actions import undoing
from ssohelper.actions.flows.dialogue import Dialogue, PlanShown, agree
from ssohelper.actions.flows.setting_change import confirm_setting
from ssohelper.actions.selection import find_unlisted_sessions
from ssohelper.core import plan_text
from ssohelper.core.clock_text import still_signed_in_text
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError

if TYPE_CHECKING:
    from ssohelper.actions.undoing import Undo
    from ssohelper.app import App


def undo_last_command(app: App, dialogue: Dialogue, undo: Undo) -> bool:
    """Return whether the user agreed. A person types a word before a guard rule ends."""
    options = [plan_text.restored_options_line(*one, "will be") for one in undo.options]
    places = undoing.list_places(app, undo)
    if undo.present != undo.content:
        app.config.check_writable()
    question = f"undo the last change of {', '.join(places) or 'filters and options'}?"
    diff = [*options, *undoing.diff_undo(app, undo)]
    if not agree(dialogue, PlanShown([question], diff, undoing.COMMAND)):
        return False
    writes = [
        confirm_setting(app, dialogue, key, after) for key, (_, after) in undo.settings.items()
    ]
    undoing.check_unchanged(app, undo)
    lines = [line for write in writes for line in write("undo")]
    undoing.undo_files(app, undo)
    lines += [f"restored: {', '.join(places)}"] * bool(places)
    lines += [plan_text.restored_options_line(*one, "were") for one in undo.options]
    # The files are restored: an error while sign-ins are looked up must not hide that.
    with suppress(SsoHelperError):
        lines += [still_signed_in_text(one.name) for one in find_unlisted_sessions(app)]
    for line in lines:
        dialogue.say(show(line, 500), undoing.COMMAND)
    return True
