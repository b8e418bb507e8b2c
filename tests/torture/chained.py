"""Thirty provider aliases, each a role of its own on top of one SSO role, beside the AWS CLI."""

import json
from statistics import median

from tests.torture.crowds import LATENCY_SECONDS, ROUNDS
from tests.torture.ground import LAUNCHER, Ground, ground, key_of
from tests.torture.natives import fetch_in_aws_clis, span
from tests.torture.rows import Answer, Dice, Row

ALIASES = 30
# Each of ours is one more process start than a hit, and STS is asked for each.
AWS_CLI_TARGET = 0.5
_ACCOUNT = "000099990001"
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
            + (f"; first: {failed[0]}" if failed else ""),
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
    account, role = key_of()[3], key_of()[5]
    place.add_profile(
        "base", f"sso_session = corp\nsso_account_id = {account}\nsso_role_name = {role}\n"
    )
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
            found.append(f"exit {answer.code} {answer.err.strip()[:160]!r}")
            continue
        issued = place.emulator.issued.get(json.loads(answer.out)["AccessKeyId"])
        if issued is None or issued.role_name != f"Role{number:02d}":
            found.append(f"other credentials for own{number:02d}")
    return found
