"""Reverses the last writes of ~/.aws/config, and the option changes that came with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ssohelper.actions import agents, config_writing
from ssohelper.core import plan_text
from ssohelper.core.config_diff import diff_texts
from ssohelper.core.config_edit import AddSection, Change
from ssohelper.core.config_text import ConfigText
from ssohelper.core.config_undo import changes_that_undo
from ssohelper.core.config_undo_merge import undone_config
from ssohelper.core.returned_block import add_block_again
from ssohelper.errors import ConfigInvalid, UsageProblem

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.choices import Choices
    from ssohelper.core.config_file import ConfigFile
    from ssohelper.stores.config_versions import Version


def load_last_write(app: App, *, redo: bool = False) -> Version:
    """Return the version saved by the last command that wrote; with `redo`, by the last undo.

    Raises: UsageProblem if there is no saved version, LocalState if it is damaged.
    """
    version = app.config.load_last_version(is_undone=redo)
    if version is None and redo:
        raise UsageProblem(f"nothing to redo: no undo of {app.locations.aws_config_file} is saved")
    if version is None:
        raise UsageProblem(
            f"nothing to undo: no change of {app.locations.aws_config_file} by ssohelper is saved"
        )
    return version


def diff_undo(app: App, version: Version) -> Iterator[str]:
    """Return the lines of the unified diff by which `undo` reverses this saved write."""
    config, name = app.config.read(), str(app.locations.aws_config_file)
    undone = _make_undone_content(app, version, config)
    return diff_texts(config.text.text, undone.decode(), name)


def undo(app: App, version: Version, data: bytes) -> None:
    """Restore config and choices as they were before this saved write, which may be an undo.

    If the config was edited since, only what the write changed is reversed, and lines that were not
    edited get the bytes that they had before the write. `data` is the config
    that the user saw the diff of. Raises: LocalState, and nothing is changed, if it is another now.
    """
    agents.refuse_if_allow_list_applies(app, "change profiles", "ssohelper profile undo")
    present = {name: app.choices.load(name) for name in version.choices}

    def content_for(config: ConfigFile) -> bytes:
        if config.data != data:
            raise config_writing.config_changed_error(app)
        return _make_undone_content(app, version, config)

    changes = _find_undo_changes(app, version)
    is_written = app.config.undo(version, content_for, app.clock.deadline(), present)
    if is_written:
        command = "profile undo --redo" if version.is_undone else "profile undo"
        config_writing.add_config_write_to_journal(app, command, changes)
    for session_name, choices in version.choices.items():
        app.choices.save(session_name, choices)


def list_restored_options(app: App, version: Version) -> list[str]:
    """Return a line for each session whose filters and other options `undo` changes back."""
    return [plan_text.restored_options_line(*one) for one in _find_restored_choices(app, version)]


def describe_restored_options(app: App, version: Version) -> list[dict[str, Any]]:
    """Return the sessions whose options `undo` restores, with the options that each one gets.

    The options' keys are those of `session show`.
    """
    return [
        {
            "session": name,
            "accounts": list(choices.accounts),
            "roles": list(choices.roles),
            "name_template": choices.template,
            "form": choices.form,
            "default_region": choices.default_region,
        }
        for name, choices in _find_restored_choices(app, version)
    ]


def _find_restored_choices(app: App, version: Version) -> list[tuple[str, Choices]]:
    return [
        (name, choices)
        for name, choices in version.choices.items()
        if choices.without_recorded_fields != app.choices.load(name).without_recorded_fields
    ]


def _make_undone_content(app: App, version: Version, config: ConfigFile) -> bytes:
    """Return the config's content after the undo; empty if the undo removes the file."""
    if config.data == (version.after or b""):
        return version.before or b""
    if _restores_unreadable_config(app, version):
        return add_block_again(version.before or b"", version.after or b"", config.data)[0]
    return undone_config(*_config_texts_before_and_after(app, version), config.text)


def _find_undo_changes(app: App, version: Version) -> list[Change]:
    """Return the changes of the undo, for the journal."""
    if _restores_unreadable_config(app, version):
        _, headers = add_block_again(version.before or b"", version.after or b"", b"")
        return [AddSection(header, ()) for header in headers]
    return changes_that_undo(*_config_texts_before_and_after(app, version), app.config.read().text)


def _restores_unreadable_config(app: App, version: Version) -> bool:
    """Return whether the write removed sections that aws-sso-cli had written again (`doctor --fix`).

    No other command writes a config that cannot be read.
    """
    try:
        ConfigText(version.before or b"", str(app.locations.aws_config_file))
    except ConfigInvalid:
        return True
    return False


def _config_texts_before_and_after(app: App, version: Version) -> tuple[ConfigText, ConfigText]:
    origin = str(app.locations.aws_config_file)
    return ConfigText(version.before or b"", origin), ConfigText(version.after or b"", origin)
