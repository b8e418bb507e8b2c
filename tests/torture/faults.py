"""Random faults of AWS over many answers, an outage, and a lock holder that stands still."""

import json
import os
import random
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from tests.torture.ground import (
    SSOHELPER,
    Answer,
    Dice,
    Ground,
    Row,
    ground,
    helper,
    wait_for,
    wrong_in,
)

ANSWERS, CALLERS, ACCOUNTS, ROLES = 20_000, 8, 4, 2
LONGEST_SECONDS = 20.0
# Short lives: the callers meet every stage of them, many times. 1 s of 10 is never served.
_LIFE_SECONDS, _TOKEN_SECONDS = 10, 30
_OPERATIONS = ("GetRoleCredentials", "CreateToken.refresh_token")


def random_faults(dice: Dice) -> list[Row]:
    """answers under random faults: wrong or expired credentials, and the longest run"""
    number = dice.count(ANSWERS, 300)
    chance = dice.of("faults")
    with ground(accounts=ACCOUNTS, roles=ROLES) as place:
        faults = place.emulator.faults
        faults.role_credentials_seconds = _LIFE_SECONDS
        faults.token_seconds = _TOKEN_SECONDS
        place.sign_in()
        answers: list[Answer] = []
        wrongs: list[str] = []
        done = threading.Event()
        lock = threading.Lock()
        begun = time.monotonic()
        # Never fewer than so many lives, and no longer than a full run has time for.
        least, most = max(12.0, 120 * dice.scale), max(30.0, 300 * dice.scale)

        def ask(seed: int) -> None:
            own = random.Random(seed)
            while not done.is_set():
                command = helper(own.randrange(ACCOUNTS), own.randrange(ROLES))
                answer = place.run(*command)
                wrong = wrong_in(place, answer, command)
                with lock:
                    answers.append(answer)
                    if wrong:
                        wrongs.append(wrong)
                    took = time.monotonic() - begun
                    if took > most or (took > least and len(answers) >= number):
                        done.set()

        with ThreadPoolExecutor(CALLERS) as pool:
            running = [pool.submit(ask, chance.randrange(2**32)) for _ in range(CALLERS)]
            while not done.wait(chance.uniform(0.3, 1.2)):
                _next_fault(place, chance, answers)
                if chance.random() < 0.3:
                    forget_failures(place)  # as if their 30 s had passed
            for future in running:
                future.result()
        longest = max(answer.seconds for answer in answers)
        good = sum(answer.code == 0 for answer in answers)
    first = f"; first: {wrongs[0]}" if wrongs else ""
    asked = f"{len(answers)} answers under random faults ({good} with credentials)"
    return [
        Row(asked, f"{len(wrongs)} wrong or expired{first}", "0", not wrongs and good > 0),
        Row("the longest of them", f"{longest:.1f} s", "≤ 20 s", longest <= LONGEST_SECONDS),
    ]


def _next_fault(place: Ground, chance: random.Random, answers: list[Answer]) -> None:
    """Turn one knob; now and then somebody signs in again or wipes what is kept."""
    faults = place.emulator.faults
    operation = chance.choice(_OPERATIONS)
    kind = chance.randrange(12)
    if kind == 0:
        faults.script(operation, status=chance.choice((500, 502, 503, 504, 408)), times=2)
    elif kind == 1:
        after = chance.choice(("1", "60", "86400", "-1", "soon"))
        faults.script(operation, status=429, headers={"Retry-After": after}, body="{}", times=2)
    elif kind == 2:
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
    elif kind == 8:
        path = place.runtime / "kept" / "corp" / "000000000000" / "Role00.json"
        path.unlink(missing_ok=True)
    elif answers and any(answer.code == 4 for answer in answers[-8:]):
        place.sign_in()


def black_hole(dice: Dice) -> list[Row]:
    """AWS accepts and never answers: with good credentials, and without any"""
    with ThreadPoolExecutor(3) as pool:
        kept, none, expired = (pool.submit(ask) for ask in (_hole_kept, _hole_none, _hole_expired))
        is_served, served = kept.result()
        refused = [none.result(), expired.result()]
    return [
        Row(
            "AWS never answers, good credentials are kept",
            f"{'served' if is_served else 'not served'} after {served.seconds:.1f} s",
            "served, ≤ 8 s",
            is_served and served.seconds <= 8,
        ),
        Row(
            "AWS never answers, nothing is kept; token good, token expired",
            ", ".join(f"exit {answer.code} after {answer.seconds:.1f} s" for answer in refused),
            "exit 6, ≤ 20 s",
            all(answer.code == 6 and answer.seconds <= LONGEST_SECONDS for answer in refused),
        ),
    ]


