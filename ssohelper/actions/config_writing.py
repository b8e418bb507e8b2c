"""Writes planned changes to ~/.aws/config, and a line to the journal for each such write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ssohelper.core import journal
from ssohelper.core.config_edit import (
    AddSection,
    Change,
    EditSection,
    RemoveSection,
    comparison_value_of_write,
)
from ssohelper.errors import LocalState

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.config_file import ConfigFile
    from ssohelper.core.config_text import ConfigText

    _Write = tuple[ConfigText, Sequence[Change]]


def write_config_as_shown(
    app: App, command: str, shown_config: bytes, changes: Sequence[Change]
) -> None:
    """Write the changes whose diff the user saw, and add a line to the journal.

    `shown_config` is the config that the diff was made from. Writes nothing and raises an error:
    LocalState if the config has changed since, ConfigInvalid if the new config would be invalid.
    """

    def make_config_changes(config: ConfigFile) -> Sequence[Change]:
        if config.text.data != shown_config:
            raise config_changed_error(app)
        return changes

    if app.config.write(make_config_changes, app.clock.deadline()):
        add_config_write_to_journal(app, command, changes)


def config_changed_error(app: App) -> LocalState:
    """Return the error for a config that has changed since its diff was shown to the user."""
    return LocalState(
        f'"{app.locations.aws_config_file}" has changed since the diff was shown',
        hint="nothing was written; run the command again",
    )


def list_changed_error(app: App) -> LocalState:
    """Return the error for a config that has changed since a screen's list was read from it."""
    return LocalState(
        f'"{app.locations.aws_config_file}" has changed since this list was read',
        hint="nothing was written; check the list, then press the key again",
    )


def check_write_is_as_shown(app: App, shown: _Write, planned: _Write) -> None:
    """Check that the `planned` write of the config is the one whose diff was `shown` to the user.

    Each of the two is a config and the changes to it. Raises: LocalState if the two write other
    lines, or if a section that they change has changed. Warns if only other parts of the config
    have changed; these are kept.
    """
    if comparison_value_of_write(*shown) != comparison_value_of_write(*planned):
        raise config_changed_error(app)
    app.warn(
        f'"{app.locations.aws_config_file}" has changed elsewhere since the diff was shown: '
        "those changes are kept"
    )


def add_config_write_to_journal(app: App, command: str, changes: Sequence[Change]) -> None:
    """Add a line to the journal that says how many sections of the config a command changed."""
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
