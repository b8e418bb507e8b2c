"""Stores what is known about each sign-in (`SignInFacts`) and its session; has the locks for that.

The facts are in our state folder: an SDK that writes a token file drops the JSON keys that the SDK
does not know.
"""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from ssohelper.core.deadline import Deadline
from ssohelper.core.model import SignInFacts, SsoSession
from ssohelper.core.schema import sign_in_records as schema
from ssohelper.core.schema.fields import Damaged
from ssohelper.errors import LocalState
from ssohelper.stores import files


class SignInFactsFiles:
    """Stores sign-in facts, with a file for each sign-in, named by `SsoSession.sign_in_name`."""

    def __init__(self, state: Path, runtime: Path) -> None:
        self._state = state
        self._runtime = runtime

    def load_facts(self, session_name: str) -> SignInFacts:
        path = self._facts_file(session_name)
        facts, damaged = schema.parse_sign_in_facts(files.read_json(path) or {})
        for name in damaged:
            files.report_damaged_file(path, Damaged(name))
        return facts

    def load_settled_facts(self, session_name: str) -> SignInFacts:
        """Return the sign-in facts; wait up to 1 s for a renewal that has not saved them yet."""
        lock = self.lock_state(session_name, Deadline(1.0, time.monotonic))
        with suppress(LocalState), lock:
            return self.load_facts(session_name)
        return self.load_facts(session_name)

    def save_facts(self, session_name: str, facts: SignInFacts) -> None:
        """Write the session's sign-in facts. The caller holds `lock_state`. Raises: LocalState."""
        files.ensure_private_folder(self._state)
        path = self._facts_file(session_name)
        files.ensure_private_folder(path.parent)
        files.write_json(path, facts._asdict())

    def forget_facts(self, session_name: str) -> None:
        files.remove_file(self._facts_file(session_name))

    def save_session(self, session: SsoSession) -> None:
        """Record the session of a token before the token is written. Raises: LocalState.

        So every token can be found, even if its session is not, or no longer, in the config.
        """
        files.ensure_private_folder(self._state)
        path = self._session_file(session.name)
        files.ensure_private_folder(path.parent)
        files.write_json(path, session._asdict())

    def load_sessions(self) -> list[SsoSession]:
        """Return the sessions of the sign-ins that ssohelper made and did not sign out."""
        return [
            found
            for path, found in self._read_records()
            if found and path == self._session_file(found.name)
        ]

    def list_damaged_records(self) -> list[str]:
        """Return the paths of damaged records, which do not say for which session they are."""
        folder = self._state / "signed-in"
        if folder.exists() and not folder.is_dir():
            return [str(folder)]  # a folder that cannot be listed hides all records
        return [str(path) for path, found in self._read_records() if found is None]

    def forget_misnamed_records(self) -> None:
        """Remove records whose file name does not fit their session: we did not write them."""
        for path, found in self._read_records():
            if found and path != self._session_file(found.name):
                files.remove_file(path)

    def _read_records(self) -> Iterator[tuple[Path, SsoSession | None]]:
        """Yield the path of each record with its session, which is None if it is damaged."""
        folder, found = self._state / "signed-in", None
        for path in [folder / name for name in files.list_names_in_folder(folder)]:
            try:
                if files.read_own_file(path) is None:
                    continue
                found = files.read_record(path, schema.parse_signed_in_session)
            except LocalState:
                found = None
            yield path, found

    def remove_session_record(self, session_name: str) -> None:
        files.remove_file(self._session_file(session_name))

    def lock_state(self, session_name: str, deadline: Deadline) -> AbstractContextManager[object]:
        """Return the lock to hold while token, sign-in facts or role credentials are changed.

        The lock is held for milliseconds only, never during a request to AWS.
        """
        return files.hold_lock(self._lock_file(session_name, "state"), deadline, self._runtime)

    def lock_sign_in(self, session_name: str, deadline: Deadline) -> AbstractContextManager[object]:
        """Return the lock to hold while a user signs in, so that only one sign-in runs."""
        return files.hold_lock(self._lock_file(session_name, "login"), deadline, self._runtime)

    def _facts_file(self, session_name: str) -> Path:
        return self._state / "sign-ins" / f"{files.session_file_name(session_name)}.json"

    def _session_file(self, session_name: str) -> Path:
        return self._state / "signed-in" / f"{files.session_file_name(session_name)}.json"

    def _lock_file(self, session_name: str, what: str) -> Path:
        return self._runtime / "locks" / files.session_file_name(session_name) / f"{what}.lock"
