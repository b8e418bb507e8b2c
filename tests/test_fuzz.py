"""A short run of the mutator, always the same mutations; `make fuzz` runs it for longer."""

import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.fuzz.__main__ import report
from tests.fuzz.lane import LaneResult
from tests.programs import run_program

_ROOT = Path(__file__).parent.parent


@pytest.mark.skipif(sys.platform != "linux", reason="forks and reads /proc")
@pytest.mark.long
def test_damaged_files_and_answers_break_no_promise():
    env = {**os.environ, "SEED": "1", "N": "40"}
    done = run_program([sys.executable, "-m", "tests.fuzz"], env, cwd=_ROOT)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "\n40 mutations; " in done.stdout


@pytest.mark.parametrize(
    ("ran", "findings", "code", "said"),
    [
        ([250, 250], [], 0, "500 mutations; "),
        ([250, 249], [], 1, "too few: 499 of at least 500 mutations ran"),
        ([500, 500], ["LOST token | #3 login"], 1, "lost                 1"),
    ],
)
def test_a_run_passes_with_enough_mutations_and_no_finding(ran, findings, code, said, capsys):
    results = [LaneResult(number, [], 1.0, Counter()) for number in ran[1:]]
    assert report([LaneResult(ran[0], findings, 1.0, Counter()), *results], 500) == code
    assert said in capsys.readouterr().out
