"""Renews a session's token in a detached process, which reports the outcome on a pipe."""

import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping

from ssohelper.broker import wording
from ssohelper.broker.state import renewal_unanswered_error
from ssohelper.core.deadline import Deadline
from ssohelper.errors import LocalState, SsoHelperError
from ssohelper.fastpath import RENEWAL_PROCESS, spawn

_LONGEST_REPORT_BYTES = 65536


class Renewals:
    """Starts token renewals and waits for them. A renewal continues if the waiting process ends."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def renew_token(
        self,
        session_name: str,
        seen_id: str,
        deadline: Deadline,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> SsoHelperError | None:
        """Renew the token, unless its id is no longer `seen_id`; return the error, if any.

        `meanwhile` is called while the renewal process starts.
        """
        try:
            reader = self._start_renewal_process([RENEWAL_PROCESS, session_name, seen_id])
        except OSError as cause:
            return LocalState(
                "the process that renews the sign-in cannot be started: "
                f"{(cause.strerror or '').lower()}"
            )
        try:
            meanwhile()
        except BaseException:
            os.close(reader)
            raise
        return _OutcomePipe(reader, session_name).wait(deadline)

    def _start_renewal_process(self, argv: list[str]) -> int:
        if sys.platform == "win32":
            flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
            child = subprocess.Popen(
                [sys.executable, "-m", "ssohelper", *argv],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                creationflags=flags,
                env=spawn.detached_environment(self._environ),
                cwd=os.sep,
            )
            child.returncode = 0  # avoids Python's warning about a child that still runs
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


class _OutcomePipe:
    """The pipe to which a renewal process writes its outcome (success or an error)."""

    def __init__(self, reader: int, session_name: str) -> None:
        self._reader = reader
        self._session_name = session_name
        self._data = b""

    def wait(self, deadline: Deadline) -> SsoHelperError | None:
        """Wait for the renewal process; return the error it reported, None for success."""
        is_whole = self._wait_on_windows if sys.platform == "win32" else self._wait_for_end
        if is_whole(deadline):
            return wording.decode_renewal_outcome(self._data)
        return renewal_unanswered_error(self._session_name)

    def _wait_for_end(self, deadline: Deadline) -> bool:
        if sys.platform == "win32":
            return self._wait_on_windows(deadline)
        try:
            # poll, because select fails for descriptors above 1,023, and a broker may have more
            # callers than that.
            poll = select.poll()
            poll.register(self._reader, select.POLLIN)
            while poll.poll(deadline.seconds_left() * 1000):
                piece = os.read(self._reader, _LONGEST_REPORT_BYTES)
                if not piece:
                    return True
                self._data += piece
            return False
        finally:
            os.close(self._reader)

    def _wait_on_windows(self, deadline: Deadline) -> bool:
        # A thread reads the pipe, because on Windows select accepts only sockets.
        thread = threading.Thread(target=self._read_pipe_to_end, daemon=True)
        thread.start()
        thread.join(deadline.seconds_left())
        return not thread.is_alive()

    def _read_pipe_to_end(self) -> None:
        while piece := os.read(self._reader, _LONGEST_REPORT_BYTES):
            self._data += piece
        os.close(self._reader)
