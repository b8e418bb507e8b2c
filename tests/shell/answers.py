"""Answers TAB within the test's own process, by the same code with the same arguments.

For tests that press TAB hundreds of times: the real program takes 80 ms of processor time for each,
this takes 10 ms. The shells find a launcher that hands its arguments over and prints the answer.
"""

import contextlib
import os
from unittest import mock

from ssohelper.completion import entry
from tests.conftest import Home

_LAUNCHER = """#!/bin/sh
printf '%s\\0' "$#" "$@" >{folder}/request
read -r code <{folder}/done
cat {folder}/answer
exit "$code"
"""


class Answers:
    """The launcher first on the PATH of `home`; requests wait until `give` is called."""

    def __init__(self, home: Home) -> None:
        self._folder = home.path / "answers"
        self._folder.mkdir()
        launcher = self._folder / "ssohelper-credentials"
        launcher.write_text(_LAUNCHER.format(folder=self._folder))
        launcher.chmod(0o755)
        home.env["PATH"] = f"{self._folder}:{home.env['PATH']}"
        pipes = self._folder / "request", self._folder / "done"
        for path in pipes:
            os.mkfifo(path)
        # For both ends, so that no open blocks and the pipe never ends.
        self._request, self._done = (os.open(path, os.O_RDWR | os.O_NONBLOCK) for path in pipes)
        self._read = b""
        self.given = 0

    def give(self) -> None:
        """Answer the request that has arrived, if one has."""
        with contextlib.suppress(BlockingIOError):
            self._read += os.read(self._request, 1 << 16)
        number, _, rest = self._read.partition(b"\0")
        if not rest or rest.count(b"\0") < int(number):
            return
        self._read = b""
        argv = [os.fsdecode(argument) for argument in rest.split(b"\0")[:-1]]
        assert argv[0] == "completion"
        printed = self._folder / "answer"
        printed.write_bytes(b"")  # nothing is printed after an error
        write = printed.write_bytes
        with mock.patch.object(entry, "write_to_stdout", lambda text: write(text) >= 0):
            code = entry.answer_completion_request(argv[1:])
        os.write(self._done, f"{code}\n".encode())
        self.given += 1

    def close(self) -> None:
        os.close(self._request)
        os.close(self._done)
