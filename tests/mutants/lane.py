"""One lane: a process in a clone that changes a module, forks, and runs tests in the fork.

pytest and the product's dependencies are imported once, here; the product itself in each fork.
Reads one JSON order a line from stdin and answers each with one line on stdout.
"""

import contextlib
import gc
import importlib
import json
import os
import py_compile
import select
import shutil
import signal
import site
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

import pytest

from tests import few_cases
from tests.leak_check import PLUGIN_NAME
from tests.mutants.reach import Recorder, recorded_files, recorded_tests
from tests.mutants.verdicts import PACKAGES
from tests.processes import end_detached_processes

_IMPORTED = (
    "botocore.session", "boto3", "click", "hypothesis", "platformdirs", "rich.console",
    "rich.progress", "rich.table", "segno", "textual.app", "tomlkit", "urllib3", "http.server",
    "asyncio", "freezegun", "pexpect", "pyte",
)  # fmt: skip
_CHANGED = tuple(f"ssohelper.{package}" for package in PACKAGES)
# Without the watcher of process lists, which takes 0.2 s in each run.
_PLUGINS = (*("-p", "_hypothesis_pytestplugin", "-p", "pytest_timeout", "-p", f"no:{PLUGIN_NAME}"),)
_TRACED_BY = "ssohelper-reach.pth"


def main() -> int:
    for name in _IMPORTED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    # The emulator imports nothing of ours, and none of its lines is changed.
    importlib.import_module("ssohelper.emulator.server")
    assert not any(name.startswith(_CHANGED) for name in sys.modules)
    # What is imported by now stays: pytest collects garbage five times a run, at 0.1 s each.
    gc.freeze()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for line in sys.stdin:
        order = json.loads(line)
        answer = record(order) if order["do"] == "record" else judge(order)
        print(json.dumps(answer), flush=True)
    return 0


def record(order: dict[str, Any]) -> dict[str, Any]:
    """Run test files once with each line that they reach written down."""
    folder = Path(".cache/reach").resolve()
    traced_by = Path(site.getsitepackages()[0], _TRACED_BY)
    tracer = Path(__file__).with_name("tracer.py")
    traced_by.write_text(
        f'import os; ns = {{"__name__": "tracer"}}; exec(open("{tracer}").read(), ns); '
        f'ns["Tracer"]("{Path("ssohelper").resolve()}", "{folder}").join()\n'
    )
    try:
        files = order["files"] or recorded_files(Path.cwd())
        run(files, 7200, ["-m", "not browser and not network_client and not long"], folder)
    finally:
        traced_by.unlink()
    return {"tests": recorded_tests(folder)}


def judge(order: dict[str, Any]) -> dict[str, Any]:
    """Run tests with this source in place of the module's own, and put the own one back."""
    path = Path(order["module"])
    before = path.read_bytes()
    started = time.monotonic()
    try:
        path.write_text(order["source"])
        # Compiled now: two changes of one size within a second look alike to the import system.
        py_compile.compile(str(path), doraise=True)
        outcome = "survived"
        for tests, limit in order["rounds"]:
            if outcome == "survived":
                outcome = run(tests, limit, ["-x"])
    finally:
        path.write_bytes(before)
        py_compile.compile(str(path), doraise=True)
    return {"outcome": outcome, "seconds": round(time.monotonic() - started, 1)}


def run(tests: list[str], limit: float, options: list[str], folder: Path | None = None) -> str:
    """Run tests in a fork, within `limit` seconds: survived, timeout, or the first that failed."""
    base = Path(tempfile.mkdtemp(prefix="mutant-"))
    child = os.fork()
    if not child:
        os.setsid()
        run_in_fork(tests, ["--basetemp", str(base / "t"), *options], folder)
    has_ended = wait_for_end(child, limit)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not has_ended:
        end_detached_processes(base)  # a run that ends does so itself
    shutil.rmtree(base, ignore_errors=True)
    if not has_ended:
        return "timeout"
    return "survived" if os.waitstatus_to_exitcode(status) == 0 else first_failure()


def wait_for_end(process: int, seconds: float) -> bool:
    """Return whether the process ends within this time. It stays a zombie until it is waited for.

    Time in which it waits for a processor does not count: the machine may be busy.
    """
    descriptor = os.pidfd_open(process)
    started = time.monotonic()
    try:
        while (left := started + seconds + _starved_seconds(process) - time.monotonic()) > 0:
            if select.select([descriptor], [], [], left)[0]:
                return True
        return False
    finally:
        os.close(descriptor)


def _starved_seconds(process: int) -> float:
    """Return how long the process's main thread was ready to run while other threads ran."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[1]) / 1e9


def run_in_fork(tests: list[str], options: list[str], folder: Path | None) -> None:
    with open(".cache/last-run.txt", "w") as log, open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    code = 1
    try:
        plugins: list[object] = []
        if folder:
            plugins += [Recorder(Path("ssohelper").resolve(), folder), few_cases]
        code = int(pytest.main(["-q", "-rf", *_PLUGINS, *options, *tests], plugins))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def first_failure() -> str:
    """Return the line of the last run that says why it ended."""
    text = Path(".cache/last-run.txt").read_text(errors="replace")
    lines = [line for line in text.splitlines() if line.strip()]
    said = [line for line in lines if line.startswith(("FAILED ", "ERROR", "E  "))]
    failed = [line for line in said if line.startswith("FAILED ")]
    return (failed or said or lines or ["ended without a word"])[0][:300]


if __name__ == "__main__":
    sys.exit(main())
