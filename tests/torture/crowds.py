"""Crowds over many roles, at AWS's limit, and before an AWS that never answers."""

import json
import os
import shutil
import sys
from statistics import median

from tests.torture.ground import AWS_CLI, SSOHELPER, Ground, ground, helper, native, wrong_in
from tests.torture.rows import LONGEST_SECONDS, Answer, Dice, Row, Skipped, first_of

LATENCY_SECONDS = 0.06
ROUNDS = 3
BOTO3_TARGET, AWS_CLI_TARGET = 1.0, 0.25
# Roles, limit a second, and how long it may take; None: only failures count.
LIMITS: tuple[tuple[int, int, float | None], ...] = ((200, 20, 1.15 * 200 / 20 + 2), (30, 4, None))
BLACK_HOLE_CROWD, LEAST_CROWD = 500, 40
# A session for each thread, as boto3's manual asks: sessions are not thread-safe.
_THREADS = """
import json, sys, threading
import boto3
failures = []
def fetch(profile):
    try:
        boto3.Session(profile_name=profile).get_credentials().get_frozen_credentials()
    except Exception as error:
        failures.append(f"{type(error).__name__}: {error}"[:300])
threads = [threading.Thread(target=fetch, args=(name,)) for name in sys.argv[1:]]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps(failures))
"""


def crowd_of_roles(dice: Dice) -> list[Row]:
    """30 and 100 roles at once, nothing cached, expired token, 60 ms; beside native clients"""
    rounds = dice.count(ROUNDS, 1)
    return [*crowd_rows(30, rounds, beside_clis=True), *crowd_rows(100, rounds, beside_clis=False)]


def crowd_rows(number: int, rounds: int, *, beside_clis: bool) -> list[Row]:
    """Measure ssohelper and native clients alternately; return ssohelper's row and the ratios."""
    ours, theirs, clis = [], [], []
    failed: list[str] = []
    refreshes: list[int] = []
    native_failures = 0
    for _ in range(rounds):
        with ground(accounts=number) as place:
            place.emulator.faults.latency_seconds = {"*": LATENCY_SECONDS}
            profiles = add_native_profiles(place, number)
            seconds, wrong, count = _fetch_ours(place, number)
            ours.append(seconds)
            failed += wrong
            refreshes.append(count)
            # boto3's threads and the AWS CLIs refresh without a lock, and fail under rotation.
            place.emulator.faults.rotation = "none"
            place.sign_in(expires_in=-60)
            seconds, wrong = fetch_in_boto3_threads(place, profiles)
            theirs.append(seconds)
            native_failures += len(wrong)
            if beside_clis:
                place.sign_in(expires_in=-60)
                seconds, wrong = fetch_in_aws_clis(place, profiles)
                clis.append(seconds)
                native_failures += len(wrong)
    counts = "/".join(str(count) for count in refreshes)
    rows = [
        Row(
            f"{number} roles at once, nothing cached, expired token, 60 ms, {rounds} rounds",
            f"{len(failed)} failures of {rounds * number}, {counts} refreshes, "
            f"{median(ours):.1f} s, at most {max(ours):.1f} s{first_of(failed)}",
            "0, 1 each round",
            not failed and set(refreshes) == {1},
        ),
        _ratio(f"{number} roles against boto3 threads", ours, theirs, BOTO3_TARGET),
    ]
    if beside_clis:
        rows.append(_ratio(f"{number} roles against AWS CLI processes", ours, clis, AWS_CLI_TARGET))
    if native_failures:
        rows[-1] = rows[-1]._replace(
            figure=f"{rows[-1].figure}; native clients: {native_failures} failures"
        )
    return rows


def _fetch_ours(place: Ground, number: int) -> tuple[float, list[str], int]:
    """Start a launcher per role at once; return seconds, what failed, and token refreshes."""
    place.emulator.faults.set(rotation="strict", strict_revokes_session=True)
    place.sign_in(expires_in=-60)
    place.emulator.reset_counters()
    commands = [helper(account) for account in range(number)]
    answers = place.at_once(commands)
    refreshes = place.emulator.counters["CreateToken.refresh_token"]
    return span(answers), failures_in(place, answers, commands), refreshes


def failures_in(place: Ground, answers: list[Answer], commands: list[list[str]]) -> list[str]:
    """Return a text for each answer that holds no right credentials."""
    found = []
    for answer, command in zip(answers, commands, strict=True):
        if answer.code:
            found.append(str(answer))
        elif wrong := wrong_in(place, answer, command):
            found.append(wrong)
    return found


