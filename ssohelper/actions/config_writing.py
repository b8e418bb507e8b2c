"""Writes planned changes to ~/.aws/config, and a line to the journal for each such write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ssohelper.actions import agents
from ssohelper.core import journal
from ssohelper.core.config_edit import (
    AddSection,
    Change,
    EditSection,
    RemoveSection,
    lines_of_changed_sections,
    unified_diff,
)
from ssohelper.core.config_text import ConfigText
from ssohelper.core.other_writes import NO_OTHER_WRITES, OtherWrites
from ssohelper.errors import LocalState

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.choices import Choices
    from ssohelper.core.config_file import ConfigFile

    _PlanAgain = Callable[[ConfigFile], Sequence[Change]]


def diff_changes(app: App, data: bytes, changes: Sequence[Change]) -> Iterator[str]:
    """Return the unified diff of these changes to the config, whose text is `data`."""
    path, text = str(app.locations.aws_config_file), app.config.read().text
    return unified_diff(text if text.data == data else ConfigText(data, path), changes, path)


def write_changes(
    app: App,
    command: str,
    shown_config: bytes,
    changes: Sequence[Change],
    plan_again: _PlanAgain | None = None,
    choices: Mapping[str, Choices] | None = None,
    others: OtherWrites = NO_OTHER_WRITES,
) -> None:
    """Write the changes whose diff the user saw, and add a line to the journal.

    An undo also takes back `others`, which the caller writes next. Raises: the errors of
    `changes_as_shown`, ConfigInvalid; Refused if this process has an allow-list.
    """
    agents.refuse_if_limited(app, "change profiles", f"ssohelper {command}")

    def changes_for(config: ConfigFile) -> Sequence[Change]:
        return changes_as_shown(app, shown_config, changes, config, plan_again)

    if app.config.write(changes_for, app.clock.deadline(), choices, others):
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
    plan_again: _PlanAgain | None = None,
) -> Sequence[Change]:
    """Return the changes whose diff the user saw, to write them into the config as it is now.

    If the config changed since, raises LocalState; only warns if `plan_again` plans the same
    changes and no section that they change was edited.
    """
    if config.text.data != shown_config:
        again = plan_again and tuple(plan_again(config))
        shown = ConfigText(shown_config, config.origin)
        lines = [lines_of_changed_sections(text, changes) for text in (shown, config.text)]
        if again != tuple(changes) or lines[0] != lines[1]:
            raise config_changed_error(app)
        app.warn(
            f'"{app.locations.aws_config_file}" has changed elsewhere since the diff was shown: '
            "those changes are kept"
        )
    return changes


def shown_config_path(app: App) -> str:
    return shown_path(app, app.locations.aws_config_file)


def shown_path(app: App, place: Path) -> str:
    path = str(place)
    home = app.environ.get("HOME", "").rstrip("/")
    return f"~{path[len(home) :]}" if home and path.startswith(f"{home}/") else path


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
