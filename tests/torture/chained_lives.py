"""Three roles, each on top of the one before, in three clients over eight accelerated lifetimes."""

import itertools
import json
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from tests import node_sdk
from tests.torture.ground import AWS_CLI, SSOHELPER, Ground, ground, key_of
from tests.torture.lives import JOB, LIVES
from tests.torture.rows import Dice, Row, Skipped, judge

_ACCOUNT = "000099990001"
_LEVELS = ("Low", "Middle", "Top")
_PROFILE = "top"
# received_at and due times are whole seconds: a renewal may come one second early at each end.
_ROUNDING_SECONDS = 2


class _Client(NamedTuple):
    """What one client did: its calls, and a text for each failed one."""

    name: str
    calls: int
    failures: list[str]


def chained_lives(dice: Dice) -> list[Row]:
    """AWS CLI, boto3 and JavaScript on a role three chains deep, over 8 lifetimes of credentials"""
    node = shutil.which("node")
    if not node or not shutil.which(AWS_CLI):
        raise Skipped("Node.js or AWS CLI v2 is not installed")
    life = dice.count(30, 16)
    seconds = life * (LIVES if dice.scale > 0.3 else 2)
    script = str(node_sdk.install_scripts() / "long_job.mjs")
    with ground() as place:
        faults = place.emulator.faults
        faults.role_credentials_seconds = faults.assumed_role_seconds = life
        faults.token_seconds = seconds / 2
        place.sign_in()
        _add_profiles(place)
        place.emulator.reset_counters()
        with ThreadPoolExecutor(3) as pool:
            running = [
                pool.submit(
                    _run_job, place, "boto3", [sys.executable, "-c", JOB, _PROFILE, str(seconds)]
                ),
                pool.submit(_run_job, place, "JavaScript", [node, script, str(seconds)]),
                pool.submit(_run_aws_clis, place, seconds),
            ]
            clients = [each.result() for each in running]
        issued = list(place.emulator.issued.values())
        refused = [call for call in place.emulator.calls if call.status != 200]
        assumed = place.emulator.counters["AssumeRole"]
    times = {
        level: sorted(each.issued_at for each in issued if each.role_name == level)
        for level in _LEVELS
    }
    return [
        *(_row_of_client(client, seconds // life, life) for client in clients),
        _row_of_levels(times, life, seconds, assumed),
        Row("requests that AWS refused", f"{len(refused)}", "0", not refused),
    ]


def _add_profiles(place: Ground) -> None:
    account, role = key_of()[3], key_of()[5]
    below = f"{account}/{role}"
    commands = [["profile", "add", below, "--name", "base"]]
    trusted, via = account, "base"
    for level in _LEVELS:
        place.emulator.world.add_iam_role(_ACCOUNT, level, trusts=[trusted])
        arn = f"arn:aws:iam::{_ACCOUNT}:role/{level}"
        commands.append(["profile", "add", level.lower(), "--assume", arn, "--via", via])
        trusted, via = _ACCOUNT, level.lower()
    for command in commands:
        done = place.run(SSOHELPER, *command, "--yes")
        if done.code:
            raise RuntimeError(done.err)


def _run_job(place: Ground, name: str, command: list[str]) -> _Client:
    """Run a job that prints its calls and failures as one JSON object."""
    done = subprocess.run(
        command,
        env={**place.env, "AWS_PROFILE": _PROFILE, "AWS_REGION": "us-east-1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout:
        return _Client(name, 0, [done.stderr[-300:]])
    said = json.loads(done.stdout)
    others = [f"account {each}" for each in said.get("accounts", []) if each != _ACCOUNT]
    return _Client(name, said["calls"], said["failures"] + others)


def _run_aws_clis(place: Ground, seconds: float) -> _Client:
    """Start one AWS CLI after the other until the given seconds have passed."""
    ends_at, calls, failures = time.monotonic() + seconds, 0, []
    arn = f"arn:aws:sts::{_ACCOUNT}:assumed-role/{_LEVELS[-1]}/"
    while time.monotonic() < ends_at:
        done = place.run(
            AWS_CLI, "sts", "get-caller-identity", "--profile", _PROFILE,
            "--query", "Arn", "--output", "text",
        )  # fmt: skip
        calls += 1
        if done.code or not done.out.startswith(arn):
            failures.append(done.err.strip()[-300:] or done.out[:100])
        time.sleep(0.3)
    return _Client("AWS CLI", calls, failures)


def _row_of_client(client: _Client, lives: int, life: int) -> Row:
    return Row(
        f"{client.name} on a role three chains deep, {lives} lifetimes of {life} s",
        f"{len(client.failures)} failures of {client.calls} calls"
        + (f"; first: {client.failures[0]}" if client.failures else ""),
        "0",
        judge(not client.failures, client.calls > lives),
    )


def _row_of_levels(times: dict[str, list[float]], life: int, seconds: float, assumed: int) -> Row:
    """Each level is requested again when half of its lifetime is over, and never sooner."""
    least = min(
        later - earlier for level in times.values() for earlier, later in itertools.pairwise(level)
    )
    counts = {level: len(found) for level, found in times.items()}
    return Row(
        f"AssumeRole at each level in {seconds} s, of which a lifetime is {life} s",
        f"{' + '.join(str(number) for number in counts.values())} of {assumed}, "
        f"the closest two {least:.1f} s apart",
        f"one for each half of a lifetime: ≥ {life / 2 - _ROUNDING_SECONDS:.0f} s apart",
        least >= life / 2 - _ROUNDING_SECONDS
        and sum(counts.values()) == assumed
        # The run may end while one level has been asked and the next has not.
        and max(counts.values()) - min(counts.values()) <= 1
        and min(counts.values()) >= seconds // life,
    )
