"""The choices for each session's profiles: `<state>/choices/<session>.json`."""

from pathlib import Path
from typing import Any

from ssohelper.core.choices import Choices
from ssohelper.core.schema import state as schema
from ssohelper.core.schema.fields import Damaged
from ssohelper.stores import files, path_parts


class ChoicesStore:
    """Choices by session name; missing, malformed or foreign values are the defaults."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "choices"

    def load(self, session_name: str) -> Choices:
        path = self._file(session_name)
        found = files.read_json(path)
        if found is None:
            return Choices()
        choices, damaged = schema.choices(found)
        for name in damaged:
            files.report_damage(path, Damaged(name))
        return choices

    def save(self, session_name: str, choices: Choices) -> None:
        """Keep the choices; unchanged ones write nothing."""
        path, document = self._file(session_name), document_of(choices)
        # Compared as written, so that a damaged file is repaired.
        if files.read_json(path) == document or (choices == Choices() and not path.exists()):
            return
        files.private_folder(self._folder)
        files.write_json(path, document)

    def forget(self, session_name: str) -> None:
        files.remove(self._file(session_name))

    def _file(self, session_name: str) -> Path:
        return self._folder / f"{path_parts.session_part(session_name)}.json"


def document_of(choices: Choices) -> dict[str, Any]:
    """Return the choices as a file holds them."""
    return {
        "accounts": list(choices.accounts),
        "roles": list(choices.roles),
        "template": choices.template,
        "form": choices.form,
        "default_region": choices.default_region,
        "removed": sorted([role.account_id, role.name] for role in choices.removed),
    }
