"""A batch at 1 min = 1 h: four kinds of clients on our profiles, three of them on native ones.

Ten eventful hours of two days: the quiet hours between them are left out. Both forms have an
Identity Center of their own and meet the same events at the same time.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from tests.endpoint.bucket import EmptyStorage, rclone
from tests.torture.ground import AWS_CLI, SSOHELPER, Ground, ground, helper, native
from tests.torture.rows import Dice, Row, Skipped, first_of

HOUR_SECONDS, LEAST_HOUR_SECONDS = 60, 20
THREADS = 6
FORMS = ("process", "native")
# Its AWS SDK (Go v1) knows no sso_session and no AWS_ENDPOINT_URL_SSO: natively it fails always,
# so it counts in the calm phases and is not compared.
_OURS_ALONE = "rclone"
_BATCH = str(Path(__file__).with_name("batch.py"))
_ASKED = ("GetRoleCredentials", "CreateToken.refresh_token")
# Callers may take so long to notice that AWS is back: the worst that back_after_outage allows.
_RETURN_SECONDS = 5.0


class Phase(NamedTuple):
    """Some time with one fault. A calm phase has none, and no call may fail in it."""

    name: str
    hours: float
    knobs: dict[str, Any]
    is_calm: bool = False


def _down(status: int) -> dict[str, Any]:
    return {"down": dict.fromkeys(_ASKED, status)}


_CALM: dict[str, Any] = {}
PHASES = (
    Phase("calm at first", 1.5, _CALM, is_calm=True),
    Phase("latency of 1 s", 1, {"latency_seconds": dict.fromkeys(_ASKED, 1.0)}),
    Phase("calm after latency", 0.5, _CALM, is_calm=True),
    Phase("connections reset", 0.5, _down(0)),
    Phase("calm after resets", 0.5, _CALM, is_calm=True),
    Phase("throttled (429)", 0.5, _down(429)),
    Phase("calm after 429", 0.5, _CALM, is_calm=True),
    Phase("errors (500, 503)", 0.5, {"down": {_ASKED[0]: 500, _ASKED[1]: 503}}),
    Phase("calm after errors", 1, _CALM, is_calm=True),
    Phase("a limit of 4 calls/s", 1, {"rate_limit": 4}),
    Phase("the sign-in has ended", 0.5, _CALM),
    Phase("calm after login", 2, _CALM, is_calm=True),
)
_SIGN_IN_ENDS, _LOGIN = "the sign-in has ended", "calm after login"


class _Call(NamedTuple):
    """One request of a client, or the start of one."""

    client: str
    began: float
    failure: str


def two_day_batch(dice: Dice) -> list[Row]:
    """a two-day batch at 1 min = 1 h on our profiles, beside native ones"""
    if not os.access(AWS_CLI, os.X_OK) or shutil.which("rclone") is None:
        raise Skipped("AWS CLI v2 or rclone is not installed")
    hour = dice.count(HOUR_SECONDS, LEAST_HOUR_SECONDS)
    with ExitStack() as stack:
        places = {form: stack.enter_context(_place(form, hour)) for form in FORMS}
        ended = threading.Event()
        pool = stack.enter_context(ThreadPoolExecutor(len(FORMS) * 4))
        running = {
            form: [pool.submit(client, place, ended) for client in _clients(form, storage.url)]
            for form, (place, storage) in places.items()
        }
        try:
            began_at = _pass_phases([place for place, _ in places.values()], hour)
        finally:
            ended.set()
        calls = {form: [c for job in jobs for c in job.result()] for form, jobs in running.items()}
        asked = {form: place.emulator.counters for form, (place, _) in places.items()}
    return _rows(calls, began_at, hour, asked)


# -- playing the phases of the two days ------------------------------------------------------------


@contextmanager
def _place(form: str, hour: int) -> Iterator[tuple[Ground, EmptyStorage]]:
    """A home with a profile per thread in one form, and an object store beside it."""
    with ground(accounts=THREADS) as place, EmptyStorage(place.emulator) as storage:
        faults = place.emulator.faults
        faults.role_credentials_seconds = faults.token_seconds = hour
        faults.sign_in_seconds = 90 * 86400  # it ends when its phase says so
        place.sign_in()
        for account in range(THREADS):
            process = f"credential_process = {' '.join(helper(account))}\n"
            lines = process if form == "process" else native(account)
            place.add_profile(f"role-{account}", lines)
        yield place, storage


def _pass_phases(places: list[Ground], hour: int) -> dict[str, float]:
    """Play all phases in all places; return when each began."""
    began_at = {}
    for phase in PHASES:
        for place in places:
            place.emulator.faults.set(
                **{"down": {}, "latency_seconds": {}, "rate_limit": None, **phase.knobs}
            )
            if phase.name == _SIGN_IN_ENDS:
                place.emulator.end_sign_ins("ana")
            if phase.name == _LOGIN:
                login = [SSOHELPER, "login", "corp", "--device-code", "--no-browser", "--force"]
                done = place.run(*login)
                if done.code:
                    raise RuntimeError(f"login: exit {done.code} {done.err[-300:]}")
        began_at[phase.name] = time.time()
        time.sleep(phase.hours * hour)
    return began_at


# -- running the clients of the two days -----------------------------------------------------------


def _boto3_threads(place: Ground, ended: threading.Event) -> list[_Call]:
    """Run one boto3 process with a thread per role for the whole batch."""
    profiles = [f"role-{account}" for account in range(THREADS)]
    with (place.home / "threads").open("w") as out:
        command = [sys.executable, _BATCH, *profiles]
        process = place.start(command, stdin=subprocess.PIPE, stdout=out, stderr=None)
    ended.wait()
    process.communicate()
    lines = (place.home / "threads").read_text().splitlines()
    calls = [_Call("boto3 threads", *json.loads(line)) for line in lines]
    return calls or [_Call("boto3 threads", time.time(), "it said nothing")]


def _clients(form: str, url: str) -> list[Callable[[Ground, threading.Event], list[_Call]]]:
    commands = {
        "boto3 processes": [sys.executable, _BATCH, "role-1"],
        "AWS CLI": [AWS_CLI, "sts", "get-caller-identity", "--profile", "role-2"],
        _OURS_ALONE: rclone(shutil.which("rclone") or "rclone", url, "role-3"),
    }
    started = [partial(_again_and_again, *each) for each in commands.items()]
    return [_boto3_threads, *(started if form == "process" else started[:-1])]


def _again_and_again(
    client: str, command: list[str], place: Ground, ended: threading.Event
) -> list[_Call]:
    """Start a process each 3 s until the batch has ended."""
    calls = []
    while not ended.wait(3):
        answer = place.run(*command)
        failure = (answer.err or answer.out).strip()[-200:] or f"exit {answer.code}"
        calls.append(_Call(client, answer.began, failure if answer.code else ""))
    return calls


# -- counting the failed calls of each phase -------------------------------------------------------


def _rows(
    calls: dict[str, list[_Call]], began_at: dict[str, float], hour: int, asked: dict[str, Counter]
) -> list[Row]:
    rows = []
    for phase in PHASES:
        made = {form: _in_phase(calls[form], phase.name, began_at) for form in FORMS}
        failed = {form: [call for call in made[form] if call.failure] for form in FORMS}
        ours, theirs = (len(failed[form]) for form in FORMS)
        compared = sum(call.client != _OURS_ALONE for call in failed["process"])
        by_client = Counter(call.client for call in failed["process"])
        first = first_of(failed["process"])
        rows.append(
            Row(
                f"batch, {phase.name}, {phase.hours} h of {hour} s",
                f"{ours} failed of {len(made['process'])} (native: {theirs} of "
                f"{len(made['native'])}) {dict(by_client) or ''}{first}",
                "0" if phase.is_calm else "≤ native",
                ours == 0 if phase.is_calm else compared <= theirs,
            )
        )
    totals = {form: asked[form]["GetRoleCredentials"] for form in FORMS}
    rows.append(
        Row(
            f"batch, role calls of {len(calls['process'])} requests",
            f"{totals['process']} (native: {totals['native']})",
            "≤ native",
            totals["process"] <= totals["native"],
        )
    )
    return rows


def _in_phase(calls: list[_Call], name: str, began_at: dict[str, float]) -> list[_Call]:
    """Return the calls that began in a phase; the first seconds of a calm one are the return."""
    names = list(began_at)
    at = names.index(name)

    def begin(index: int) -> float:
        if index >= len(names):
            return float("inf")
        is_return = index > 0 and next(p for p in PHASES if p.name == names[index]).is_calm
        return began_at[names[index]] + _RETURN_SECONDS * is_return

    return [call for call in calls if begin(at) <= call.began < begin(at + 1)]
