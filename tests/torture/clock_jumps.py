"""This machine's clock jumps while AWS's goes on, behind it, with it or ahead of it.

The Python program under faketime, which moves what a process reads as the time; shim/ moves the
change times of files, AWS's clock is the emulator's. The launcher asks the kernel alone, so its
part is in tests/shell/test_launcher.py, with dated files.
"""

import random
import sys
import sysconfig
import tempfile
import time
import venv
from concurrent.futures import ThreadPoolExecutor
from glob import glob
from pathlib import Path

from tests.torture.ground import ground, helper, key_of, wrong_in
from tests.torture.rows import Answer, Dice, Row, Skipped, first_of, judge

ROUNDS, JUMPS, CALLS = 16, 5, 6
_HOUR, _DAY = 3600, 86400
# AWS's clock against the true one; then ours against it, from jump to jump.
_AWS_OFFSETS = (0.0, 0.0, 8.0 * _HOUR, -8.0 * _HOUR, 200.0)
_JUMPS = (-8 * _HOUR, 8 * _HOUR, -_HOUR, _HOUR, -300, 300, -30, 30, -4, 4, 0, 20 * _DAY)
# A registration of 90 days is over then, or a token of 1970 never ends: exit 4 is right too.
_FAR = (400 * _DAY, _DAY - int(time.time()), 2**31 + 365 * _DAY - int(time.time()))
_LIBRARIES = "/usr/lib/*/faketime/libfaketime.so.1"
_SHIM = str(Path(__file__).with_name("shim"))


def clock_jumps(dice: Dice) -> list[Row]:
    """wall clock jumps of all sizes against AWS's clock, backward included"""
    library = next(iter(glob(_LIBRARIES)), None)
    if library is None:
        raise Skipped("libfaketime is not installed")
    chance = dice.of("clock jumps")
    # The clock stays where it jumped to for longer than a life: credentials end under each jump.
    life, jumps = dice.count(60, 12), dice.count(JUMPS, 2)
    seeds = [chance.randrange(2**32) for _ in range(dice.count(ROUNDS, 3))]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(len(seeds)) as pool:
        python = _python_with_shim(Path(folder))
        rounds = list(pool.map(lambda seed: _Round(library, python, seed, life, jumps), seeds))
    answers = [answer for each in rounds for answer in each.answers]
    wrongs = [wrong for each in rounds for wrong in each.wrongs]
    dice.note("clock_jumps", *answers)
    worst = max(rounds, key=lambda each: each.asked / each.allowed)
    return [
        Row(
            f"{len(answers)} answers over {len(rounds) * jumps} jumps of our clock, lives of {life} s",
            f"{len(wrongs)} expired, wrong or refused{first_of(wrongs)}",
            "0",
            judge(not wrongs, bool(answers)),
        ),
        Row(
            "role calls or refreshes under them, the busiest round",
            f"{worst.asked} where the floor allows {worst.allowed:.0f}",
            "within the floor",
            worst.asked <= worst.allowed,
        ),
    ]


class _Round:
    """One home: jumps with calls in between, and what came of them."""

    def __init__(self, library: str, python: str, seed: int, life: int, jumps: int) -> None:
        chance = random.Random(seed)
        self.answers: list[Answer] = []
        self.wrongs: list[str] = []
        with ground() as place:
            faults = place.emulator.faults
            faults.role_credentials_seconds, faults.token_seconds = life, 3 * life
            faults.clock_offset_seconds = chance.choice(_AWS_OFFSETS)
            place.sign_in(expires_in=3 * life)
            place.emulator.reset_counters()
            notes = place.home / "shim"
            notes.mkdir()
            began = time.monotonic()
            # A step back of under 5 s is forgiven; lives of less than a minute have no room for it.
            steps = [jump for jump in _JUMPS if life >= 60 or abs(jump) != 4]
            for jump in (*(chance.choice(steps) for _ in range(jumps - 1)), chance.choice(_FAR)):
                for _ in range(CALLS):
                    answer = place.run(
                        *(python, "-m", "ssohelper", "credential-process", *key_of()),
                        LD_PRELOAD=library,
                        FAKETIME=f"{jump:+d}",
                        NO_FAKE_STAT="1",
                        FAKETIME_DONT_FAKE_MONOTONIC="1",
                        TORTURE_SHIM=str(notes),
                        TORTURE_JUMP=str(jump),
                    )
                    self._look(answer, jump, wrong_in(place, answer, helper()))
                    time.sleep(chance.uniform(0, life * 0.4))
            took = time.monotonic() - began
            counters = place.emulator.counters
        # As the property test: one for each jump, and one in 30 s or a quarter of a shorter life.
        self.allowed = 2 + jumps + took / min(30.0, life / 4)
        self.asked = max(counters["GetRoleCredentials"], counters["CreateToken"])

    def _look(self, answer: Answer, jump: int, wrong: str | None) -> None:
        self.answers.append(answer)
        is_excused = answer.code == 4 and jump in _FAR
        if wrong is None and answer.code and not is_excused:
            wrong = str(answer)
        if wrong:
            self.wrongs.append(f"at {jump:+d} s: {wrong}")


def _python_with_shim(folder: Path) -> str:
    """Make an environment that has this one's packages, and loads the shim when Python starts.

    Not by PYTHONPATH, which the processes that ours start do not get.
    """
    venv.create(folder, symlinks=True, with_pip=False)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = folder / "lib" / version / "site-packages"
    ours = sysconfig.get_path("purelib")
    (packages / "shim.pth").write_text(
        f"import site; site.addsitedir({ours!r})\n"
        f"import sys; sys.path.insert(0, {_SHIM!r}); import clock_shim\n"
    )
    return str(folder / "bin" / "python")
