"""Reverses the last writes of ~/.aws/config, and the option changes that came with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ssohelper.actions import agents, config_writing, selection
from ssohelper.core.config_diff import diff_texts
from ssohelper.core.config_edit import AddSection, Change, RemoveSection
from ssohelper.core.config_text import ConfigText
from ssohelper.core.config_undo import changes_that_undo_write
from ssohelper.core.config_undo_merge import config_without_write
from ssohelper.core.returned_block import (
    config_with_rewritten_aws_sso_cli_block,
    find_rewritten_aws_sso_cli_block,
)
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid, UsageProblem

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.choices import Choices
    from ssohelper.core.model import SsoSession
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


def describe_reversal(app: App, *, redo: bool, is_of_options: bool) -> str:
    """Return what an undo, or with `redo` a redo, will do, in the words of its question."""
    # An undo is saved until the next write: while one is, this undo goes back one write more.
    is_second = app.config.load_last_version(is_undone=True) is not None
    what = "undo one more change" if is_second else "undo the last change"
    of = "filters and options" if is_of_options else show(str(app.locations.aws_config_file))
    return f"{'reverse the last undo' if redo else what} of {of}"


def diff_undo(app: App, version: Version) -> Iterator[str]:
    """Return the unified diff, line by line, by which an undo reverses this saved write."""
    data, name = app.config.read_data(), str(app.locations.aws_config_file)
    undone = _make_undone_content(app, version, data)
    return diff_texts(data.decode(), undone.decode(), name)


def undo_config_write(app: App, version: Version, shown_config: bytes) -> list[SsoSession]:
    """Restore the config and the saved sync options to their state before this write or undo.

    If the config was edited since, only the changes of the write are reversed, and lines that were
    not edited get the bytes that they had before the write. `shown_config` is the config from which
    the shown diff was made. Returns the signed-in sessions that the config no longer has after the
    undo. Raises: LocalState, before any change, if the config differs from `shown_config`.
    """
    agents.refuse_if_allow_list_applies(app, "change profiles", "ssohelper profile undo")
    unlisted = _find_signed_in_sessions_not_in_config(app)
    present = {name: app.choices.load(name) for name in version.choices}

    def make_undone_config(present: bytes) -> bytes:
        if present != shown_config:
            raise config_writing.config_changed_error(app)
        return _make_undone_content(app, version, present)

    changes = _find_undo_changes(app, version)
    is_written = app.config.reverse_write(
        version, make_undone_config, app.clock.deadline(), present
    )
    if is_written:
        command = "profile undo --redo" if version.is_undone else "profile undo"
        config_writing.add_config_write_to_journal(app, command, changes)
    for session_name, choices in version.choices.items():
        app.choices.save(session_name, choices)
    after = _find_signed_in_sessions_not_in_config(app) or []
    return [one for one in after if unlisted is not None and one not in unlisted]


def _find_signed_in_sessions_not_in_config(app: App) -> list[SsoSession] | None:
    """Return the signed-in sessions that the config lacks; None if the config is unreadable."""
    try:
        return selection.find_sessions_not_in_config(app)
    except ConfigInvalid:
        return None


def restored_options_json(app: App, version: Version) -> list[dict[str, Any]]:
    """Return, for --json, the sessions whose sync options the undo restores, with the options.

    The options have the same keys as in `session show --json`.
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
        for name, choices in find_restored_choices(app, version)
    ]


def find_restored_choices(app: App, version: Version) -> list[tuple[str, Choices]]:
    """Return the sessions whose saved filters and options the undo restores, with the old ones."""
    return [
        (name, choices)
        for name, choices in version.choices.items()
        if choices.without_recorded_fields != app.choices.load(name).without_recorded_fields
    ]


def _make_undone_content(app: App, version: Version, data: bytes) -> bytes:
    """Return the config's content `data` after the undo; empty if the undo removes the file."""
    origin = str(app.locations.aws_config_file)
    if data == (version.after or b""):
        return version.before or b""
    if not _can_aws_tools_read_config(app, version.before):
        return config_with_rewritten_aws_sso_cli_block(
            version.before or b"", version.after or b"", data
        )[0]
    if not _can_aws_tools_read_config(app, version.after):
        found = find_rewritten_aws_sso_cli_block(data, origin)
        return ConfigText(data, origin).data if found is None else found.rest
    present = _config_without_returned_aws_sso_cli_block(app, data)
    if present == (version.after or b""):
        return version.before or b""
    return config_without_write(
        *_config_texts_before_and_after(app, version), ConfigText(present, origin)
    )


def _find_undo_changes(app: App, version: Version) -> list[Change]:
    """Return the changes of the undo, for the journal."""
    before, after = version.before or b"", version.after or b""
    if not _can_aws_tools_read_config(app, before):
        return [
            AddSection(header, ())
            for header in config_with_rewritten_aws_sso_cli_block(before, after, b"")[1]
        ]
    if not _can_aws_tools_read_config(app, after):
        return [
            RemoveSection(header)
            for header in config_with_rewritten_aws_sso_cli_block(after, before, b"")[1]
        ]
    present = _config_without_returned_aws_sso_cli_block(app, app.config.read_data())
    text = ConfigText(present, str(app.locations.aws_config_file))
    return changes_that_undo_write(*_config_texts_before_and_after(app, version), text)


def _config_without_returned_aws_sso_cli_block(app: App, data: bytes) -> bytes:
    """Return the config's content without a block that aws-sso-cli has written again.

    An undo of `doctor --fix` writes that block once more. The next undo leads to the config before
    the adoption, which has the block where aws-sso-cli wrote it first.
    """
    if _can_aws_tools_read_config(app, data):
        return data
    found = find_rewritten_aws_sso_cli_block(data, str(app.locations.aws_config_file))
    return data if found is None else found.rest


def _can_aws_tools_read_config(app: App, data: bytes | None) -> bool:
    """Return whether AWS tools can read this config.

    Only `doctor --fix`, which removes sections that aws-sso-cli has written again, changes a config
    that AWS tools cannot read, and only an undo of `doctor --fix` writes one.
    """
    try:
        ConfigText(data or b"", str(app.locations.aws_config_file))
    except ConfigInvalid:
        return False
    return True


def _config_texts_before_and_after(app: App, version: Version) -> tuple[ConfigText, ConfigText]:
    origin = str(app.locations.aws_config_file)
    return ConfigText(version.before or b"", origin), ConfigText(version.after or b"", origin)
