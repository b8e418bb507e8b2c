"""Records which notices were given for each session, in `<state>/notices/<session>.json`.

All brokers, renewals and endpoints share the record, so that each notice is given only once. The
caller of `save` or `forget` must hold the session's state lock.
"""

from pathlib import Path

from ssohelper.core.schema import state_records as schema
from ssohelper.core.sign_in_notices import GivenNotices
from ssohelper.stores import files
from ssohelper.stores.cache_folder import CacheFolder


class NoticeRecord:
    """Stores which notices were given, in a file per session. A damaged file counts as missing."""

    def __init__(self, state: Path) -> None:
        self._state, self._cache = state, CacheFolder(state)

    def load(self, session_name: str) -> GivenNotices:
        """Return the session's record of notices; an empty one when there is none."""
        path = self._file(session_name)
        return self._cache.read_record(path, schema.parse_given_notices) or GivenNotices()

    def save(self, session_name: str, given: GivenNotices) -> None:
        """Write the session's record of notices. Raises: LocalState."""
        document = {"end": given.end, "marks": sorted(given.marks)}
        self._cache.write_json(self._file(session_name), document)

    def forget(self, session_name: str) -> None:
        """Remove the session's record, so that notices are given again for the next sign-in.

        Raises: LocalState.
        """
        self._cache.remove(self._file(session_name))

    def _file(self, session_name: str) -> Path:
        return self._state / "notices" / f"{files.session_file_name(session_name)}.json"
