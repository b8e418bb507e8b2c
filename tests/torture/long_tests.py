"""The tests that are too long for `make test`."""

import re
import subprocess
import sys
from pathlib import Path

from tests.torture.rows import Dice, Row

_ROOT = Path(__file__).resolve().parents[2]


def long_tests(_dice: Dice) -> list[Row]:
    """the tests with the mark `long` (pytest -m long)"""
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "4", "--dist", "worksteal", "-m", "long"],
        cwd=_ROOT,
        capture_output=True,
        text=True,
    )
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", run.stdout, re.MULTILINE)
    last = (run.stdout.strip().splitlines() or [run.stderr[-300:]])[-1]
    print(*failed, sep="\n", file=sys.stderr)  # the row names the first three
    return [Row("long tests", "; ".join([last, *failed[:3]]), "all pass", run.returncode == 0)]
