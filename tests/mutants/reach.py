"""Which test reaches which line: recorded once, so that a change runs only tests that can notice it."""

import ast
import json
import shutil
import time
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.mutants.tracer import Tracer

# Suites with their own make target, and those that start browsers or other vendors' tools.
_LEFT_OUT = (
    "bench", "clients", "emulator", "fuzz", "long_jobs", "mutants", "recipes",
    "simulator", "torture", "two_users", "test_bootstrap.py", "test_fuzz.py", "test_help.py",
    "test_leak_watch.py", "test_mutants.py", "test_torture.py",
)  # fmt: skip
BUDGET_SECONDS = 12.0
FIRST_SECONDS = 3.0
MOST_TESTS = 300


class RecordedTest(NamedTuple):
    """One test: how long it takes, and which lines of which modules it reaches."""

    id: str
    seconds: float
    lines: dict[str, list[int]]

    @property
    def file(self) -> str:
        return self.id.partition("::")[0]


class Recorder:
    """A pytest plugin that writes each test's lines and duration into a folder."""

    def __init__(self, product: Path, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        folder.chmod(0o777)  # tests start processes of another user
        self._folder = folder
        self._count = 0
        self._failed: set[str] = set()
        self._tracer = Tracer(str(product), str(folder))
        self._tracer.follow("collection")
        self._tracer.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self._count += 1
        self._tracer.follow(str(self._count))
        started = time.monotonic()
        result = yield
        seconds = time.monotonic() - started
        record = {"id": item.nodeid, "number": self._count, "seconds": round(seconds, 3)}
        record["passed"] = item.nodeid not in self._failed
        with open(self._folder / "tests.jsonl", "a") as file:
            file.write(json.dumps(record) + "\n")
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self._failed.add(report.nodeid)


def recorded_files(root: Path) -> list[str]:
    """Return the test files that a change may run."""
    names = (path.relative_to(root) for path in sorted((root / "tests").rglob("test_*.py")))
    return [name.as_posix() for name in names if not set(name.parts) & set(_LEFT_OUT)]


def recorded_tests(folder: Path) -> list[RecordedTest]:
    """Return the tests that passed while they were recorded; a skipped test notices nothing."""
    tests = []
    for text in (folder / "tests.jsonl").read_text().splitlines():
        record = json.loads(text)
        lines: dict[str, set[int]] = {}
        path = folder / f"{record['number']}.lines"
        for entry in path.read_text().splitlines() if path.exists() else ():
            module, _, number = entry.rpartition(":")
            lines.setdefault(f"ssohelper/{module}", set()).add(int(number))
        if record["passed"]:
            listed = {module: sorted(numbers) for module, numbers in lines.items()}
            tests.append(RecordedTest(record["id"], record["seconds"], listed))
    return tests


def chosen_tests(
    tests: Iterable[RecordedTest], module: str, source: str, line: int, budget=BUDGET_SECONDS
) -> list[RecordedTest]:
    """Return the tests to run for a change of this line, those that should notice it first.

    A test that spends most of its lines in this module is likelier to notice than one that passes
    through; a fast one is asked before a slow one.
    """
    wanted = _lines_to_reach(source, line)
    stem = Path(module).stem

    def score(test: RecordedTest) -> float:
        share = len(test.lines[module]) / sum(map(len, test.lines.values()))
        is_own = stem in Path(test.file).stem
        return (share + 0.5 * is_own) / (0.1 + test.seconds)

    reaching = [test for test in tests if wanted & set(test.lines.get(module, ()))]
    chosen: list[RecordedTest] = []
    for test in sorted(reaching, key=score, reverse=True)[:MOST_TESTS]:
        if not chosen or sum(one.seconds for one in chosen) + test.seconds <= budget:
            chosen.append(test)
    return chosen


def rounds_of(chosen: list[RecordedTest]) -> list[list[RecordedTest]]:
    """Return the chosen tests in up to three rounds, of which each runs if none before it noticed.

    The first is a few seconds of the likeliest file: it notices most changes. Then come as many
    seconds of other files, which take long to collect, then what is left.
    """
    own, others, later = [], [], []
    for test in chosen:
        near = own if test.file == chosen[0].file else others
        fits = not near or sum(one.seconds for one in near) + test.seconds <= FIRST_SECONDS
        (near if fits else later).append(test)
    return [_by_file(some) for some in (own, others, later) if some]


def _by_file(tests: list[RecordedTest]) -> list[RecordedTest]:
    files = list(dict.fromkeys(test.file for test in tests))
    return sorted(tests, key=lambda test: files.index(test.file))


def _lines_to_reach(source: str, line: int) -> set[int]:
    """Return the lines of the statement at `line`; outside functions, those of all functions.

    A constant of the module runs when it is imported, which says nothing about who reads it.
    """
    tree = ast.parse(source)
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    around = [node for node in functions if node.body[0].lineno <= line <= (node.end_lineno or 0)]
    if around:
        return _statement_lines(around[-1].body, line)
    headed = [node for node in functions if node.lineno <= line < node.body[0].lineno]
    return {
        number
        for node in headed or functions
        for number in range(node.body[0].lineno, (node.end_lineno or 0) + 1)
    } or set(range(1, source.count("\n") + 2))


def _statement_lines(body: list[ast.stmt], line: int) -> set[int]:
    """Return the lines of the innermost statement at `line`; of a compound one, its head."""
    best = set(range(body[0].lineno, (body[-1].end_lineno or 0) + 1))
    for outer in body:
        for node in ast.walk(outer):
            if isinstance(node, ast.stmt):
                inner = (one for one in ast.walk(node) if isinstance(one, ast.stmt))
                first = min((one.lineno for one in inner if one is not node), default=None)
                last = first - 1 if first else node.end_lineno or node.lineno
                lines = set(range(node.lineno, max(last, node.lineno) + 1))
                if line in lines and len(lines) <= len(best):
                    best = lines
    return best
