"""Runs the watcher of tests/leak_watch.py during a whole test run, once for all its workers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# `-p no:leak-check` leaves it out.
PLUGIN_NAME = "leak-check"
_END_SECONDS = 60


class LeakCheck:
    """A pytest plugin: the run fails if one of its processes showed a secret, or does not end.

    A process shows a secret in its argv, or in its environment by mistake.
    """

    def __init__(self, *canary: str) -> None:
        """`canary` is a pattern that the secrets match, of the emulator's by default."""
        self._canary = canary
        self._watch: subprocess.Popen[str] | None = None
        self._problem = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        if session.config.option.collectonly or not Path("/proc/self/environ").exists():
            return
        # pytest-xdist reads the folder in the same way: that of each worker is inside.
        folder = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        argv = [sys.executable, "-m", "tests.leak_watch", str(os.getpid()), str(folder)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        root = Path(__file__).parent.parent
        self._watch = subprocess.Popen([*argv, *self._canary], cwd=root, **pipes)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._watch is None:
            return
        output, _ = self._watch.communicate(timeout=_END_SECONDS)
        self._problem = _describe_problem(output)
        if self._problem:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._problem:
            title = "processes that showed a secret of the emulator, or did not end"
            terminalreporter.section(title, red=True)
            terminalreporter.line(self._problem)


def _describe_problem(output: str) -> str:
    """Return what is wrong by the watcher's output; "" if it watched and found no secret."""
    try:
        told = json.loads(output)
    except ValueError:
        return "the watcher of process lists failed"
    if not told["ticks"]:
        return "the watcher of process lists never looked"
    return "\n".join(" ".join(finding) for finding in told["findings"])
