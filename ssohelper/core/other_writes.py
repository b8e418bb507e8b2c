"""Records what a command writes besides ~/.aws/config, so that it can be undone."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ssohelper.core import rc_text
from ssohelper.core.rc_text import FileEdit


class OtherWrites(NamedTuple):
    """Each changed setting's value before and after (None: not set), and the edits of rc files."""

    settings: Mapping[str, tuple[Any, Any]] = {}
    files: tuple[FileEdit, ...] = ()


NO_OTHER_WRITES = OtherWrites()


def plan_setting_undo(written: tuple[Any, Any], present: Any) -> tuple[Any, Any] | None:
    """Return the setting's present value and the value to restore; None if it was edited since."""
    before, after = map(_as_list, written)
    present = _as_list(present)
    if present == before:
        return present, present
    return (present, before) if present == after else None


def _as_list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def plan_file_undo(edit: FileEdit, present: bytes | None) -> FileEdit | None:
    """Return the edit that undoes `edit`; None if the user has edited ssohelper's lines since.

    The user's own lines stay. Raises: ConfigInvalid if the marks are not one pair.
    """
    if present in (edit.before, edit.after):
        return FileEdit(edit.path, present, edit.before, edit.shell)
    origin = str(edit.path)
    old, new, now = (
        rc_text.find_our_block(data or b"", origin) for data in (edit.before, edit.after, present)
    )
    if now == old:
        return FileEdit(edit.path, present, present, edit.shell)
    if now != new:
        return None
    content = rc_text.rc_with_our_block(present or b"", old, origin)
    return FileEdit(edit.path, present, content, edit.shell)
