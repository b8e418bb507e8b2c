"""Roles on top of roles: thirty provider aliases on one SSO role, and three levels for long jobs."""

import itertools
import json
import shutil
import subprocess
import time
from statistics import median
from typing import NamedTuple

from tests import node_sdk
from tests.torture.crowds import LATENCY_SECONDS, ROUNDS, fetch_in_aws_clis, span
from tests.torture.ground import AWS_CLI, LAUNCHER, SSOHELPER, Ground, ground, key_of, native
from tests.torture.lives import LIVES, start_job, wait_for_job
from tests.torture.rows import Answer, Dice, Row, Skipped, first_of, judge

ALIASES = 30
# Each of ours is one more process start than a hit, and STS is asked for each.
AWS_CLI_TARGET = 0.5
_ACCOUNT = "000099990001"
_LEVELS = ("Low", "Middle", "Top")
_PROFILE = "top"
# received_at and due times are whole seconds: a renewal may come one second early at each end.
_ROUNDING_SECONDS = 2
_ROLE_ARN = f"arn:aws:iam::{_ACCOUNT}:role/Role"


def chained_aliases(dice: Dice) -> list[Row]:
    """30 aliases on 30 chained roles, nothing cached, 60 ms; beside the AWS CLI doing the same"""
    ours, clis = [], []
    failed: list[str] = []
    calls: list[tuple[int, int]] = []
    for _ in range(dice.count(ROUNDS, 1)):
        with ground() as place:
            _add_profiles(place)
            place.emulator.faults.latency_seconds = {"*": LATENCY_SECONDS}
            place.sign_in()
            place.emulator.reset_counters()
            answers = place.at_once([_own_command(number) for number in range(ALIASES)])
            counters = place.emulator.counters
            calls.append((counters["GetRoleCredentials"], counters["AssumeRole"]))
            failed += _failures_in(place, answers)
            ours.append(span(answers))
            seconds, wrong = fetch_in_aws_clis(place, [f"cli{n:02d}" for n in range(ALIASES)])
            failed += [f"AWS CLI: {text}" for text in wrong]
            clis.append(seconds)
    shown = "/".join(f"{portal}+{sts}" for portal, sts in calls)
    found = median(ours) / median(clis)
    return [
        Row(
            f"{ALIASES} aliases on {ALIASES} chained roles, nothing cached, 60 ms",
            f"{len(failed)} failures, {shown} calls of portal and STS, {median(ours):.1f} s"
            + first_of(failed),
            f"0, 1+{ALIASES} each round",
            not failed and set(calls) == {(1, ALIASES)},
        ),
        Row(
            f"{ALIASES} chained roles against AWS CLI processes",
            f"{found:.2f} ({median(ours):.1f} s against {median(clis):.1f} s)",
            f"≤ {AWS_CLI_TARGET}",
            found <= AWS_CLI_TARGET,
        ),
    ]


def _own_command(number: int) -> list[str]:
    return [LAUNCHER, *key_of(), "--chain", f"own{number:02d}"]


def _add_profiles(place: Ground) -> None:
    account = key_of()[3]
    place.add_profile("base", native())
    for number in range(ALIASES):
        place.emulator.world.add_iam_role(_ACCOUNT, f"Role{number:02d}", trusts=[account])
        arn = f"{_ROLE_ARN}{number:02d}"
        command = " ".join(_own_command(number))
        place.add_profile(
            f"own{number:02d}", f"credential_process = {command}\nssohelper_role_arn = {arn}\n"
        )
        place.add_profile(f"cli{number:02d}", f"role_arn = {arn}\nsource_profile = base\n")


def _failures_in(place: Ground, answers: list[Answer]) -> list[str]:
    """Return a text for each answer that is not of its own alias's role."""
    found = []
    for number, answer in enumerate(answers):
        if answer.code:
            found.append(str(answer))
            continue
        issued = place.emulator.issued.get(json.loads(answer.out)["AccessKeyId"])
        if issued is None or issued.role_name != f"Role{number:02d}":
            found.append(f"other credentials for own{number:02d}")
    return found


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
        _add_levels(place)
        place.emulator.reset_counters()
        place.env |= {"AWS_PROFILE": _PROFILE, "AWS_REGION": "us-east-1"}
        jobs = {
            "boto3": start_job(place, _PROFILE, str(seconds)),
            "JavaScript": start_job(place, node, script, str(seconds)),
        }
        clients = [_run_aws_clis(place, seconds)]
        clients += [_end_job(name, job) for name, job in jobs.items()]
        issued = list(place.emulator.issued.values())
        refused = [call for call in place.emulator.calls if call.status != 200]
        assumed = place.emulator.counters["AssumeRole"]
    times = {
        level: sorted(one.issued_at for one in issued if one.role_name == level)
        for level in _LEVELS
    }
    return [
        *(_row_of_client(client, seconds // life, life) for client in clients),
        _row_of_levels(times, life, seconds, assumed),
        Row("requests that AWS refused", f"{len(refused)}", "0", not refused),
    ]


def _add_levels(place: Ground) -> None:
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


def _end_job(name: str, job: "subprocess.Popen[str]") -> _Client:
    said = wait_for_job(job)
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
        f"{len(client.failures)} failures of {client.calls} calls{first_of(client.failures)}",
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
