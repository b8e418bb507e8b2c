"""stdin, stdout and stderr of a command: closed, full, or without a reader."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from click.exceptions import Exit

from ssohelper.errors import LocalState

# Nothing reads our output any more: 128 + SIGPIPE. Not 0: `profile sync --yes | head -1` may not have
# written the profiles yet.
_READER_GONE = 141


def write_stdout(data: bytes) -> None:
    """Raises: LocalState if stdout cannot be written or is closed; Exit if its reader has ended."""
    try:
        while data:
            data = data[os.write(1, data) :]
    except BrokenPipeError as cause:
        raise Exit(_READER_GONE) from cause
    except OSError as cause:
        raise LocalState(f"stdout cannot be written: {cause.strerror}") from cause


def replace_streams() -> None:
    """Write text to stdout at once, so that each error is raised where the text is printed.

    Open /dev/null for a closed stdin or stderr, so that using them raises no error. A closed stdout
    stays closed: writing data to it is an error, since the data would be lost.
    """
    for number, name in ((0, "stdin"), (2, "stderr")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)
            setattr(sys, name, os.fdopen(descriptor, "r" if number == 0 else "w"))
    before = sys.stdout
    if before is None or before is sys.__stdout__:
        sys.stdout = io.TextIOWrapper(
            _Stdout(1, "w", closefd=False),
            encoding=getattr(before, "encoding", "utf-8"),
            errors=getattr(before, "errors", None),
            write_through=True,
        )


class _Stdout(io.FileIO):
    def write(self, data: Any, /) -> int:
        write_stdout(bytes(data))
        return len(data)
