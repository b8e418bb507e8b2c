"""The lanes as the main process sees them: clones, their processes, and what their tests reach."""

import json
import os
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any

from tests.mutants.reach import RecordedTest, recorded_files, rounds_of


class Lane:
    """A clone of HEAD below .cache/mutants, and the process of `tests.mutants.lane` in it."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.folder = folder
        if not folder.exists():
            subprocess.run(["git", "clone", "-q", str(root), str(folder)], check=True)
            (folder / ".cache").mkdir()
            # The packages that the checkout's own environment was made of need no download.
            (folder / ".cache" / "uv").symlink_to(root / ".cache" / "uv")
        head = _git(root, "rev-parse", "HEAD")
        for argv in (
            ["git", "fetch", "-q", "origin", head],
            ["git", "reset", "-q", "--hard", head],
            ["make", "-s", "dev-env"],
            [".venv/bin/python", "-m", "compileall", "-q", "-f", "ssohelper"],
        ):
            subprocess.run(argv, cwd=folder, check=True)
        argv, env = (
            [".venv/bin/python", "-m", "tests.mutants.lane"],
            {**os.environ, "PYTHONPATH": ""},
        )
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(argv, cwd=folder, env=env, **pipes)

    def run(self, module: str, source: str, tests: list[RecordedTest]) -> tuple[str, float]:
        """Return the outcome of these tests with this source in place, and the seconds it took."""
        rounds = [
            ([test.id for test in some], 20 + 5 * sum(test.seconds for test in some))
            for some in rounds_of(tests)
        ]
        order = {"do": "judge", "module": module, "source": source, "rounds": rounds}
        answer = self.order(order)
        return answer["outcome"], answer["seconds"]

    def order(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


def recorded_reach(lanes: list[Lane], folder: Path) -> list[RecordedTest]:
    """Return what each test reaches: recorded again for test files that changed since the last time.

    All of them when the product changed: its lines have moved. Each lane records its share.
    """
    lane = lanes[0]
    path = folder / "reach.json"
    known = json.loads(path.read_text()) if path.exists() else {"tree": "", "tests": {}}
    tree = _git(lane.folder, "rev-parse", "HEAD:ssohelper")
    tests = known["tests"] if known["tree"] == tree else {}
    files = recorded_files(lane.folder)
    blobs = {file: _git(lane.folder, "rev-parse", f"HEAD:{file}") for file in files}
    stale = [file for file, blob in blobs.items() if tests.get(file, {}).get("blob") != blob]
    if stale:
        print(f"recording what the tests of {len(stale)} files reach (once)", flush=True)
        started = time.monotonic()
        with ThreadPoolExecutor(len(lanes)) as pool:
            # Files of similar names are spread over the lanes.
            shares = [stale[first :: len(lanes)] for first in range(len(lanes))]
            recorded = list(chain.from_iterable(pool.map(_record, lanes, shares)))
        for file in stale:
            own = [test for test in recorded if test[0].partition("::")[0] == file]
            tests[file] = {"blob": blobs[file], "tests": own}
        print(f"{len(recorded)} tests in {time.monotonic() - started:.0f} s", flush=True)
        partial = path.with_suffix(".new")
        partial.write_text(json.dumps({"tree": tree, "tests": tests}))
        shutil.move(partial, path)
    return [RecordedTest(*test) for file in blobs for test in tests[file]["tests"]]


def _record(lane: Lane, files: list[str]) -> list[Any]:
    tests: list[Any] = lane.order({"do": "record", "files": files})["tests"] if files else []
    return tests


def _git(folder: Path, *argv: str) -> str:
    return subprocess.check_output(["git", *argv], cwd=folder, text=True).strip()
