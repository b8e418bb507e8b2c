"""Random schedules of the engine in virtual time, and the proof that they find planted bugs."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.simulator.bugs import BUGS
from tests.torture.rows import Dice, Row

SCHEDULES = 20_000
_PROCESSES = 2
_ROOT = Path(__file__).resolve().parents[2]


def simulated_schedules(dice: Dice) -> list[Row]:
    """random schedules of the real broker, actions and stores (python -m tests.simulator)"""
    number = dice.count(SCHEDULES, 500)
    first = dice.of("simulated_schedules").randrange(1 << 31)
    run = _simulate("--seed", str(first), "--count", str(number))
    said = run.stdout.strip().splitlines() or [run.stderr.strip()[-300:]]
    with ThreadPoolExecutor(_PROCESSES) as pool:
        searches = list(pool.map(lambda bug: _simulate("--plant", bug), BUGS))
    missed = [search.stdout.strip() for search in searches if search.returncode]
    longest = max(
        (
            int(one.stdout.split("schedule ")[1].split()[0])
            for one in searches
            if not one.returncode
        ),
        default=0,
    )
    return [
        Row(
            f"{number} random schedules in virtual time",
            said[-1] if run.returncode == 0 else "; ".join(said[:3]),
            "0 with violations",
            run.returncode == 0,
        ),
        Row(
            f"{len(BUGS)} bugs planted one by one in the engine",
            f"{len(BUGS) - len(missed)} found, the last after {longest} schedules"
            + (f"; {missed[0]}" if missed else ""),
            "each found",
            not missed,
        ),
    ]


def _simulate(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.simulator", *argv], cwd=_ROOT, capture_output=True, text=True
    )
