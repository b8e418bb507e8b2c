"""Runs commands in forks of a process that has imported everything: 20 ms a run in place of 150.

Reads a line of JSON for each run: argv, env, cwd, out, err; answers with a line: the exit code, the
seconds, whether it had to be killed. With `program` a real executable is run.

In a fork there is no broker: the process asks for itself, by the broker's own code. What would be
started as a detached process is forked too. Runs through the real executables have both.
"""

import contextlib
import ctypes
import gc
import io
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.fork_server import detach, run_and_end

_PR_SET_CHILD_SUBREAPER = 36
# A command ends within 20 s; on a busy machine it is still no hang.
LONGEST_SECONDS = 60.0
_BACKGROUND_SECONDS = 20.0


class Server:
    """The process whose forks run the commands. Start it before any thread of this process."""

    def __init__(self) -> None:
        mine, theirs = socket.socketpair()
        self._process = os.fork()
        if not self._process:
            try:
                mine.close()
                _serve(theirs)
            finally:
                os._exit(0)
        theirs.close()
        self._stream = mine.makefile("rw")
        mine.close()

    def run(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._stream.write(json.dumps(asked) + "\n")
        self._stream.flush()
        said: dict[str, Any] = json.loads(self._stream.readline())
        return said

    def close(self) -> None:
        self._stream.close()
        os.waitpid(self._process, 0)


def _serve(stream: socket.socket) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with stream.makefile("rw") as lines:
        for line in lines:
            lines.write(json.dumps(_run(json.loads(line))) + "\n")
            lines.flush()


def import_everything() -> None:
    """Import all that the commands do, but the full screen, which none of them shows."""
    import botocore.session

    import ssohelper

    for module in pkgutil.walk_packages(ssohelper.__path__, "ssohelper."):
        if not module.name.startswith(("ssohelper.__main__", "ssohelper.tui")):
            import_module(module.name)
    # Data of botocore's that each whoami would read again.
    botocore.session.Session().create_client("sts", region_name="us-east-1")
    # Last: from here on an interrupt is the program's.
    import_module("ssohelper.__main__")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.freeze()


def _run(asked: dict[str, Any]) -> dict[str, Any]:
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _become(asked)
    if asked["patience"] and not _ends_within(child, asked["patience"]):
        os.kill(child, signal.SIGINT)  # Ctrl-C for a command that waits for a person
    in_time = _ends_within(child, LONGEST_SECONDS)
    if not in_time:
        os.kill(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    seconds = time.monotonic() - began
    return {"code": code, "seconds": seconds, "killed": not in_time, "left": _end_descendants()}


def _ends_within(child: int, seconds: float) -> bool:
    """Return whether the child ends in this time; it is not reaped."""
    descriptor = os.pidfd_open(child)
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


def _end_descendants() -> int:
    """Wait for what runs on in the background; end brokers, which would wait for more callers."""
    ends_at, killed = time.monotonic() + _BACKGROUND_SECONDS, 0
    while True:
        try:
            pid, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return killed
        if pid:
            continue
        late = time.monotonic() > ends_at
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
        for other in map(int, children.split()):
            if late or _is_broker(other):
                killed += late
                with contextlib.suppress(ProcessLookupError):
                    os.kill(other, signal.SIGKILL)
        time.sleep(0.002)


def _is_broker(pid: int) -> bool:
    try:
        return b"broker-process" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


# -- what the forked process runs ------------------------------------------------------------------


def _become(asked: dict[str, Any]) -> None:
    try:
        os.chdir(asked["cwd"])
        for number, path in enumerate((os.devnull, asked["out"], asked["err"])):
            flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            descriptor = os.open(path, flags, 0o600)
            os.dup2(descriptor, number)
            os.close(descriptor)
        # Not /proc's numbers: the fork has no other descriptors that it needs.
        os.closerange(3, 256)
        if asked.get("program"):
            os.execve(asked["program"], [asked["program"], *asked["argv"]], asked["env"])
        _answer(asked["argv"], asked["env"])
    except Exception:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(99)  # 99 means a defect of this file


def _answer(argv: list[str], environ: dict[str, str]) -> None:
    """Be `ssohelper ARGV` until the end of this process."""
    os.environ.clear()
    os.environ.update(environ)
    from ssohelper import __main__ as program
    from ssohelper.fastpath import broker_client, spawn

    def no_broker(*_args: object, **_more: object) -> None:
        raise broker_client.Unavailable("none in a fork")

    broker_client.ask_broker = no_broker  # type: ignore[assignment]
    spawn.start_detached = _fork_detached
    sys.argv = ["/usr/bin/ssohelper", *argv]
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        raw = io.FileIO(number, "r" if number == 0 else "w", closefd=False)
        buffered = io.BufferedReader(raw) if number == 0 else io.BufferedWriter(raw)
        setattr(sys, name, io.TextIOWrapper(buffered, encoding="utf-8"))
    run_and_end(program.main)


def _fork_detached(argv: list[str], environ: dict[str, str], descriptor: int | None = None) -> None:
    if os.fork():
        return
    try:
        detach([] if descriptor is None else [descriptor])
        _answer(argv, environ)
    finally:
        os._exit(99)
