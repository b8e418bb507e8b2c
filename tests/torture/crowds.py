"""Crowds over many roles, at AWS's limit, and before an AWS that never answers."""

from statistics import median

from tests.torture.ground import SSOHELPER, Ground, ground, helper, wrong_in
from tests.torture.natives import (
    add_native_profiles,
    fetch_in_aws_clis,
    fetch_in_boto3_threads,
    span,
)
from tests.torture.rows import LONGEST_SECONDS, Answer, Dice, Row

LATENCY_SECONDS = 0.06
ROUNDS = 3
BOTO3_TARGET, AWS_CLI_TARGET = 1.0, 0.25
# Roles, limit a second, and how long it may take; None: only failures count.
LIMITS: tuple[tuple[int, int, float | None], ...] = ((200, 20, 1.15 * 200 / 20 + 2), (30, 4, None))
BLACK_HOLE_CROWD, LEAST_CROWD = 500, 40


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
            f"{median(ours):.1f} s, at most {max(ours):.1f} s" + _first(failed),
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
    place.emulator.faults.rotation = "strict"
    place.emulator.faults.strict_revokes_session = True
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
            found.append(f"exit {answer.code} {answer.err.strip()[:160]!r}")
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
        faults = place.emulator.faults
        faults.latency_seconds = {"*": LATENCY_SECONDS}
        faults.rate_limit = limit
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
        + _first(failed),
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
    said = [f"exit {answer.code} {answer.err.strip()[:160]!r}" for answer in others]
    took = span(answers)
    return Row(
        f"{number} callers of one role, AWS never answers, token "
        f"{'expired' if is_expired else 'good'}",
        f"{len(others)} without exit 6, all ended after {took:.1f} s ({started})" + _first(said),
        f"0, ≤ {most_seconds:.1f} s",
        not others and took <= most_seconds,
    )


def _first(failed: list[str]) -> str:
    return f"; first: {failed[0]}" if failed else ""
