"""The torture's own harness: a sweep that finds nothing in a known-bad writer is broken."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.programs import require_program
from tests.torture import sweep
from tests.torture.ground import ground, helper, wrong_in
from tests.torture.rows import FULL_SECONDS, Answer, Dice, judge


@pytest.mark.long
def test_the_kill_sweep_catches_the_control_writer():
    require_program("strace")
    points, faults = sweep.swept(sweep.control(), Dice(seed=1, seconds=FULL_SECONDS))
    assert len(points) >= 4
    assert any("SIGKILL" in fault for fault in faults)
    assert sweep.control_row(Dice(seed=1, seconds=30)).met


@pytest.mark.long
def test_the_kill_sweep_finds_nothing_wrong_with_a_few_points_of_a_miss():
    require_program("strace")
    points, faults = sweep.swept(sweep.commands()[0], Dice(seed=1, seconds=30))
    assert faults == []
    assert 4 <= len(points) <= 6  # an error that met another call than it was meant for is none


def test_wrong_and_expired_answers_are_told():
    with ground(accounts=2) as place:
        place.sign_in()
        answer = place.run(*helper())
        assert wrong_in(place, answer, helper()) is None
        assert "for 000000000001/Role00" in str(wrong_in(place, answer, helper(1)))
        other = json.loads(answer.out) | {"SecretAccessKey": "x"}
        mixed_up = answer._replace(out=json.dumps(other))
        assert wrong_in(place, mixed_up, helper()) == "keys that do not belong together"
        late = answer._replace(ended=time.time() + 4000)
        place.emulator.faults.clock_offset_seconds = 4000.0
        assert "expired" in str(wrong_in(place, late, helper()))
        talkative = Answer(4, "", "one line\nanother\n", 0, 0)
        assert wrong_in(place, talkative, helper()) is not None


def test_a_row_that_does_not_end_in_time_is_ended_and_not_measured():
    """`black_hole` waits for 15 s or more. It is neither ok nor missed, and leaves no home."""
    argv, env = [sys.executable, "-m", "tests.torture"], {"S": "1.5", "ROWS": "black_hole"}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    process = subprocess.Popen(argv, env={**os.environ, **env}, **streams)
    line, last = process.communicate()[0].splitlines()
    assert process.returncode == 1
    assert line.startswith("not measured ")
    assert last.startswith("seed ")
    assert list(Path(tempfile.gettempdir()).glob(f"ssohelper-torture-{process.pid}-*")) == []


@pytest.mark.parametrize(
    ("kept", "is_measured", "met"), [(True, True, True), (True, False, None), (False, False, False)]
)
def test_too_little_is_not_measured_unless_a_promise_broke(kept, is_measured, met):
    assert judge(kept, is_measured) is met
