"""Runs a program that may hang; after a time limit, ends the program with its children."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ssohelper.fastpath import own_process

# How long to wait for the output of a killed program: a process that has left its process group may
# keep the pipe open.
_AFTER_KILL_SECONDS = 1.0


class EndedProgram(NamedTuple):
    """How a program ended. `code` is None if it did not end in time, or did not start.

    `stdout` may hold secrets. `reason` says why the program did not start.
    """

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
    """Run the program in a process group of its own; kill the group after `seconds` seconds.

    The program reads `stdin_bytes` from its stdin; None means an empty stdin.
    """
    try:
        with own_process.use_original_core_limit():
            started = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL if stdin_bytes is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                close_fds=True,
                env=dict(environ),
            )
    except (OSError, ValueError) as error:
        return EndedProgram(None, reason=str(getattr(error, "strerror", None) or error).lower())
    code: int | None = None
    stdout = stderr = b""
    try:
        stdout, stderr = started.communicate(stdin_bytes, timeout=seconds)
        code = started.returncode
    except subprocess.TimeoutExpired:
        pass
    finally:
        if code is None:
            _kill_process_group(started)
    return EndedProgram(code, stdout, stderr)


def _kill_process_group(started: "subprocess.Popen[bytes]") -> None:
    if sys.platform == "win32":
        started.kill()
    else:
        # If the program was reaped, its group is not killed: another group could have the same id.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(started.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        started.communicate(timeout=_AFTER_KILL_SECONDS)
    for stream in (started.stdin, started.stdout, started.stderr):
        if stream is not None:
            stream.close()
