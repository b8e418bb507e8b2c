"""Renews a session's token in a detached process, which reports the outcome on a pipe."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping

from ssohelper.broker import wording
from ssohelper.broker.core import renewal_unanswered_error
from ssohelper.core.deadline import Deadline
from ssohelper.errors import LocalState, SsoHelperError, no_more_threads_error
from ssohelper.fastpath import RENEWAL_PROCESS, spawn

_LONGEST_REPORT_BYTES = 65536


class Renewals:
    """Runs token renewals. A renewal goes on even if the process that waits for it ends."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def renew_token(
        self,
        session_name: str,
        seen_id: str,
        deadline: Deadline,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> SsoHelperError | None:
        """Return the renewal's error, if any. Calls `meanwhile` while the process starts."""
        try:
            reader = self._start_process([RENEWAL_PROCESS, session_name, seen_id])
        except OSError as cause:
            return LocalState(
                "the process that renews the sign-in cannot be started: "
                f"{(cause.strerror or '').lower()}"
            )
        pieces: list[bytes] = []

        def read_to_end() -> None:
            while piece := os.read(reader, _LONGEST_REPORT_BYTES):
                pieces.append(piece)
            os.close(reader)

        # A thread reads the pipe: on Windows there is no other way to wait with a time limit.
        thread = threading.Thread(target=read_to_end, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            os.close(reader)
            return no_more_threads_error()
        meanwhile()
        thread.join(deadline.seconds_left())
        if thread.is_alive():
            return renewal_unanswered_error(session_name)
        return wording.decode_renewal_outcome(b"".join(pieces))

    def _start_process(self, argv: list[str]) -> int:
        if sys.platform == "win32":
            environ = spawn.detached_environment(self._environ)
            child = spawn.start_on_windows(argv, environ, subprocess.PIPE)
            assert child.stdout is not None
            return os.dup(child.stdout.fileno())
        reader, writer = os.pipe()
        try:
            spawn.start_detached(argv, self._environ, writer)
        except OSError:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        return reader
