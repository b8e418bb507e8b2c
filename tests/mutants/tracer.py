"""Write down each product line that runs, in the file of the test that is running.

The recording test run starts this in itself and, by a .pth file, in each Python that a test starts.
It imports nothing of ours. Needs Python 3.12, for sys.monitoring.
"""

import os
import sys
from types import CodeType
from typing import Any

_TOOL = 4
_monitoring: Any = getattr(sys, "monitoring", None)  # absent before Python 3.12
# Taken now, since tests replace some of them.
_open, _write, _close = os.open, os.write, os.close
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND


class Tracer:
    """Notes each line once per process and test; `product` is the folder that counts."""

    def __init__(self, product: str, folder: str) -> None:
        self._product = product.rstrip("/") + "/"
        self._folder = folder
        self._target = ""

    def start(self) -> None:
        _monitoring.use_tool_id(_TOOL, "reach")
        _monitoring.register_callback(_TOOL, _monitoring.events.PY_START, self._see_function)
        _monitoring.register_callback(_TOOL, _monitoring.events.LINE, self._see_line)
        _monitoring.set_events(_TOOL, _monitoring.events.PY_START)

    def follow(self, test: str) -> None:
        """Count what runs from now on for this test, of this process and of those it starts."""
        with open(f"{self._folder}/current", "w") as file:
            file.write(test)
        self._target = f"{self._folder}/{test}.lines"
        _monitoring.restart_events()

    def join(self) -> None:
        """Count what this process runs for the test that started it."""
        if _monitoring.get_tool(_TOOL):
            return  # lib64 is lib: Python reads a .pth file once for each
        try:
            self._target = self._current_target()
        except OSError:
            return
        os.register_at_fork(after_in_child=self._join_again)
        self.start()

    def _join_again(self) -> None:
        """In a fork: tests/fork_server.py forks for one test after another."""
        try:
            target = self._current_target()
        except OSError:
            return
        if self._target != target:
            self._target = target
            _monitoring.restart_events()

    def _current_target(self) -> str:
        with open(f"{self._folder}/current") as file:
            return f"{self._folder}/{file.read()}.lines"

    def _see_function(self, code: CodeType, offset: int) -> object:
        if code.co_filename.startswith(self._product):
            _monitoring.set_local_events(_TOOL, code, _monitoring.events.LINE)
        return _monitoring.DISABLE

    def _see_line(self, code: CodeType, line: int) -> object:
        # Opened each time: a program closes descriptors that it does not know.
        try:
            file = _open(self._target, _APPEND, 0o666)
            _write(file, f"{code.co_filename[len(self._product) :]}:{line}\n".encode())
            _close(file)
        except OSError:
            pass  # another user's process, or one without descriptors
        return _monitoring.DISABLE
