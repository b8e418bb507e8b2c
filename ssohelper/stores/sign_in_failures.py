"""Stores each session's last failed sign-in, for the `login` commands that wait for that sign-in.

Only one sign-in of a session runs at a time. When the sign-in fails, the `login` commands that
waited for it report the same failure; otherwise each of them would open one more page in the
browser. Failed requests for credentials need no such file: the broker answers all callers that wait
for them.
"""

from contextlib import suppress
from pathlib import Path

from ssohelper.broker import wording
from ssohelper.core.freshness import RETRY_SECONDS
from ssohelper.errors import SsoHelperError
from ssohelper.fastpath import folders
from ssohelper.stores import files
from ssohelper.stores.cache_folder import CacheFolder

# A failure that is more than this time in the future is ignored: the clock was set back.
_CLOCK_STEP_SECONDS = 5


class SignInFailures:
    """Stores failed sign-ins, in one file for each session. A damaged file counts as missing."""

    def __init__(self, runtime: Path) -> None:
        self._runtime, self._cache = runtime, CacheFolder(runtime)

    def load(self, session_name: str, now: int) -> SsoHelperError | None:
        """Return the session's sign-in failure if it is less than 30 s old; None otherwise."""
        found = self._cache.read_json(self._file(session_name)) or {}
        at, error = found.get("at"), found.get("error")
        if type(at) is int and -_CLOCK_STEP_SECONDS <= now - at < RETRY_SECONDS:
            with suppress(ValueError):
                return (
                    wording.decode_renewal_outcome(error.encode())
                    if isinstance(error, str)
                    else None
                )
        return None

    def save(self, session_name: str, error: SsoHelperError, now: int) -> None:
        """Store the failure of a sign-in to the session. Raises: LocalState."""
        text = wording.encode_renewal_outcome(error).decode()
        self._cache.write_json(self._file(session_name), {"at": now, "error": text})

    def forget(self, session_name: str) -> None:
        self._cache.remove(self._file(session_name))

    def _file(self, session_name: str) -> Path:
        name = files.session_file_name(session_name)
        return Path(folders.session_folder(str(self._runtime), name)) / "sign-in-failure.json"
