"""Undoes the last writes of ~/.aws/config, and the option changes that came with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import agents, config_writing
from ssohelper.core.config_diff import (
    changed_headers,
    config_without_write,
    diff_texts,
    sections_of_text,
)
from ssohelper.core.config_edit import AddSection, Change, EditSection, RemoveSection
from ssohelper.core.config_text import ConfigText
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid, UsageProblem

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.choices import Choices
    from ssohelper.stores.config_versions import Version


class Undo(NamedTuple):
    """The config's content now, and after an undo of `version`: None if the undo removes it."""

    version: Version
    present: bytes
    content: bytes | None


class EditedSinceWrite(ConfigInvalid):
    """A section that a write changed was edited since. `diff` leads from it to the earlier one."""

    diff: tuple[str, ...] = ()


def load_last_write(app: App) -> Version:
    """Raises: UsageProblem if there is no saved version, LocalState if it is damaged."""
    version = app.config.load_last_version()
    if version is None:
        raise UsageProblem(
            f"nothing to undo: no change of {app.locations.aws_config_file} by ssohelper is saved"
        )
    return version


def plan_undo(app: App) -> Undo:
    """Return what an undo of the last write changes: sections edited elsewhere stay.

    Raises: EditedSinceWrite, ConfigInvalid for an unreadable config, those of `load_last_write`.
    """
    version, present = load_last_write(app), app.config.read_data()
    after = version.after or b""
    if present == after:
        return Undo(version, present, version.before)
    readable = ConfigText(present, str(app.locations.aws_config_file)).text
    texts = [(version.before or b"").decode(), after.decode(), readable]
    content = config_without_write(*texts)
    if content is None:
        raise _edited_since_write_error(app, *texts)
    return Undo(version, present, content.encode())


def _edited_since_write_error(app: App, before: str, after: str, present: str) -> EditedSinceWrite:
    old, written, now = map(sections_of_text, (before, after, present))
    edited = changed_headers(old, written) & changed_headers(written, now)
    earlier, later = (
        "".join(line for header in sections if header in edited for line in sections[header].lines)
        for sections in (old, now)
    )
    path = str(app.locations.aws_config_file)
    what = ", ".join(sorted(edited)[:3]) + ", ..." * (len(edited) > 3) or "a line"
    error = EditedSinceWrite(
        f"{path}: {show(what)} was edited since the last command wrote it: nothing was restored",
        hint="see the earlier version: ssohelper profile undo --print",
    )
    error.diff = tuple(diff_texts(later, earlier, path))
    return error


def diff_undo(app: App, undo: Undo) -> Iterator[str]:
    after = (undo.content or b"").decode()
    return diff_texts(undo.present.decode(), after, str(app.locations.aws_config_file))


def undo_config_write(app: App, undo: Undo) -> None:
    """Restore config and options. Raises: LocalState, first, if the config changed since the plan."""
    agents.refuse_if_limited(app, "change profiles", "ssohelper profile undo")

    def content_for(present: bytes) -> bytes | None:
        if present != undo.present:
            raise config_writing.config_changed_error(app)
        return undo.content

    if app.config.undo_write(undo.version, content_for, app.clock.deadline()):
        old, new = (
            sections_of_text((data or b"").decode()) for data in (undo.present, undo.content)
        )
        changes: list[Change] = []
        for header in changed_headers(old, new):
            kept = EditSection(header) if header in new else RemoveSection(header)
            changes.append(kept if header in old else AddSection(header, ()))
        config_writing.add_to_journal(app, "profile undo", changes)
    for session_name, choices in undo.version.choices.items():
        app.choices.save(session_name, choices)


def find_restored_choices(app: App, version: Version) -> list[tuple[str, Choices]]:
    return [
        (name, choices)
        for name, choices in version.choices.items()
        if choices.options != app.choices.load(name).options
    ]
