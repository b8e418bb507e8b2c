"""The journal, written by many processes of which some are killed."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random

from ssohelper.core import journal
from ssohelper.stores.journal import Journal, Reading
from tests.torture.ground import HOME_PREFIX, Dice, Row
from tests.torture.journal_writer import KEY

PROCESSES, LINES = 500, 20
Written = set[tuple[int, int]]


def journal_crowd(dice: Dice) -> Row:
    """500 processes append to one journal at once, while half of them are killed with kill -9"""
    number = dice.count(PROCESSES, 60)
    with tempfile.TemporaryDirectory(prefix=HOME_PREFIX) as home:
        state, runtime = Path(home, "state"), Path(home, "run")
        told, killed, failure = _write(state, runtime, number, dice.of("journal"))
        log = Journal(state, runtime, warn=print)
        log.append(journal.decided("release", KEY, reason=f"{number} 0"))
        verdict, found = log.verify(), log.read()
    faults = _faults(told | {(number, 0)}, found, killed)
    if verdict.fault is not None or verdict.faults:
        faults.append(f"the chain does not verify: {verdict.fault}")
    if failure:
        faults.append(failure)
    return Row(
        f"{number} processes append to a journal at once, {killed} of them are killed with kill -9",
        f"{len(told)} appends returned, {verdict.lines} lines verified, {len(faults)} faults"
        + (f"; first: {faults[0]}" if faults else ""),
        "0 lines lost, the chain verifies",
        not faults and killed > number // 4,
    )


def _write(state: Path, runtime: Path, number: int, chance: Random) -> tuple[Written, int, str]:
    """Return the lines whose append returned, how many processes were killed, and a failure.

    A process is killed each time as many lines as the dice say have been added since the last kill:
    in seconds, the moments would depend on the machine's speed.
    """
    argv = [str(state), str(runtime), str(number), str(LINES)]
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.torture.journal_writer", *argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert writer.stdin
    assert writer.stdout
    assert writer.stderr
    alive = [int(word) for word in writer.stdout.readline().split()]
    chance.shuffle(alive)
    told, killed, pause = Written(), 0, 0
    writer.stdin.close()
    for line in writer.stdout:
        process, count = map(int, line.split())
        told.add((process, count))
        if pause == 0 and killed < number // 2:
            with contextlib.suppress(ProcessLookupError):
                os.kill(alive.pop(), signal.SIGKILL)
                killed += 1
            pause = chance.randrange(LINES)
        else:
            pause -= pause > 0
    failure = writer.stderr.read().partition("\n")[0]
    return told, killed, failure if writer.wait() else ""


def _faults(told: Written, found: Reading, killed: int) -> list[str]:
    there = [tuple(map(int, line.fields["reason"].split())) for line in found.lines]
    lost, more = told - set(there), set(there) - told
    faults = [f"line {line} is lost" for line in sorted(lost)]
    if len(set(there)) != len(there):
        faults.append("a line is there twice")
    # A process may be killed after its append and before it could say so.
    if len(more) > killed:
        faults.append(f"{len(more)} lines are there that no process has told of")
    return faults