def _ratio(what: str, ours: list[float], theirs: list[float], target: float) -> Row:
    """Return a row that compares the medians of two alternating measurements."""
    found = median(ours) / median(theirs)
    figure = f"{found:.2f} ({median(ours):.1f} s against {median(theirs):.1f} s)"
    return Row(what, figure, f"≤ {target}", found <= target)


def role_limit(dice: Dice) -> list[Row]:
    """more roles at once than AWS's limit admits in a second"""
    return [_at_limit(*limit) for limit in LIMITS]


def _at_limit(number: int, limit: int, most_seconds: float | None) -> Row:
    with ground(accounts=number) as place:
        place.emulator.faults.set(latency_seconds={"*": LATENCY_SECONDS}, rate_limit=limit)
        place.sign_in()
        commands = [helper(account) for account in range(number)]
        answers = place.at_once(commands)
        failed = failures_in(place, answers, commands)
        calls = [call for call in place.emulator.calls if call.operation == "GetRoleCredentials"]
        refused = sum(call.status == 429 for call in calls)
    took = span(answers)
    return Row(
        f"{number} roles at a limit of {limit} calls/s, 60 ms",
        f"{len(failed)} failures, {took:.1f} s, {len(calls)} role calls, {refused} of them refused"
        + first_of(failed),
        "0" + (f", ≤ {most_seconds:.1f} s" if most_seconds else ""),
        not failed and (most_seconds is None or took <= most_seconds),
    )


def black_hole_crowd(dice: Dice) -> list[Row]:
    """500 callers of one role while AWS accepts connections and never answers"""
    number = dice.count(BLACK_HOLE_CROWD, LEAST_CROWD)
    with ground() as place:
        place.sign_in()
        place.run(*helper())
        starting = span(place.at_once([helper()] * number))
        in_python = span(place.at_once([helper(program=SSOHELPER)] * number))
    started = f"{number} hits take {starting:.1f} s, without the launcher {in_python:.1f} s"
    return [
        _swallowed(number, starting, started, is_expired=is_expired) for is_expired in (False, True)
    ]


def _swallowed(number: int, starting: float, started: str, *, is_expired: bool) -> Row:
    most_seconds = LONGEST_SECONDS + starting
    with ground() as place:
        place.sign_in(expires_in=-60 if is_expired else None)
        for operation in ("GetRoleCredentials", "CreateToken"):
            place.emulator.faults.hang(operation, times=100_000)
        answers = place.at_once([helper()] * number)
    others = [answer for answer in answers if answer.code != 6 or answer.out]
    took = span(answers)
    return Row(
        f"{number} callers of one role, AWS never answers, token "
        f"{'expired' if is_expired else 'good'}",
        f"{len(others)} without exit 6, all ended after {took:.1f} s ({started}){first_of(others)}",
        f"0, ≤ {most_seconds:.1f} s",
        not others and took <= most_seconds,
    )


# -- AWS's own clients on native profiles, beside which our figures stand -----------------------


def add_native_profiles(place: Ground, number: int) -> list[str]:
    """Write a profile in AWS's own form for each of the first accounts; return their names."""
    names = [f"native-{account:03d}" for account in range(number)]
    for account, name in enumerate(names):
        place.add_profile(name, native(account))
    return names


def fetch_in_boto3_threads(place: Ground, profiles: list[str]) -> tuple[float, list[str]]:
    """Fetch credentials of all profiles in one boto3 process; return seconds and failures."""
    done = place.run(sys.executable, "-c", _THREADS, *profiles)
    failures = json.loads(done.out) if done.out else [done.err[-300:]]
    return done.seconds, failures


def fetch_in_aws_clis(place: Ground, profiles: list[str]) -> tuple[float, list[str]]:
    """Fetch credentials in one AWS CLI process per profile; return seconds and failures."""
    if not os.access(AWS_CLI, os.X_OK):
        raise Skipped("AWS CLI v2 is not installed")
    shutil.rmtree(place.home / ".aws" / "cli" / "cache", ignore_errors=True)
    export = [AWS_CLI, "configure", "export-credentials", "--profile"]
    answers = place.at_once([[*export, name] for name in profiles])
    failures = [answer.err.strip()[-300:] for answer in answers if answer.code]
    return span(answers), failures


def span(answers: list[Answer]) -> float:
    """Return the seconds from the first start to the last end."""
    return max(answer.ended for answer in answers) - min(answer.began for answer in answers)
