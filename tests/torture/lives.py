"""Jobs that outlive their credentials and their token, on accelerated lives."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.torture.ground import Ground, ground, helper, native, wrong_in
from tests.torture.rows import Answer, Dice, Row, first_of, judge

# Prints one JSON object: calls, the texts of what failed, accounts. Without a profile: "".
JOB = """
import json, sys, time
import boto3
from botocore.config import Config
session = boto3.Session(profile_name=sys.argv[1] or None)
client = session.client("sts", config=Config(retries={"total_max_attempts": 1}))
ends_at, calls, failures, accounts = time.time() + float(sys.argv[2]), 0, [], set()
while time.time() < ends_at:
    try:
        accounts.add(client.get_caller_identity()["Account"])
    except Exception as error:
        failures.append(f"{type(error).__name__}: {error}"[:300])
    calls += 1
    time.sleep(0.3)
print(json.dumps({"calls": calls, "failures": failures, "accounts": list(accounts)}))
"""
LIVES, TOKEN_LIVES = 8, 2
# With lives of 120 s, which stand for an hour.
CALLS_A_SECOND = 30


def start_job(place: Ground, *command: str) -> "subprocess.Popen[str]":
    """Start a program, or JOB with these arguments, that prints its calls and failures as JSON."""
    argv = list(command) if os.path.isabs(command[0]) else [sys.executable, "-c", JOB, *command]
    return place.start(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_job(job: "subprocess.Popen[str]") -> dict[str, Any]:
    out, err = job.communicate()
    return json.loads(out) if out else {"calls": 0, "failures": [err[-300:]]}


def boto3_job(dice: Dice) -> list[Row]:
    """a boto3 job over accelerated lives, process form and native form, one sign-in"""
    # Below 20 s a life has no room for botocore's own start of 0.5 s on a busy machine.
    life = dice.count(30, 10)
    lives = LIVES if dice.scale > 0.3 else 2
    seconds = life * lives
    with ground() as place:
        life_of_token = seconds / TOKEN_LIVES
        place.emulator.faults.set(role_credentials_seconds=life, token_seconds=life_of_token)
        place.sign_in()
        place.add_profile("process", f"credential_process = {' '.join(helper())}\n")
        place.add_profile("native", native(1))
        place.emulator.reset_counters()
        jobs = {form: start_job(place, form, str(seconds)) for form in ("process", "native")}
        said = {form: wait_for_job(job) for form, job in jobs.items()}
        calls = [call for call in place.emulator.calls if call.operation == "GetCallerIdentity"]
        refused = [call for call in calls if call.status != 200]
        refreshes = place.emulator.counters["CreateToken.refresh_token"]
        issued = place.emulator.counters["GetRoleCredentials"]
    return [
        *(
            Row(
                f"boto3 job, {form} form, {lives} lives of {life} s, {TOKEN_LIVES} token lives",
                f"{len(done['failures'])} failures of {done['calls']} calls"
                + first_of(done["failures"]),
                "0",
                judge(not done["failures"], done["calls"] > lives),
            )
            for form, done in said.items()
        ),
        Row(
            "expired or wrong keys that STS saw of them",
            f"{len(refused)} of {len(calls)} ({issued} role calls, {refreshes} token refreshes)",
            "0",
            judge(not refused, refreshes > 0 and issued >= lives),
        ),
    ]


def nobody_waits(dice: Dice) -> Row:
    """callers that waited for a renewal, at one call a second of an accelerated hour"""
    life = dice.count(120, 16)
    # An hour of 3,600 calls in the time of one life, and half of the next: two renewals at least.
    number = round(life * 1.5) * CALLS_A_SECOND
    slow_seconds = 1.0
    with ground() as place:
        faults = place.emulator.faults
        faults.role_credentials_seconds = faults.token_seconds = life
        place.sign_in(expires_in=life)
        first = place.run(*helper())
        faults.latency_seconds = {"GetRoleCredentials": slow_seconds, "CreateToken": slow_seconds}
        place.emulator.reset_counters()
        answers = _steadily(place, number)
        wrong = [w for answer in answers if (w := wrong_in(place, answer, helper()))]
        wrong += [answer.err for answer in (first, *answers) if answer.code]
        waited = [answer for answer in answers if _waited(place, answer, slow_seconds)]
        counters = place.emulator.counters
    roles, refreshes = counters["GetRoleCredentials"], counters["CreateToken"]
    return Row(
        f"{len(answers)} calls, an hour and a half at one a second in {life * 1.5:.0f} s "
        f"({roles} role calls and {refreshes} refreshes behind them)",
        f"{len(waited)} waited for a renewal, {len(wrong)} failed{first_of(wrong)}",
        "0, 0",
        judge(not waited and not wrong, roles >= 2 and refreshes >= 2),
    )


def _steadily(place: Ground, number: int) -> list[Answer]:
    """Call so often a second, whether the calls before have ended or not."""
    began = time.monotonic()

    def call(at: int) -> Answer:
        time.sleep(max(0.0, began + at / CALLS_A_SECOND - time.monotonic()))
        return place.run(*helper())

    with ThreadPoolExecutor(CALLS_A_SECOND) as pool:
        return list(pool.map(call, range(number)))


def _waited(place: Ground, answer: Answer, slow_seconds: float) -> bool:
    """Tell whether this caller's keys were made while it ran, which takes so long."""
    if answer.code:
        return False
    issued = place.emulator.issued.get(json.loads(answer.out)["AccessKeyId"])
    return issued is not None and issued.issued_at > answer.began and answer.seconds >= slow_seconds
