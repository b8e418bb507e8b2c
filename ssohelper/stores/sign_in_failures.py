"""The last failed sign-in of each session, for `login` commands that have waited for it.

One sign-in of a session runs at a time. When it fails, the commands that waited report its failure:
otherwise each of them would open one more page in the browser. Nothing else shares a failure by a
file; the broker answers all callers that wait for the same credentials.
"""

from pathlib import Path
from typing import Any

from ssohelper import errors
from ssohelper.core.freshness import RETRY_SECONDS
from ssohelper.errors import SsoHelperError, Throttled
from ssohelper.fastpath import folders
from ssohelper.stores import files

# A file names its error's class: only these classes are made from it.
_KINDS: dict[str, type[SsoHelperError]] = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, SsoHelperError)
}
# A clock that was set back by more makes the failure count as old.
_CLOCK_STEP_SECONDS = 5


class SignInFailures:
    """One file for each session, in the session's folder; a damaged one counts as missing."""

    def __init__(self, runtime: Path) -> None:
        self._runtime = runtime

    def load(self, session_name: str, now: int) -> SsoHelperError | None:
        """Return the failure of the last 30 s; None without one."""
        path = self._file(session_name)
        found = files.read_json(path)
        if found is None:
            return None
        at = found.get("at")
        if type(at) is int and -_CLOCK_STEP_SECONDS <= now - at < RETRY_SECONDS:
            return _parse_error(found)
        files.remove(path)
        return None

    def save(self, session_name: str, error: SsoHelperError, now: int) -> None:
        """Keep the failure. Raises: LocalState."""
        path = self._file(session_name)
        files.ensure_private_folder(self._runtime)
        files.ensure_private_folder(path.parent)
        document = {
            "at": now,
            "kind": type(error).__name__,
            "message": error.message,
            "hint": error.hint,
            "retry_after_seconds": getattr(error, "retry_after_seconds", None),
        }
        files.write_json(path, document, durable=False)

    def forget(self, session_name: str) -> None:
        """Remove the session's failure."""
        files.remove(self._file(session_name))

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
