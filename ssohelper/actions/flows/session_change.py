"""Signs out of and removes a session, after a question with the diff."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ssohelper.actions import config_writing, session_edit
from ssohelper.actions.flows.dialogue import Dialogue, PlanShown, agree
from ssohelper.actions.flows.plan_write import agree_to_write
from ssohelper.core import session_changes
from ssohelper.core.plan_text import profile_count_text
from ssohelper.core.text import show

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.model import SsoSession

UNDO = "; undo the change of the file with: ssohelper undo"


def remove_session(app: App, dialogue: Dialogue, session: SsoSession) -> bool:
    """Sign out, and remove the session with its managed profiles, or what is left of it.

    Returns whether the user agreed.
    """
    plan, name = session_edit.plan_session_removal(app, session), session.name
    command, count = f"ssohelper session rm {name}", len(plan.changes) - 1
    also = f" with {profile_count_text(count)}" if count > 0 else ""
    if plan.changes:
        what = f'sign out of the session "{show(name)}", and remove it{also}'
        diff = config_writing.diff_changes(app, plan.data, plan.changes)
        is_agreed = agree_to_write(app, dialogue, what, diff, command)
    else:
        what = f'sign out of "{show(name)}", and remove all that is kept for it?'
        is_agreed = agree(dialogue, PlanShown([*_left_over_lines(app, name), what], (), command))
    if not is_agreed:
        return False
    session_edit.apply_session_plan(app, plan)
    dialogue.say(f'session "{show(name)}" removed{also}{UNDO * bool(plan.changes)}', command)
    return True


def _left_over_lines(app: App, name: str) -> Iterator[str]:
    yield f'the session "{show(name)}" is not in the config; a sign-in, settings, filters,'
    yield "favourites or a list of roles are still kept for it"
    users = session_changes.find_profiles_of_session(app.config.read(), name)
    if users:
        named = ", ".join(show(one.name, 60) for one in users)
        yield f"profiles that name this session stay, and do not work without it: {named}"
        yield "remove them with: ssohelper profile rm NAME"
