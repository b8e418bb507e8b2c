"""Stores each session's last failed sign-in, for the `login` commands that wait for that sign-in.

Only one sign-in of a session runs at a time. When the sign-in fails, the `login` commands that
waited for it report the same failure; otherwise each of them would open one more page in the
browser. Failed requests for credentials need no such file: the broker answers all callers that wait
for them.
"""

from pathlib import Path
from typing import Any

from ssohelper import errors
from ssohelper.core.freshness import RETRY_SECONDS
from ssohelper.errors import SsoHelperError, Throttled
from ssohelper.fastpath import folders
from ssohelper.stores import files
from ssohelper.stores.cache_folder import CacheFolder

# The stored file names the error's class. Only these classes are accepted.
_KINDS: dict[str, type[SsoHelperError]] = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, SsoHelperError)
}
# A failure that is more than this time in the future is ignored: the clock was set back.
_CLOCK_STEP_SECONDS = 5


class SignInFailures:
    """Stores failed sign-ins, in one file for each session. A damaged file counts as missing."""

    def __init__(self, runtime: Path) -> None:
        self._runtime, self._cache = runtime, CacheFolder(runtime)

    def load(self, session_name: str, now: int) -> SsoHelperError | None:
        """Return the session's sign-in failure if it is less than 30 s old; None otherwise."""
        path = self._file(session_name)
        found = self._cache.read_json(path)
        at = found.get("at") if found else None
        is_recent = type(at) is int and -_CLOCK_STEP_SECONDS <= now - at < RETRY_SECONDS
        return _parse_error(found) if found and is_recent else None

    def save(self, session_name: str, error: SsoHelperError, now: int) -> None:
        """Store the failure of a sign-in to the session. Raises: LocalState."""
        document = {
            "at": now,
            "kind": type(error).__name__,
            "message": error.message,
            "hint": error.hint,
            "retry_after_seconds": getattr(error, "retry_after_seconds", None),
        }
        self._cache.write_json(self._file(session_name), document)

    def forget(self, session_name: str) -> None:
        """Remove the session's stored sign-in failure."""
        self._cache.remove(self._file(session_name))

    def _file(self, session_name: str) -> Path:
        name = files.session_file_name(session_name)
        return Path(folders.session_folder(str(self._runtime), name)) / "sign-in-failure.json"


def _parse_error(found: dict[str, Any]) -> SsoHelperError | None:
    kind, message, hint = found.get("kind"), found.get("message"), found.get("hint")
    make = _KINDS.get(kind) if isinstance(kind, str) else None
    if make is None or not isinstance(message, str):
        return None
    hint = hint if isinstance(hint, str) else None
    if issubclass(make, Throttled):
        seconds = found.get("retry_after_seconds")
        is_number = isinstance(seconds, int | float)
        return make(
            message,
            hint=hint or "try again in a minute",
            retry_after_seconds=seconds if is_number else None,
        )
    return make(message, hint=hint)
