"""Failures that are shared for 30 s: 40 callers of a dead sign-in ask AWS once, not 40 times."""

import hashlib
from pathlib import Path
from typing import Any

from ssohelper import errors
from ssohelper.core.freshness import RETRY_SECONDS
from ssohelper.errors import SsoHelperError, Throttled
from ssohelper.stores import files

# Only errors of ours come back from a file, by name.
_KINDS: dict[str, type[SsoHelperError]] = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, SsoHelperError)
}


class FailureMemory:
    """The last failure of each scope (a session, or a session's account and role)."""

    def __init__(self, runtime: Path) -> None:
        self._runtime = runtime

    def recall(self, scope: str, fingerprint: str, now: int) -> SsoHelperError | None:
        """Return the failure of the last 30 s; None after that, or when the token file changed."""
        path = self._file(scope)
        found = files.read_json(path)
        if found is None:
            return None
        at = found.get("at")
        # A clock that was set back must not make a failure last.
        is_recent = type(at) is int and -5 <= now - at < RETRY_SECONDS
        if not is_recent or (found.get("scope"), found.get("fingerprint")) != (scope, fingerprint):
            files.remove(path)
            return None
        return _error_of(found)

    def remember(self, scope: str, fingerprint: str, error: SsoHelperError, now: int) -> None:
        path = self._file(scope)
        files.ensure_private_folder(self._runtime)
        files.ensure_private_folder(path.parent)
        document = {
            "scope": scope,
            "fingerprint": fingerprint,
            "at": now,
            "kind": type(error).__name__,
            "message": error.message,
            "hint": error.hint,
            "retry_after_seconds": getattr(error, "retry_after_seconds", None),
        }
        files.write_json(path, document)

    def forget(self, scope: str) -> None:
        files.remove(self._file(scope))

    def _file(self, scope: str) -> Path:
        name = hashlib.sha256(scope.encode("utf-8", "surrogatepass")).hexdigest()
        return self._runtime / "failures" / f"{name[:40]}.json"


def _error_of(found: dict[str, Any]) -> SsoHelperError | None:
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
