"""Random keys, clicks and sizes of the terminal at once, while the full screen starts and works."""

import subprocess
import sys
from pathlib import Path

from tests.torture.rows import Dice, Row

RUNS = 100
_ROOT = Path(__file__).resolve().parents[2]


def bursts_of_keys(dice: Dice) -> Row:
    """keys, clicks and sizes in one write to the full screen (python -m tests.tui.bursts)"""
    number = dice.count(RUNS, 5)
    first = dice.of("bursts_of_keys").randrange(1 << 31)
    run = subprocess.run(
        [sys.executable, "-m", "tests.tui.bursts", str(first), str(number)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
    )
    said = run.stdout.strip().splitlines() or [run.stderr.strip()[-300:]]
    return Row(
        f"{number} runs with random keys and clicks in the full screen",
        said[0],
        "no internal error",
        run.returncode == 0,
    )
