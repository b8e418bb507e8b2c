"""Removes managed profiles, after a question with the diff."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ssohelper.actions import profile_edit
from ssohelper.actions.flows.dialogue import Dialogue
from ssohelper.actions.flows.plan_write import agree_to_write
from ssohelper.core.config_profiles import ConfigProfile
from ssohelper.core.plan_text import profile_count_text
from ssohelper.core.shell_text import arguments_as_typed
from ssohelper.core.text import show

if TYPE_CHECKING:
    from ssohelper.app import App

# The command line that removes more profiles than this has `PROFILE...` in place of their names.
_MOST_NAMES_IN_COMMAND = 4


def remove_profiles(app: App, dialogue: Dialogue, found: Sequence[ConfigProfile]) -> bool:
    """Return whether the user agreed."""
    names = [item.entry.name for item in found]
    warn_of_lost_sources(app, found)
    count, command = profile_count_text(len(names)), f"ssohelper {removal_command(names)}"
    diff = profile_edit.diff_profile_removal(app, found)
    if not agree_to_write(app, dialogue, f"{count} to remove", diff, command):
        return False
    profile_edit.remove_profiles(app, found)
    dialogue.say(f"removed {count}; undo with: ssohelper undo", command)
    return True


def warn_of_lost_sources(app: App, found: Sequence[ConfigProfile]) -> None:
    for name, source in profile_edit.find_profiles_losing_source(app, found):
        app.warn(
            f'the profile "{show(name)}" gets its credentials from "{show(source)}", and cannot be '
            "used without it"
        )


def removal_command(names: Sequence[str]) -> str:
    is_short = len(names) <= _MOST_NAMES_IN_COMMAND
    return f"profile rm {arguments_as_typed(*names) if is_short else 'PROFILE...'}"
