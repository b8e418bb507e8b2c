"""Writes planned changes to ~/.aws/config, and a line to the journal for each such write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ssohelper.core import journal
from ssohelper.core.config_edit import (
    AddSection,
    Change,
    EditSection,
    RemoveSection,
    lines_of_changed_sections,
)
from ssohelper.core.config_text import ConfigText
from ssohelper.errors import LocalState

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.config_file import ConfigFile


def write_config_as_shown(
    app: App, command: str, shown_config: bytes, changes: Sequence[Change]
) -> None:
    """Write the changes whose diff the user saw, and add a line to the journal.

    `shown_config` is the config that the diff was made from. Raises: LocalState if the config has
    changed since, ConfigInvalid if the new one would be invalid.
    """

    def make_config_changes(config: ConfigFile) -> Sequence[Change]:
        if config.text.data != shown_config:
            raise config_changed_error(app)
        return changes

    if app.config.write(make_config_changes, app.clock.deadline()):
        add_to_journal(app, command, changes)


def config_changed_error(app: App) -> LocalState:
    return LocalState(
        f'"{app.locations.aws_config_file}" has changed since the diff was shown',
        hint="nothing was written; run the command again",
    )


def list_changed_error(app: App) -> LocalState:
    return LocalState(
        f'"{app.locations.aws_config_file}" has changed since this list was read',
        hint="nothing was written; check the list, then press the key again",
    )


def changes_as_shown(
    app: App,
    shown_config: bytes,
    changes: Sequence[Change],
    config: ConfigFile,
    plan_again: Callable[[ConfigFile], Sequence[Change]],
) -> Sequence[Change]:
    """Return the changes whose diff the user saw, to write them into the config as it is now.

    Raises: LocalState if the config changed since, and `plan_again` plans other changes or a section
    that they change was edited. Warns if only other parts of the config have changed.
    """
    if config.text.data != shown_config:
        again = tuple(plan_again(config))
        shown = ConfigText(shown_config, config.origin)
        lines = [lines_of_changed_sections(text, changes) for text in (shown, config.text)]
        if again != tuple(changes) or lines[0] != lines[1]:
            raise config_changed_error(app)
        app.warn(
            f'"{app.locations.aws_config_file}" has changed elsewhere since the diff was shown: '
            "those changes are kept"
        )
    return changes


def add_to_journal(app: App, command: str, changes: Sequence[Change]) -> None:
    kinds = [type(change) for change in changes]
    entry = journal.make_entry(
        "config-write",
        command=command,
        file=str(app.locations.aws_config_file),
        added=kinds.count(AddSection),
        changed=kinds.count(EditSection),
        removed=kinds.count(RemoveSection),
    )
    app.journal.try_append(entry)
