"""Random faults of AWS over many answers of the real launcher, on lives of seconds."""

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.torture.ground import LAUNCHER, Ground, ground, helper, wrong_in
from tests.torture.rows import LONGEST_SECONDS, Answer, Dice, Row, first_of, judge

# Most of the callers wait, some for AWS and some for a document; waiting costs nothing.
ANSWERS, CALLERS, ACCOUNTS, ROLES = 20_000, 24, 6, 2
# Short lives: the callers meet every stage of them, many times. 2 s of 20 are never served, which
# is what a busy machine may take from the decision to the end of a process.
_LIFE_SECONDS, _TOKEN_SECONDS = 20, 60
# Never fewer than so many lives. A machine that stands still ends it, and that is a miss.
_LEAST_SECONDS, _MOST_SECONDS = 150, 700
# How many of the calls that reach AWS meet a fault.
_FAULTY = 0.5
_OPERATIONS = ("GetRoleCredentials", "CreateToken.refresh_token")
_CALLER = str(Path(__file__).with_name("caller.py"))


class _Found:
    """Collects the answers that the callers got, and what was wrong with them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.answers: list[Answer] = []
        self.wrongs: list[str] = []

    def add(self, answer: Answer, wrong: str | None) -> None:
        with self.lock:
            self.answers.append(answer)
            if wrong:
                self.wrongs.append(wrong)


def random_faults(dice: Dice) -> list[Row]:
    """answers under random faults: wrong or expired credentials, and the longest run"""
    number = dice.count(ANSWERS, 600)
    found = _Found()
    with ground(accounts=ACCOUNTS, roles=ROLES) as place:
        place.emulator.faults.set(
            role_credentials_seconds=_LIFE_SECONDS, token_seconds=_TOKEN_SECONDS
        )
        place.sign_in()
        chance = dice.of("faults")
        ends = _Ends(number, dice.scale)
        callers = [_caller(place, chance) for _ in range(CALLERS)]
        with ThreadPoolExecutor(CALLERS) as pool:
            planned: Counter[str] = Counter()
            reading = [pool.submit(_read, place, caller, found) for caller in callers]
            try:
                while not ends.reached(found):
                    time.sleep(chance.uniform(0.1, 0.6))
                    operation = chance.choice(_OPERATIONS)
                    # By the calls, not by the time: on a slow machine every call would meet one.
                    if planned[operation] <= 2 + place.emulator.counters[operation] * _FAULTY:
                        planned[operation] += _next_fault(place, operation, chance)
                    if any(answer.code == 4 for answer in found.answers[-8:]):
                        place.sign_in()
            finally:
                for caller in callers:
                    caller.stdin.close()  # type: ignore[union-attr]
            for result in reading:
                result.result()
        calls = place.emulator.counters["GetRoleCredentials"]
    return _rows(number, found, calls, dice)


class _Ends:
    """Says when a run ends: after enough answers and lives, or after far too long a time."""

    def __init__(self, number: int, scale: float) -> None:
        self._number = number
        self._began = time.monotonic()
        self._least, self._most = max(45.0, _LEAST_SECONDS * scale), max(120, _MOST_SECONDS * scale)

    def reached(self, found: _Found) -> bool:
        took = time.monotonic() - self._began
        return took > self._most or (took > self._least and len(found.answers) >= self._number)


def _rows(number: int, found: _Found, calls: int, dice: Dice) -> list[Row]:
    codes = Counter(answer.code for answer in found.answers)
    dice.note("random_faults", *found.answers)
    longest = max(answer.seconds for answer in found.answers)
    refused = ", ".join(f"{codes[code]} exit {code}" for code in sorted(codes) if code)
    what = f"{codes[0]} with credentials, {refused or 'no refusal'}, {calls} role calls"
    return [
        Row(
            f"answers under random faults ({what})",
            f"{len(found.wrongs)} wrong or expired of {len(found.answers)}{first_of(found.wrongs)}",
            f"0 of {number}",
            judge(
                not found.wrongs and codes[0] > len(found.answers) // 2,
                len(found.answers) >= number,
            ),
        ),
        Row("the longest of them", f"{longest:.1f} s", "≤ 20 s", longest <= LONGEST_SECONDS),
    ]


def _caller(place: Ground, chance: random.Random) -> "subprocess.Popen[str]":
    argv = [LAUNCHER, str(ACCOUNTS), str(ROLES), str(chance.randrange(2**32))]
    command, pipe = [sys.executable, "-I", _CALLER, *argv], subprocess.PIPE
    return place.start(command, stdin=pipe, stdout=pipe, stderr=None, text=True)


def _read(place: Ground, caller: "subprocess.Popen[str]", found: _Found) -> None:
    assert caller.stdout is not None
    for line in caller.stdout:
        account, role, *rest = json.loads(line)
        answer = Answer(*rest)
        found.add(answer, wrong_in(place, answer, helper(account, role)))
    if caller.wait():
        raise RuntimeError(f"a caller ended with {caller.returncode}")


def _next_fault(place: Ground, operation: str, chance: random.Random) -> int:
    """Turn one knob, or wipe what is kept; returns how many calls will meet it."""
    faults = place.emulator.faults
    kind = chance.randrange(9)
    if kind == 0:
        faults.script(operation, status=chance.choice((500, 502, 503, 504, 408)), times=2)
        return 2
    if kind == 1:
        after = chance.choice(("1", "60", "86400", "-1", "soon"))
        faults.script(operation, status=429, headers={"Retry-After": after}, body="{}", times=2)
        return 2
    if kind == 2:
        faults.script(operation, close_after=chance.randrange(200))
    elif kind == 3:
        faults.script(operation, seconds_per_byte=1.0)
    elif kind == 4:
        faults.hang(operation)
    elif kind == 5:
        body = chance.choice(("", "{", '{"roleCredentials":{}}', "[]", "null", "9" * 5000, "\xff"))
        faults.script(operation, status=200, body=body)
    elif kind == 6:
        faults.script(operation, reset=True)
    elif kind == 7:
        faults.script(operation, delay_seconds=chance.uniform(0.5, 4))
    else:
        path = place.kept(chance.randrange(ACCOUNTS), chance.randrange(ROLES))
        path.unlink(missing_ok=True)
    return int(kind < 8)
