"""Rows that run another program of the tests: bursts of keys, the long tests, the simulator."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.simulator.bugs import BUGS
from tests.torture.rows import Dice, Row

BURSTS, SCHEDULES = 100, 20_000
_PROCESSES = 2
_ROOT = Path(__file__).resolve().parents[2]


def _run(*module: str) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-m", *module]
    return subprocess.run(argv, cwd=_ROOT, capture_output=True, text=True)


def _output(run: "subprocess.CompletedProcess[str]") -> list[str]:
    return run.stdout.strip().splitlines() or [run.stderr.strip()[-300:]]


def bursts_of_keys(dice: Dice) -> Row:
    """keys, clicks and sizes in one write to the full screen (python -m tests.tui.bursts)"""
    number = dice.count(BURSTS, 5)
    run = _run("tests.tui.bursts", str(dice.of("bursts_of_keys").randrange(1 << 31)), str(number))
    what = f"{number} runs with random keys and clicks in the full screen"
    return Row(what, _output(run)[0], "no internal error", run.returncode == 0)


def long_tests(_dice: Dice) -> list[Row]:
    """the tests with the mark `long` (pytest -m long)"""
    run = _run("pytest", "-n", "4", "--dist", "worksteal", "-m", "long")
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", run.stdout, re.MULTILINE)
    print(*failed, sep="\n", file=sys.stderr)  # the row names the first three
    figure = "; ".join([_output(run)[-1], *failed[:3]])
    return [Row("long tests", figure, "all pass", run.returncode == 0)]


def simulated_schedules(dice: Dice) -> list[Row]:
    """random schedules of the real broker, actions and stores (python -m tests.simulator)"""
    number = dice.count(SCHEDULES, 500)
    first = dice.of("simulated_schedules").randrange(1 << 31)
    run = _run("tests.simulator", "--seed", str(first), "--count", str(number))
    said = _output(run)
    with ThreadPoolExecutor(_PROCESSES) as pool:
        searches = list(pool.map(lambda bug: _run("tests.simulator", "--plant", bug), BUGS))
    missed = [search.stdout.strip() for search in searches if search.returncode]
    found = [search.stdout for search in searches if not search.returncode]
    longest = max((int(one.split("schedule ")[1].split()[0]) for one in found), default=0)
    return [
        Row(
            f"{number} random schedules in virtual time",
            said[-1] if run.returncode == 0 else "; ".join(said[:3]),
            "0 with violations",
            run.returncode == 0,
        ),
        Row(
            f"{len(BUGS)} bugs planted one by one in the engine",
            f"{len(found)} found, the last after {longest} schedules"
            + (f"; {missed[0]}" if missed else ""),
            "each found",
            not missed,
        ),
    ]