def _hole_kept() -> tuple[bool, Answer]:
    with ground() as place:
        place.sign_in()
        first = place.run(*helper())
        make_old(place, left=600, life=3600)
        _open_hole(place)
        served = place.run(*helper())
    return first.code == served.code == 0 and _key_id(served) == _key_id(first), served


def _hole_none() -> Answer:
    with ground() as place:
        place.sign_in()
        _open_hole(place)
        return place.run(*helper())


def _hole_expired() -> Answer:
    with ground() as place:
        place.sign_in(expires_in=-60)
        _open_hole(place)
        return place.run(*helper())


def _open_hole(place: Ground) -> None:
    for operation in ("GetRoleCredentials", "CreateToken"):
        place.emulator.faults.hang(operation, times=1000)


def outage(dice: Dice) -> Row:
    """2 h outage with 50 min of good credentials, minute by minute by dating files back"""
    with ground() as place:
        place.sign_in()
        first = place.run(*helper())
        place.emulator.stop()
        wrong: list[str] = []
        step = 1 if dice.scale > 0.3 else 10
        for minute in range(0, 120, step):
            left = 50 * 60 - minute * 60
            make_old(place, left=left, life=3600)
            forget_failures(place)  # of 30 s, and a minute has passed
            answer = place.run(*helper())
            expected = 0 if left > 60 else 6
            if answer.code != expected or (expected == 0 and _key_id(answer) != _key_id(first)):
                wrong.append(f"minute {minute}: exit {answer.code} {answer.err.strip()[:120]!r}")
        place.emulator.start()
        forget_failures(place)
        back = place.run(*helper())
        if back.code or wrong_in(place, back, helper()):
            wrong.append(f"after its return: exit {back.code} {back.err.strip()[:120]!r}")
    return Row(
        f"2 h outage, 50 min of good credentials, a call every {step} min",
        f"{len(wrong)} calls went wrong" + (f"; first: {wrong[0]}" if wrong else ""),
        "0",
        not wrong,
    )


def lock_holder(dice: Dice) -> list[Row]:
    """the process that asks AWS is stopped, then killed"""
    with ground() as place:
        place.sign_in()
        place.emulator.faults.hang("GetRoleCredentials", times=1)
        with subprocess.Popen(
            helper(door=SSOHELPER),
            env=place.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as holder:
            wait_for(lambda: place.emulator.counters["GetRoleCredentials"] == 1)
            os.kill(holder.pid, signal.SIGSTOP)
            blocked = place.run(*helper())
            holder.kill()
        freed = place.run(*helper())
    return [
        Row(
            "the lock holder is stopped",
            f"exit {blocked.code} after {blocked.seconds:.1f} s",
            "exit 7, ≤ 20 s",
            blocked.code == 7 and blocked.seconds <= LONGEST_SECONDS,
        ),
        Row(
            "the lock holder is killed: the next one",
            f"exit {freed.code} after {freed.seconds:.1f} s",
            "exit 0, ≤ 4 s",
            freed.code == 0 and freed.seconds <= 4,
        ),
    ]


def make_old(place: Ground, *, left: int, life: int) -> None:
    """Date what is kept back, as if time had passed: `left` seconds of a life remain."""
    now = int(time.time())
    kept = place.runtime / "kept" / "corp" / "000000000000" / "Role00.json"
    content = json.loads(kept.read_text())
    content["expires_at"], content["received_at"] = now + left, now + left - life
    kept.write_text(json.dumps(content))
    document = place.runtime / "credentials" / "corp" / "000000000000" / "Role00"
    if document.exists():
        os.utime(document, (now - 1, now - 1))


def _key_id(answer: Answer) -> str:
    return str(json.loads(answer.out)["AccessKeyId"])


def forget_failures(place: Ground) -> None:
    for path in (place.runtime / "failures").glob("*.json"):
        path.unlink(missing_ok=True)
