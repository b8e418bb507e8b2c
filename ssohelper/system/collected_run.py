"""Runs programs without a terminal, collects their output, and ends them with their children.

A program gets a process session of its own. Children in another one (a daemon) are not ended.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import IO, NamedTuple

from ssohelper.fastpath import own_process

MOST_BYTES = 64 * 1024
# The time between SIGTERM and SIGKILL.
GRACE_SECONDS = 3.0
_CHECK_SECONDS = 0.05
# A child that left the process group may keep the pipe open after the program has ended.
_OUTPUT_SECONDS = 1.0
# This shell reads the program's process id, then a second line. If our process is killed, no second
# line comes, and the shell kills the program's group.
_WATCH = 'read -r pid && { read -r line || kill -s KILL -- "-$pid"; }'


class CollectedRun:
    """A running program. `left_out` is how many bytes at the start of its output were dropped."""

    def __init__(
        self,
        argv: Sequence[str],
        environ: Mapping[str, str],
        take_output: Callable[[bool, bytes], object] | None = None,
    ) -> None:
        """Start the program. Without `take_output`, its two streams are kept as one. Raises: OSError.

        `take_output` gets each part of a stream, b"" at its end, and whether the stream is stderr.
        """
        self.left_out = 0
        self._kept = bytearray()
        # The watcher starts first: after the program's start, only one short write is needed.
        self._watcher = _start_watcher()
        try:
            stderr = subprocess.PIPE if take_output else subprocess.STDOUT
            self._process = _start_program(argv, environ, stderr=stderr)
        except BaseException:
            # A watcher that has got no process id kills nothing.
            if self._watcher is not None:
                self._watcher.communicate()
            raise
        self._write_line_to_watcher(f"{self._process.pid}\n".encode())
        self._readers = []
        for pipe in filter(None, (self._process.stdout, self._process.stderr)):
            take = partial(take_output, pipe is self._process.stderr) if take_output else self._keep
            self._readers.append(threading.Thread(target=_read_all, args=(pipe, take), daemon=True))
            self._readers[-1].start()

    @property
    def output(self) -> bytes:
        return bytes(self._kept)

    def wait(self, is_stopped: Callable[[], bool], report_output: Callable[[], None]) -> int:
        """Wait until the program ends, end its remaining children, and return its exit code.

        Once `is_stopped` is true, it and its children get SIGTERM, and SIGKILL three seconds later.
        """
        stopped_at: float | None = None
        seen, pause = 0, 0.001
        while not self._has_program_ended():
            if is_stopped():
                if stopped_at is None:
                    stopped_at = time.monotonic()
                    _signal_group(self._process, "SIGTERM")
                elif time.monotonic() - stopped_at > GRACE_SECONDS:
                    _signal_group(self._process, "SIGKILL")
            if self._join_readers(_CHECK_SECONDS):
                # Most programs end as soon as their streams are closed.
                time.sleep(pause)
                pause = min(2 * pause, _CHECK_SECONDS)
            size = self.left_out + len(self._kept)
            if size != seen:
                seen = size
                report_output()
        # The program is reaped only below: until then no other process can get its process id.
        _signal_group(self._process, "SIGTERM")
        self._join_readers(_OUTPUT_SECONDS)
        _signal_group(self._process, "SIGKILL")
        self._join_readers(_OUTPUT_SECONDS)
        self._write_line_to_watcher(b"\n")
        if self._watcher is not None:
            self._watcher.communicate()
        code = self._process.wait()
        return 128 - code if code < 0 else code

    def _write_line_to_watcher(self, line: bytes) -> None:
        if self._watcher is not None and self._watcher.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._watcher.stdin.write(line)
                self._watcher.stdin.flush()

    def _has_program_ended(self) -> bool:
        if sys.platform != "win32" and hasattr(os, "waitid"):
            # WNOWAIT does not reap the program, so that no other process gets its id.
            options = os.WEXITED | os.WNOWAIT | os.WNOHANG
            return os.waitid(os.P_PID, self._process.pid, options) is not None
        return self._process.poll() is not None

    def _join_readers(self, seconds: float) -> bool:
        """Return whether the streams are at their ends. Waits for that for this time at most."""
        for reader in self._readers:
            reader.join(seconds / len(self._readers))
        return not any(reader.is_alive() for reader in self._readers)

    def _keep(self, part: bytes) -> None:
        self._kept += part
        extra = len(self._kept) - MOST_BYTES
        if extra > 0:
            self.left_out += extra
            del self._kept[:extra]


def _read_all(pipe: IO[bytes], take: Callable[[bytes], object]) -> None:
    with pipe, contextlib.suppress(OSError, ValueError):
        while part := os.read(pipe.fileno(), 1 << 16):
            take(part)
    take(b"")


def _start_program(
    argv: Sequence[str],
    environ: Mapping[str, str],
    *,
    stdin: int = subprocess.DEVNULL,
    stderr: int = subprocess.PIPE,
) -> "subprocess.Popen[bytes]":
    with own_process.use_original_core_limit():
        return subprocess.Popen(
            list(argv),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
            env=dict(environ),
        )


def _start_watcher() -> "subprocess.Popen[bytes] | None":
    if sys.platform == "win32":
        return None
    # The watcher inherits neither credentials nor a terminal.
    return subprocess.Popen(
        ["/bin/sh", "-c", _WATCH],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={},
    )


class EndedProgram(NamedTuple):
    """How a program ended. `code` is None if it did not end in time, or did not start (`reason`)."""

    code: int | None
    stdout: bytes = b""
    stderr: bytes = b""
    reason: str = ""


def run_with_time_limit(
    argv: Sequence[str],
    environ: Mapping[str, str],
    seconds: float,
    stdin_bytes: bytes | None = None,
) -> EndedProgram:
    """Run the program in a process group of its own; kill the group after `seconds` seconds."""
    try:
        stdin = subprocess.DEVNULL if stdin_bytes is None else subprocess.PIPE
        started = _start_program(argv, environ, stdin=stdin)
    except (OSError, ValueError) as error:
        return EndedProgram(None, reason=str(getattr(error, "strerror", None) or error).lower())
    try:
        stdout, stderr = started.communicate(stdin_bytes, timeout=seconds)
        return EndedProgram(started.returncode, stdout, stderr)
    except subprocess.TimeoutExpired:
        return EndedProgram(None)
    finally:
        # A reaped program's group is not killed: another group could have the same id.
        if started.returncode is None:
            _signal_group(started, "SIGKILL")
            with contextlib.suppress(subprocess.TimeoutExpired):
                started.communicate(timeout=_OUTPUT_SECONDS)
        for stream in (started.stdin, started.stdout, started.stderr):
            if stream is not None:
                stream.close()


def _signal_group(started: "subprocess.Popen[bytes]", name: str) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            started.kill()
        else:
            os.killpg(started.pid, getattr(signal, name))
