"""Leaves ssohelper: turns managed profiles into ones that every tool reads by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ssohelper.actions import agents, guards
from ssohelper.core import journal, leaving
from ssohelper.core.config_edit import Change, unified_diff
from ssohelper.errors import LocalState

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.config_file import ConfigFile
    from ssohelper.core.leaving import Leaving

_COMMAND = "install --uninstall --profiles"


def plan(app: App) -> Leaving:
    """Return the changes after which no managed profile needs ssohelper. Raises: ConfigInvalid."""
    return leaving.plan_leaving(app.config.read())


def list_guarded(app: App, planned: Leaving) -> list[str]:
    """Return the profiles' roles that a rule guards: the profiles would ask no guard any more."""
    return [key.text for key in dict.fromkeys(planned.keys) if guards.find_rule(app, key)]


def diff(app: App, planned: Leaving) -> Iterator[str]:
    """Return the lines of the unified diff of the config."""
    return unified_diff(app.config.read().text, planned.changes, str(app.locations.aws_config_file))


def apply(app: App, planned: Leaving) -> None:
    """Write the changes. Raises: LocalState if the config changed since the diff was shown."""
    agents.refuse_below_allow_list(app, "change profiles", f"ssohelper {_COMMAND}")

    def changes_for(config: ConfigFile) -> Sequence[Change]:
        if config.data != planned.data:
            raise LocalState(
                f'"{app.locations.aws_config_file}" has changed since the diff was shown',
                hint="nothing was written; run the command again",
            )
        return planned.changes

    if app.config.write(changes_for, app.clock.deadline()):
        entry = journal.config_written(
            _COMMAND,
            str(app.locations.aws_config_file),
            added=0,
            changed=len(planned.changes),
            removed=0,
        )
        app.journal.try_append(entry)
