"""How often botocore runs the helper: at each minute of a life, for new and for running sessions."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from ssohelper.core.instants import from_iso, to_iso
from tests.torture.ground import LAUNCHER, Ground, ground, helper, wait_for
from tests.torture.rows import Dice, Row

REQUESTS, MOST_RUNS = 60, 2
_HOUR = 3600
# botocore asks again on each request below 15 min: every minute around that is looked at.
_CAREFUL_SECONDS = 20 * 60
# Reads seconds, one line each: what time has passed for the credentials that the session holds.
_BOTO3 = """
import datetime, sys
import boto3
session = None
for line in sys.stdin:
    if session is None or sys.argv[1] == "new":
        session = boto3.Session(profile_name="process")
        client = session.client("sts")
    else:
        passed = datetime.timedelta(seconds=int(line))
        session.get_credentials()._expiry_time -= passed
    for _ in range(int(sys.argv[2])):
        client.get_caller_identity()
    print("done", flush=True)
"""


def helper_runs(dice: Dice) -> list[Row]:
    """helper runs per 60 botocore requests, minute by minute of a life"""
    lives = (_HOUR, 12 * _HOUR) if dice.scale > 0.3 else (_HOUR,)
    cases = [(life, kind) for life in lives for kind in ("new", "running")]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda case: _runs(case[0], case[1], dice), cases))


def _runs(life: int, kind: str, dice: Dice) -> Row:
    # The moments of a life: each minute of an hour, each half hour of more.
    step = 60 if life == _HOUR else 1800
    ages = sorted({*range(0, life - 60, step), *range(life - _CAREFUL_SECONDS, life - 60, 60)})
    ages = ages if dice.scale > 0.3 else ages[:: max(1, len(ages) // 8)]
    if kind == "running":
        ages.append(life + 60)  # the run goes on after the credentials' expiry
    counts: dict[int, int] = {}
    with ground() as place:
        place.emulator.faults.set(role_credentials_seconds=life, token_seconds=_HOUR)
        place.sign_in()
        place.run(*helper())
        place.add_profile("process", f"credential_process = {_counted(place)}\n")
        with _botocore(place, kind) as ask:
            before = 0
            for age in ages:
                if (
                    kind == "new"
                ):  # cached credentials and published response as they are at this age
                    received_at = int(json.loads(place.kept().read_text())["received_at"])
                    _shift_role(place, int(time.time()) - age - received_at, life)
                else:
                    _pass_time(place, age - before)
                counts[age] = ask(age - before)
                before = age
                if counts[age]:
                    # A renewal behind the requests: its answer belongs to the minute that has been.
                    wait_for(lambda: place.document().stat().st_mtime > time.time() + 31, 20)
        refused = [call for call in place.emulator.calls if call.status != 200]
    most = max(counts, key=lambda age: counts[age])
    return Row(
        f"helper runs per {REQUESTS} requests, {kind} session, lives of {life // _HOUR} h, "
        f"{len(ages)} moments",
        f"at most {counts[most]}, at minute {most // 60}; {sum(counts.values())} in all"
        + (f"; {len(refused)} requests refused" if refused else ""),
        f"≤ {MOST_RUNS}",
        counts[most] <= MOST_RUNS and sum(counts.values()) > 0 and not refused,
    )


# -- asking for credentials through botocore ---------------------------------------------------


def _counted(place: Ground) -> str:
    """Return the profile's command with a counter in front: a line in a file for each run."""
    script = place.home / "counted"
    script.write_text(f'#!/bin/sh\necho >>"{place.home}/runs"\nexec "{LAUNCHER}" "$@"\n')
    script.chmod(0o700)
    return " ".join([str(script), *helper()[1:]])


@contextmanager
def _botocore(place: Ground, kind: str) -> Iterator["_Ask"]:
    command, pipe = [sys.executable, "-c", _BOTO3, kind, str(REQUESTS)], subprocess.PIPE
    with place.start(command, stdin=pipe, stdout=pipe, stderr=None, text=True) as process:
        yield _Ask(place, process)


class _Ask:
    def __init__(self, place: Ground, process: "subprocess.Popen[str]") -> None:
        self._log = place.home / "runs"
        self._process = process

    def __call__(self, passed: int) -> int:
        """Make the requests; returns how often the helper was run for them."""
        before = self._count()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{passed}\n")
        self._process.stdin.flush()
        if self._process.stdout.readline() != "done\n":
            raise RuntimeError("botocore's process ended")
        return self._count() - before

    def _count(self) -> int:
        return len(self._log.read_text()) if self._log.exists() else 0


# -- making files as old as if time had passed -------------------------------------------------


def _pass_time(place: Ground, seconds: int) -> None:
    """Date all that is kept back, as if so much time had passed."""
    _shift_role(place, -seconds)
    token = json.loads(place.token_file.read_text())
    for name in ("expiresAt", "registrationExpiresAt"):
        token[name] = to_iso((from_iso(token[name]) or 0) - seconds)
    place.token_file.write_text(json.dumps(token))
    for path in (place.home / ".local/state/ssohelper/sign-ins").glob("*.json"):
        facts = json.loads(path.read_text())
        moved = {
            name: value - seconds if name.endswith("_at") and value else value
            for name, value in facts.items()
        }
        path.write_text(json.dumps(moved))


def _shift_role(place: Ground, seconds: int, life: int | None = None) -> None:
    kept = json.loads(place.kept().read_text())
    kept["received_at"] += seconds
    kept["expires_at"] = kept["received_at"] + life if life else kept["expires_at"] + seconds
    place.kept().write_text(json.dumps(kept))
    document = place.document()
    text = re.sub(
        r'("Expiration": ?)"[^"]*"', rf'\1"{to_iso(kept["expires_at"])}"', document.read_text()
    )
    due_at = kept["received_at"] + life // 2 if life else document.stat().st_mtime + seconds
    document.write_text(text)
    os.utime(document, (due_at, due_at))
