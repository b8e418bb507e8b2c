"""Stores each session's options of `profile sync`, in `<state>/choices/<session>.json`."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from ssohelper.core.choices import Choices
from ssohelper.core.deadline import Deadline
from ssohelper.core.schema import state_records as schema
from ssohelper.stores import files
from ssohelper.stores.disk_errors import warn_once
from ssohelper.stores.files import Warn


class ChoicesStore:
    """Stores the options of `profile sync` and the removed roles.

    A malformed choice counts as not made. Before the next write, a file with such a choice is
    renamed to `NAME.damaged`, with a warning.
    """

    def __init__(self, state: Path, runtime: Path, warn: Warn = warn_once) -> None:
        self._folder = state / "choices"
        self._runtime, self._warn = runtime, warn

    def hold_lock(self, deadline: Deadline) -> AbstractContextManager[bool]:
        """Take this lock before the lock of ~/.aws/config, never after. Raises: LockNotObtained."""
        return files.hold_lock(self._runtime / "locks" / "choices.lock", deadline, self._runtime)

    def load(self, session_name: str) -> Choices:
        """Return the user's choices for the session. A damaged value is logged and left out."""
        return self._load(session_name)[0]

    def _load(self, session_name: str) -> tuple[Choices, bool]:
        return files.read_valid_parts(self._file(session_name), schema.parse_choices, Choices())

    def save(self, session_name: str, choices: Choices) -> None:
        """Write the user's choices unless the session's file already holds them."""
        path, document = self._file(session_name), choices_document(choices)
        # Compares the JSON objects, not the parsed choices, so that a damaged file is rewritten.
        if files.read_json(path) == document or (choices == Choices() and not path.exists()):
            return
        is_whole = self._load(session_name)[1]
        files.write_entries(path, document, is_whole=is_whole, warn=self._warn)

    def forget(self, session_name: str) -> None:
        """Remove the user's choices for the session. A damaged file is renamed, not removed."""
        path = self._file(session_name)
        if not self._load(session_name)[1]:
            files.rename_unreadable_file(path, self._warn)
        files.remove_file(path)

    def _file(self, session_name: str) -> Path:
        return self._folder / f"{files.session_file_name(session_name)}.json"


def choices_document(choices: Choices) -> dict[str, Any]:
    return {
        "accounts": list(choices.accounts),
        "roles": list(choices.roles),
        "template": choices.template,
        "form": choices.form,
        "default_region": choices.default_region,
        "removed": sorted([role.account_id, role.name] for role in choices.removed),
    }
