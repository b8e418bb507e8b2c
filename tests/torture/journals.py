"""The journal, written by many processes of which some are killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from ssohelper.core import journal
from ssohelper.stores.journal_file import Journal, Reading
from tests.processes import broker_ids
from tests.torture.ground import HOME_PREFIX, Ground, ground, helper
from tests.torture.journal_writer import KEY
from tests.torture.rows import Dice, Row, first_of, judge

PROCESSES, LINES = 500, 20
ROLES = 50
Written = set[tuple[int, int]]


def journal_crowd(dice: Dice) -> Row:
    """500 processes append to one journal at once, while half of them are killed with kill -9"""
    number = dice.count(PROCESSES, 60)
    with tempfile.TemporaryDirectory(prefix=HOME_PREFIX) as home:
        state = Path(home, "state")
        told, killed, failure = _write(state, number, dice.of("journal"))
        log = Journal(state, warn=print)
        log.append(journal.make_entry("release", KEY, reason=f"{number} 0"))
        found = log.read()
    faults = _faults(told | {(number, 0)}, found, killed)
    if failure:
        faults.append(failure)
    return Row(
        f"{number} processes append to a journal at once, {killed} of them are killed with kill -9",
        f"{len(told)} appends returned, {len(found.lines)} lines read, {len(faults)} faults"
        + first_of(faults),
        "0 lines lost",
        judge(not faults, killed > number // 4),
    )


def journal_of_issues(dice: Dice) -> Row:
    """500 processes get credentials at once while callers and brokers are killed with kill -9"""
    number, chance = dice.count(PROCESSES, 60), dice.of("journal of issues")
    with ground(accounts=ROLES) as place:
        place.sign_in()
        told, callers, brokers = _get_credentials(place, number, chance)
        state = place.home / ".local" / "state" / "ssohelper"
        found = Journal(state, warn=print).read()
        asked = place.emulator.counters["GetRoleCredentials"]
    noted = {line.fields.get("access_key_id") for line in found.lines if line.event == "issue"}
    lost = told - noted
    return Row(
        f"{number} processes get credentials of {ROLES} roles at once, {callers} of them and "
        f"{brokers} brokers are killed with kill -9",
        f"{len(told)} keys handed out, {len(noted)} in the journal ({asked} asked for), "
        f"{len(lost)} lost",
        "0 lost",
        judge(not lost, bool(told) and callers > number // 10 and brokers > 0),
    )


def _get_credentials(place: Ground, number: int, chance: Random) -> tuple[set[str], int, int]:
    """Return the ids of the keys that were handed out, and how many callers and brokers were killed.

    One more is killed for each few requests that have reached AWS, as the dice say: in seconds, the
    moments would depend on the machine's speed.
    """
    outs = [place.home / f"{at}.out" for at in range(number)]
    running: list[subprocess.Popen[bytes]] = []
    callers, brokers, due = 0, 0, 1

    def kill_some() -> None:
        nonlocal callers, brokers, due
        if place.emulator.counters["GetRoleCredentials"] < due:
            return
        due += chance.randrange(1, 4)
        if chance.random() < 0.2:
            for broker in broker_ids(place.home):
                os.kill(broker, signal.SIGKILL)
                brokers += 1
            return
        alive = [process for process in running if process.poll() is None]
        for process in chance.sample(alive, min(len(alive), 5)):
            process.kill()
            callers += 1

    # A fast machine answers most callers before the last has started, so the kills begin at once.
    for at, out in enumerate(outs):
        with out.open("w") as stdout:
            running.append(place.start(helper(at % ROLES), stdout=stdout))
        kill_some()
    while any(process.poll() is None for process in running):
        kill_some()
        time.sleep(0.005)
    texts = [out.read_text() for out in outs]
    told = {json.loads(text)["AccessKeyId"] for text in texts if text.endswith("}\n")}
    return told, callers, brokers


def _write(state: Path, number: int, chance: Random) -> tuple[Written, int, str]:
    """Return the lines whose append returned, how many processes were killed, and a failure.

    A process is killed each time as many lines as the dice say have been added since the last kill:
    in seconds, the moments would depend on the machine's speed.
    """
    argv = [str(state), str(number), str(LINES)]
    command = [sys.executable, "-m", "tests.torture.journal_writer", *argv]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    writer = subprocess.Popen(command, text=True, **pipes)
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
