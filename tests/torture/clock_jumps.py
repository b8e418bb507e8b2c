"""This machine's clock jumps while AWS's goes on, behind it, with it or ahead of it.

The Python door under faketime, which moves what a process reads as the time and leaves the
kernel's file times and AWS's (the emulator's) alone. The launcher compares file times, so its
part is tests/shell/test_launcher.py with dated files.
"""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from glob import glob

from tests.torture.ground import SSOHELPER, Answer, Dice, Row, Skipped, ground, helper, wrong_in

ROUNDS, JUMPS, CALLS = 12, 8, 6
# A life is shorter than the time between two jumps, so credentials end under each of them.
_LIFE_SECONDS, _TOKEN_SECONDS, _PAUSE_SECONDS = 8, 24, 3
_HOURS_8 = 8 * 3600.0
# AWS's clock against the true one, then ours against it in each moment.
_AWS_OFFSETS = (0.0, 0.0, _HOURS_8, -_HOURS_8, 200.0)
_JUMPS = ("-8h", "+8h", "-1h", "+1h", "-300", "+300", "-15", "+15", "-3", "+3", "+0", "+20d")
# A registration of 90 days is over then, or a token of 1970 never ends: exit 4 is right too.
# Seconds, not "@1970-01-02": of that each process would begin anew, and no time would pass.
_IN_1970, _IN_2039 = f"-{int(time.time()) - 86400}", f"+{2**31 + 86400 * 365 - int(time.time())}"
_FAR = ("+400d", _IN_1970, _IN_2039)
# As the property test: at most one ask in a quarter of so short a life, and one for a jump.
_FLOOR_SECONDS = min(30.0, _LIFE_SECONDS / 4)
_LIBRARIES = "/usr/lib/*/faketime/libfaketime.so.1"


def clock_jumps(dice: Dice) -> list[Row]:
    """wall clock jumps of all sizes against AWS's clock, backward included"""
    library = next(iter(glob(_LIBRARIES)), None)
    if library is None:
        raise Skipped("libfaketime is not installed")
    chance = dice.of("clock jumps")
    seeds = [chance.randrange(2**32) for _ in range(dice.count(ROUNDS, 2))]
    with ThreadPoolExecutor(4) as pool:
        rounds = list(pool.map(lambda seed: _Round(library, seed), seeds))
    answers = [answer for each in rounds for answer in each.answers]
    wrongs = [wrong for each in rounds for wrong in each.wrongs]
    dice.note("clock_jumps", *answers)
    eager = [each for each in rounds if each.is_too_often]
    worst = max(rounds, key=lambda each: each.asked / each.allowed)
    return [
        Row(
            f"{len(answers)} answers over {len(rounds) * JUMPS} jumps of our clock",
            f"{len(wrongs)} expired, wrong or refused"
            + (f"; first: {wrongs[0]}" if wrongs else ""),
            "0",
            not wrongs and bool(answers),
        ),
        Row(
            "role calls and refreshes under them, the busiest round",
            f"{worst.asked} where the floor allows {worst.allowed:.0f}",
            "within the floor",
            not eager,
        ),
    ]


class _Round:
    """One home: jumps with calls in between, and what came of them."""

    def __init__(self, library: str, seed: int) -> None:
        chance = random.Random(seed)
        self.answers: list[Answer] = []
        self.wrongs: list[str] = []
        with ground() as place:
            faults = place.emulator.faults
            faults.role_credentials_seconds = _LIFE_SECONDS
            faults.token_seconds = _TOKEN_SECONDS
            faults.clock_offset_seconds = chance.choice(_AWS_OFFSETS)
            place.sign_in(expires_in=_TOKEN_SECONDS)
            place.emulator.reset_counters()
            began = time.monotonic()
            for jump in self._jumps(chance):
                for _ in range(CALLS):
                    answer = place.run(
                        *helper(door=SSOHELPER),
                        LD_PRELOAD=library,
                        FAKETIME=jump,
                        NO_FAKE_STAT="1",
                        FAKETIME_DONT_FAKE_MONOTONIC="1",
                    )
                    self._look(answer, jump, wrong_in(place, answer, helper()))
                    time.sleep(chance.uniform(0, _PAUSE_SECONDS))
            took = time.monotonic() - began
            counters = place.emulator.counters
        asked = counters["GetRoleCredentials"], counters["CreateToken"]
        most = 2 + JUMPS + took / _FLOOR_SECONDS
        # Whichever is nearer to what the floor allows it.
        self.asked, self.allowed = max(asked), most
        self.is_too_often = self.asked > self.allowed

    @staticmethod
    def _jumps(chance: random.Random) -> list[str]:
        jumps = [chance.choice(_JUMPS) for _ in range(JUMPS - 1)]
        return [*jumps, chance.choice(_FAR)]

    def _look(self, answer: Answer, jump: str, wrong: str | None) -> None:
        self.answers.append(answer)
        is_excused = answer.code == 4 and jump in _FAR
        if wrong is None and answer.code and not is_excused:
            wrong = f"exit {answer.code} {answer.err.strip()[:160]!r}"
        if wrong:
            self.wrongs.append(f"at {jump}: {wrong}")
