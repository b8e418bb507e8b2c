"""The record of the notices given for each session: `<state>/notices/<session>.json`.

With it several brokers, renewals and endpoints give each notice once. The caller of `save` and
`forget` holds the session's state lock.
"""

from pathlib import Path

from ssohelper.core.schema import state_records as schema
from ssohelper.core.sign_in_notices import GivenNotices
from ssohelper.stores import files


class NoticeRecord:
    """One small file for each session. A damaged file counts as missing."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def load(self, session_name: str) -> GivenNotices:
        """Return the record; an empty one where there is none."""
        return files.read_record(self._file(session_name), schema.given_notices) or GivenNotices()

    def save(self, session_name: str, given: GivenNotices) -> None:
        """Write the record. Raises: LocalState."""
        files.ensure_private_folder(self._state)
        path = self._file(session_name)
        files.ensure_private_folder(path.parent)
        files.write_json(path, {"end": given.end, "marks": sorted(given.marks)})

    def forget(self, session_name: str) -> None:
        """Remove the record: the next sign-in has an end of its own. Raises: LocalState."""
        files.remove(self._file(session_name))

    def _file(self, session_name: str) -> Path:
        return self._state / "notices" / f"{files.session_file_name(session_name)}.json"
