"""stdin, stdout and stderr of a command: closed, full, without a reader, or without a buffer."""

from __future__ import annotations

import io
import os
import select
import sys
from typing import Any

from ssohelper.errors import LocalState


def write_stdout(data: bytes) -> None:
    """Raises: LocalState when stdout cannot be written or is closed."""
    try:
        while data:
            data = data[os.write(1, data) :]
    except BrokenPipeError:
        raise
    except OSError as cause:
        raise _unwritable_stdout_error(cause) from cause


def find_stdout_error() -> LocalState | None:
    """Return why stdout cannot be written, if so; all further output is then dropped."""
    # A flush fails too, unless a large write failed, which leaves nothing in the buffer.
    try:
        flush_stdout()
    except BrokenPipeError:
        _drop_output()
        return None
    except LocalState as error:
        return error
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(raw, _StdoutFile) and raw.error is not None:
        _drop_output()
        return _unwritable_stdout_error(raw.error)
    return None


def drop_output_without_reader() -> bool:
    """Drop all further output if nothing reads stdout any more (`| head -1`); return whether."""
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
    # With our own file, stdout keeps the error of a write, and has a buffer also if PYTHONUNBUFFERED
    # is set: without one, data that could not be written would be lost, and a flush would not fail.
    raw = _StdoutFile(1, "w", closefd=False)
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8")
    elif isinstance(sys.stdout, io.TextIOWrapper) and _has_descriptor_1(sys.stdout):
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(raw),
            encoding=sys.stdout.encoding,
            errors=sys.stdout.errors,
            line_buffering=sys.stdout.isatty(),
        )


class _StdoutFile(io.FileIO):
    """Keeps why the last write to descriptor 1 failed."""

    error: OSError | None = None

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as cause:
            self.error = cause
            raise


def _has_descriptor_1(stream: io.TextIOWrapper) -> bool:
    try:
        return stream.fileno() == 1
    except (OSError, ValueError):  # a test's stream that is no file
        return False


def flush_stdout() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as cause:
        _drop_output()
        raise _unwritable_stdout_error(cause) from cause


def _drop_output() -> None:
    # Python flushes stdout on exit, and would report an error.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _unwritable_stdout_error(cause: OSError) -> LocalState:
    return LocalState(f"stdout cannot be written: {cause.strerror}")
