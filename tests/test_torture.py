"""The torture's own harness: a sweep that finds nothing in a known-bad writer is broken."""

import json
import time

from tests.programs import need
from tests.torture import sweep
from tests.torture.ground import Answer, Dice, ground, helper, wrong_in


def test_the_kill_sweep_catches_the_control_writer() -> None:
    need("strace")
    points, faults = sweep.swept(sweep.control(), Dice(seed=1, seconds=1000))
    assert len(points) >= 4
    assert any("SIGKILL" in fault for fault in faults)
    assert sweep.control_row(Dice(seed=1, seconds=30)).met


def test_the_kill_sweep_finds_nothing_wrong_with_a_few_points_of_a_miss() -> None:
    need("strace")
    points, faults = sweep.swept(sweep.commands()[0], Dice(seed=1, seconds=30))
    assert faults == []
    assert 4 <= len(points) <= 6  # an error that met another call than it was meant for is none


def test_wrong_and_expired_answers_are_told() -> None:
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
