"""stdin, stdout and stderr of a command: closed, full, without a reader, or without a buffer."""

from __future__ import annotations

import io
import os
import select
import sys
from typing import Any

from ssohelper.errors import LocalState


def write_stdout(data: bytes) -> None:
    """Write all of the bytes to stdout, for a shell that evaluates them.

    Raises: LocalState when stdout cannot be written or is closed.
    """
    try:
        while data:
            data = data[os.write(1, data) :]
    except BrokenPipeError:
        raise
    except OSError as cause:
        raise _unwritable_stdout_error(cause) from cause


def find_stdout_error() -> LocalState | None:
    """Return why stdout cannot be written, after which all output is dropped; else return None."""
    # What could not be written is still in the buffer, so that a flush fails too; but a large write
    # that failed leaves nothing in the buffer.
    try:
        flush_stdout()
    except BrokenPipeError:
        return None
    except LocalState as error:
        return error
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(raw, _StdoutFile) and raw.error is not None:
        _drop_output()
        return _unwritable_stdout_error(raw.error)
    return None


def drop_output_without_reader() -> bool:
    """Return whether nothing reads stdout any more (`| head -1`); if so, drop all further output.

    A flush would not raise an error, because the buffer is empty after a failed large write.
    """
    if hasattr(select, "poll"):  # Windows has no `select.poll`
        poll = select.poll()
        poll.register(1, 0)
        if not poll.poll(0):
            return False
    _drop_output()
    return True


def replace_closed_streams() -> None:
    """Open /dev/null for a closed stdin or stderr, so that using them raises no error.

    A closed stdout stays closed: writing data to it is an error, since the data would be lost.
    """
    for number, name in ((0, "stdin"), (2, "stderr")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)
            setattr(sys, name, os.fdopen(descriptor, "r" if number == 0 else "w"))
    if sys.stdout is None:
        _replace_stdout("utf-8", "strict")
    elif isinstance(sys.stdout, io.TextIOWrapper):
        encoding, errors = sys.stdout.encoding, sys.stdout.errors
        if _is_file_or_pipe(sys.stdout):
            _replace_stdout(encoding, errors)
        elif sys.stdout.write_through:  # PYTHONUNBUFFERED is set for a terminal
            sys.stdout = os.fdopen(1, "w", encoding=encoding, errors=errors, closefd=False)


class _StdoutFile(io.FileIO):
    """The file of descriptor 1. `error` is why the last write has failed; None if it has not."""

    error: OSError | None = None

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as cause:
            self.error = cause
            raise


def _replace_stdout(encoding: str, errors: str | None) -> None:
    """Let stdout keep the error of a write, and have a buffer also if PYTHONUNBUFFERED is set.

    Without a buffer, data that could not be written would be lost, and `flush` would not fail.
    """
    raw = _StdoutFile(1, "w", closefd=False)
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, errors=errors)


def _is_file_or_pipe(stream: io.TextIOWrapper) -> bool:
    """Return whether the stream writes to descriptor 1, and that is not a terminal."""
    try:
        return stream.fileno() == 1 and not stream.isatty()
    except (OSError, ValueError):  # a test's stream that is no file
        return False


def flush_stdout() -> None:
    """Write stdout's buffer now, so that a full disk is an error with an exit code."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        raise
    except OSError as cause:
        _drop_output()
        raise _unwritable_stdout_error(cause) from cause


def _drop_output() -> None:
    """Send all further output to /dev/null: Python flushes stdout on exit and would report an error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _unwritable_stdout_error(cause: OSError) -> LocalState:
    return LocalState(f"stdout cannot be written: {cause.strerror}")
