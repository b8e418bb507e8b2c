"""Which notices were given of each session's end: `<state>/notices/<session>.json`.

It makes several brokers, renewals and endpoints give each notice once. Whoever writes it holds the
session's state lock.
"""

from pathlib import Path

from ssohelper.core.schema import state as schema
from ssohelper.core.sign_in_notices import GivenNotices
from ssohelper.stores import files


class NoticeRecord:
    """One small file for each session; a damaged one counts as missing."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def load(self, session_name: str) -> GivenNotices:
        return files.read_record(self._file(session_name), schema.given_notices) or GivenNotices()

    def save(self, session_name: str, told: GivenNotices) -> None:
        """Keep the record. Raises: LocalState."""
        files.ensure_private_folder(self._state)
        path = self._file(session_name)
        files.ensure_private_folder(path.parent)
        files.write_json(path, {"end": told.end, "marks": sorted(told.marks)})

    def forget(self, session_name: str) -> None:
        """Forget what was told: the next sign-in has an end of its own. Raises: LocalState."""
        files.remove(self._file(session_name))

    def _file(self, session_name: str) -> Path:
        return self._state / "notices" / f"{files.session_file_name(session_name)}.json"
