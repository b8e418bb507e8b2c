"""kill -9 at random moments: what is left can be read, and the next run heals."""

import os
import signal
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.torture.ground import HOME_PREFIX, SSOHELPER, Ground, ground, helper, wrong_in
from tests.torture.remains import broken_files, changed_foreign, plant_foreign
from tests.torture.rows import Dice, Row

KILLS, HEAL_EVERY, HOMES = 1000, 20, 2
# A miss takes 0.2 to 0.4 s, of which the first tenth is Python's own start.
_LONGEST_SECONDS = 0.35


def random_kills(dice: Dice) -> Row:
    """kill -9 of misses and token refreshes at random moments"""
    number = dice.count(KILLS, 30)
    with ground() as place, tempfile.TemporaryDirectory(prefix=HOME_PREFIX) as second:
        place.emulator.faults.grace_seconds = 1e6  # a killed refresh can be sent again
        homes = [place, Ground(Path(second), place.emulator)]
        for home in homes:
            plant_foreign(home)
        with ThreadPoolExecutor(HOMES) as pool:
            found = list(
                pool.map(lambda at: _killed(homes[at], at, dice, number // HOMES), range(HOMES))
            )
    faults = [fault for faults, _ in found for fault in faults]
    caught = sum(alive for _, alive in found)
    return Row(
        f"{number} random kills ({caught} hit a running process)",
        f"{len(faults)} went wrong" + (f"; first: {faults[0]}" if faults else ""),
        "0",
        not faults and caught > number // 6,
    )


def _killed(place: Ground, name: int, dice: Dice, number: int) -> tuple[list[str], int]:
    chance = dice.of(f"kills {name}")
    faults: list[str] = []
    alive = 0
    for index in range(number):
        if index % 3 == 0 or not place.token_file.exists():
            place.sign_in(expires_in=-60)
        for path in (place.kept(), place.document()):
            path.unlink(missing_ok=True)
        process = subprocess.Popen(
            helper(program=SSOHELPER),
            env=place.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(chance.uniform(0.03, _LONGEST_SECONDS))
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            alive += 1
        fault = broken_files(place) or changed_foreign(place)
        if not fault and index % HEAL_EVERY == HEAL_EVERY - 1:
            healed = place.run(*helper())
            fault = healed.err.strip() if healed.code else wrong_in(place, healed, helper())
        if fault:
            faults.append(f"kill {index}: {fault}")
    return faults, alive
