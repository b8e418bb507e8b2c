"""Undoes what the last command wrote: settings, ~/.aws/config with its options, rc files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ssohelper.actions import agents, config_writing, install
from ssohelper.core.config_diff import (
    changed_headers,
    config_without_write,
    diff_texts,
    sections_of_text,
)
from ssohelper.core.config_edit import AddSection, Change, EditSection, RemoveSection
from ssohelper.core.config_text import ConfigText
from ssohelper.core.other_writes import OtherWrites, plan_file_undo, plan_setting_undo
from ssohelper.core.rc_text import FileEdit
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid, LocalState, UsageProblem

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.choices import Choices
    from ssohelper.stores.config_versions import Version

COMMAND = "ssohelper undo"


class Undo(NamedTuple):
    """What an undo of `version` changes: each part as it is now, and as it was before the command.

    `present` is the config now, `content` the config before; None stands for a missing file.
    `choices` are the options of sessions before the command, `options` those that the undo changes.
    """

    version: Version
    settings: Mapping[str, tuple[Any, Any]]
    present: bytes | None
    content: bytes | None
    files: tuple[FileEdit, ...]
    choices: list[tuple[str, Choices]]
    options: list[tuple[str, Choices]]

    @property
    def has_effect(self) -> bool:
        is_changed = self.settings or self.files or self.choices
        return bool(is_changed) or self.present != self.content


class EditedSinceWrite(ConfigInvalid):
    """Raised if what a command wrote was edited since. `diff` leads back to the text before the
    command.
    """

    def __init__(self, message: str, diff: Iterable[str]) -> None:
        super().__init__(message, hint="see the earlier config: ssohelper undo --print")
        self.diff = tuple(diff)


def plan_undo(app: App) -> Undo:
    """Return how to undo the last command whose undo changes anything; other edits stay.

    A command that was killed before it wrote is skipped. Raises: UsageProblem if there is none,
    EditedSinceWrite, ConfigInvalid for an unreadable config, LocalState.
    """
    for version in app.config.load_versions():
        undo = _plan_undo_of(app, version)
        if undo.has_effect:
            return undo
    raise UsageProblem(
        f"nothing to undo: no change of {app.locations.aws_config_file}, of settings or of an rc "
        "file by ssohelper is saved"
    )


def load_last_config(app: App) -> bytes:
    """Return the config before the last command that changed it. Raises: UsageProblem, LocalState."""
    present = app.config.read_content()
    for version in app.config.load_versions():
        if version.before not in (version.after, present):
            return version.before or b""
    raise UsageProblem(
        f"nothing to undo: no change of {app.locations.aws_config_file} by ssohelper is saved"
    )


def diff_undo(app: App, undo: Undo) -> Iterator[str]:
    yield from diff_settings(app, undo.settings)
    before, after = ((data or b"").decode() for data in (undo.present, undo.content))
    yield from diff_texts(before, after, str(app.locations.aws_config_file))
    for edit in undo.files:
        yield from edit.diff()


def list_places(app: App, undo: Undo) -> list[str]:
    places = [str(app.locations.settings_file)] * bool(undo.settings)
    places += [str(app.locations.aws_config_file)] * (undo.present != undo.content)
    return [show(place) for place in (*places, *(str(edit.path) for edit in undo.files))]


def check_unchanged(app: App, undo: Undo) -> None:
    agents.refuse_if_limited(app, "change profiles", COMMAND)
    if _plan_undo_of(app, undo.version) != undo:
        raise config_writing.config_changed_error(app)


def undo_files(app: App, undo: Undo) -> None:
    """Restore config, rc files and options. Raises: LocalState if the config changed since."""

    def content_for(present: bytes | None) -> bytes | None:
        if present != undo.present:
            raise config_writing.config_changed_error(app)
        return undo.content

    def finish() -> None:
        for edit in undo.files:
            install.write_file_edit(app, edit)

    if app.config.undo_write(undo.version, content_for, app.clock.deadline(), finish):
        old, new = (
            sections_of_text((data or b"").decode()) for data in (undo.present, undo.content)
        )
        changes: list[Change] = []
        for header in changed_headers(old, new):
            kept = EditSection(header) if header in new else RemoveSection(header)
            changes.append(kept if header in old else AddSection(header, ()))
        config_writing.add_to_journal(app, "undo", changes)
    for session_name, choices in undo.choices:
        app.choices.save(session_name, choices)


# -- planning --------------------------------------------------------------------------------------


def _plan_undo_of(app: App, version: Version) -> Undo:
    edited, diff = list[str](), list[str]()
    values = app.read_settings().values if version.others.settings else {}
    settings = dict[str, tuple[Any, Any]]()
    for key, written in version.others.settings.items():
        present = values[key][0] if key in values else None
        planned = plan_setting_undo(written, present)
        if planned is None:
            edited.append(f"the setting {key}")
            diff += diff_settings(app, {key: (present, written[0])})
        elif planned[0] != planned[1]:
            settings[key] = planned
    present_config = app.config.read_content()
    content = present_config
    if version.before not in (version.after, present_config):
        try:
            content = _config_without(app, version, present_config)
        except EditedSinceWrite as error:
            edited.append(error.message)
            diff += error.diff
    files = list[FileEdit]()
    for edit in version.others.files:
        now = app.make_user_file(edit.path).read().content
        back = plan_file_undo(edit, now)
        if back is None:
            edited.append(str(edit.path))
            diff += FileEdit(edit.path, now, edit.before, edit.shell).diff()
        elif back.has_changes:
            files.append(back)
    if edited:
        raise EditedSinceWrite(
            f"{', '.join(edited)} was edited since the last command wrote it: nothing was restored",
            diff,
        )
    saved = [(name, before, app.choices.load(name)) for name, before in version.choices.items()]
    choices = [(name, before) for name, before, now in saved if before != now]
    options = [(name, before) for name, before, now in saved if before.options != now.options]
    return Undo(version, settings, present_config, content, tuple(files), choices, options)


def record_other_writes(app: App, others: OtherWrites, *, of_last: bool = False) -> None:
    """Save for undo what a command is about to write beside the config. Only warns if that fails.

    With `of_last`, the command has already written the config.
    """
    try:
        app.config.record_other_writes(others, app.clock.deadline(), of_last=of_last)
    except LocalState as error:
        app.warn(f"this change cannot be undone: {error.message}")


def setting_to_record(app: App, key: str, value: Any) -> dict[str, tuple[Any, Any]]:
    values = app.settings.values
    before = values[key][0] if key in values else None
    return {} if before == value else {key: (before, value)}


def _config_without(app: App, version: Version, present: bytes | None) -> bytes | None:
    """Return the config as if the write had not happened. Raises: EditedSinceWrite, ConfigInvalid."""
    path = str(app.locations.aws_config_file)
    if present == version.after:
        return version.before
    before, after = ((data or b"").decode() for data in (version.before, version.after))
    readable = ConfigText(present or b"", path).text
    content = config_without_write(before, after, readable)
    if content is not None:
        return content.encode()
    old, written, now = map(sections_of_text, (before, after, readable))
    edited = changed_headers(old, written) & changed_headers(written, now)
    earlier, later = (
        "".join(line for header in sections if header in edited for line in sections[header].lines)
        for sections in (old, now)
    )
    what = ", ".join(sorted(edited)[:3]) + ", ..." * (len(edited) > 3) or "a line"
    raise EditedSinceWrite(f"{path}: {show(what)}", diff_texts(later, earlier, path))


def diff_settings(app: App, changed: Mapping[str, tuple[Any, Any]]) -> Iterator[str]:
    path = app.locations.settings_file
    if changed:
        yield from (f"--- {path}", f"+++ {path}")
    for key, (before, after) in changed.items():
        for sign, value in (("-", before), ("+", after)):
            if value is not None:
                yield f"{sign}{key} = {json.dumps(value, ensure_ascii=False)}"
