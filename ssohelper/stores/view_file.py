"""Stores how the full screen's list was shown last (`<state>/view.json`)."""

from pathlib import Path

from ssohelper.core.schema import view as schema
from ssohelper.core.schema.view import View
from ssohelper.stores import files

_LIMIT_BYTES = 4096


class ViewFile:
    """The view of the list at the end of the last full screen. A damaged file counts as missing."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def load(self) -> View:
        """Return the view; that of a first start if none is stored."""
        return files.read_record(self._file, schema.view, _LIMIT_BYTES) or View()

    def save(self, view: View) -> None:
        """Replace the stored view. With two full screens the one that ends last decides."""
        files.ensure_private_folder(self._state)
        files.write_json(self._file, view._asdict(), durable=False)

    @property
    def _file(self) -> Path:
        return self._state / "view.json"
