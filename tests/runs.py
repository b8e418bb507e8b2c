"""Runs the program as subprocess.run does, in a fork of a process that has imported it."""

import contextlib
import io
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests import fork_server

_SERVER = Path(__file__).with_name("fork_server.py")
_WORDS_SPACE, _VARIABLES_SPACE = 8 << 10, 32 << 10


class Runs:
    """Starts the server at the first run, and lets it carry out each run; runs may overlap."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def run(
        self, argv, environ: dict[str, str], cwd: Path, text, seconds: float, *, own_session=False
    ) -> "subprocess.CompletedProcess[str]":
        """Return the exit code and the output of the program with these arguments.

        With `own_session` it has no terminal.
        """
        if not fork_server.can_be_forked(environ):
            more = {"capture_output": True, "text": True, "timeout": seconds, "cwd": cwd}
            more |= {"stdin": subprocess.DEVNULL} if text is None else {"input": text}
            return subprocess.run(argv, env=environ, start_new_session=own_session, **more)
        request = {"argv": argv, "environ": environ, "cwd": str(cwd), "own_session": own_session}
        server = self._server()
        pipes = [os.pipe2(os.O_CLOEXEC) for _ in range(3)]
        outputs, given = ([pipe[end] for pipe in pipes] for end in (0, 1))
        stdin = os.pipe2(os.O_CLOEXEC) if text is not None else None
        given.insert(0, stdin[0] if stdin else os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        socket.send_fds(server, [json.dumps(request).encode()], given)
        for descriptor in given:
            os.close(descriptor)
        read = _exchange(stdin and stdin[1], (text or "").encode(), outputs, argv, seconds)
        code = os.waitstatus_to_exitcode(int(read[2].split()[1]))
        texts = (io.TextIOWrapper(io.BytesIO(data), encoding="utf-8").read() for data in read[:2])
        return subprocess.CompletedProcess(argv, code, *texts)

    @property
    def server_id(self) -> int | None:
        """Return the process id of the server, or None before the first run."""
        return self._process.pid if self._process else None

    def _server(self) -> socket.socket:
        with self._lock:
            return self._socket or self._start()

    def _start(self) -> socket.socket:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (self._socket, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        with theirs:
            number = theirs.fileno()
            argv = [sys.executable, str(_SERVER), str(number), "x" * _WORDS_SPACE]
            own = {"HOME": fork_server.HOME, "PADDING": "x" * _VARIABLES_SPACE}
            streams = dict.fromkeys(("stdin", "stdout"), subprocess.DEVNULL)
            env = {**fork_server.STARTED_WITH, **own}
            self._process = subprocess.Popen(argv, env=env, pass_fds=[number], **streams)
        return self._socket

    def close(self) -> None:
        """End the server."""
        if self._socket is not None and self._process is not None:
            self._socket.close()
            self._process.wait(timeout=60)
            self._socket = self._process = None


def _exchange(
    stdin: int | None, text: bytes, outputs: list[int], argv: list[str], seconds: float
) -> list[bytes]:
    """Write the text, and read each output to its end."""
    read = dict.fromkeys(outputs, b"")
    ends_at = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as at_end:
        for descriptor in outputs:
            selector.register(descriptor, selectors.EVENT_READ)
            at_end.callback(os.close, descriptor)
        if stdin is not None:
            os.set_blocking(stdin, False)
            selector.register(stdin, selectors.EVENT_WRITE)
        while selector.get_map():
            ready = selector.select(ends_at - time.monotonic())
            if not ready and time.monotonic() > ends_at:
                os.kill(int(read[outputs[2]].split()[0]), signal.SIGKILL)
                raise subprocess.TimeoutExpired(argv, seconds)
            for key, _events in ready:
                descriptor = key.fd
                if descriptor != stdin:
                    some = os.read(descriptor, 1 << 16)
                    read[descriptor] += some
                    is_over = not some
                else:
                    try:
                        text = text[os.write(stdin, text) :] if text else text
                        is_over = not text
                    except BrokenPipeError:  # the program reads its input no longer
                        is_over = True
                if is_over:
                    selector.unregister(descriptor)
                    if descriptor == stdin:
                        os.close(stdin)
    return [read[descriptor] for descriptor in outputs]


# Of this pytest worker. The session fixture `no_process_is_left` ends its server.
RUNS = Runs()
