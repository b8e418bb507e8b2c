"""Our processes among AWS CLI v2 and boto3, which refresh the same token without our lock."""

import os
import sys

from tests.torture.ground import AWS_CLI, ground, helper, wrong_in
from tests.torture.rows import Dice, Row, Skipped

OURS, THEIRS = 28, 6
_BOTO3 = (
    "import boto3; c = boto3.Session(profile_name='native').get_credentials()"
    ".get_frozen_credentials(); print(c.access_key)"
)


def mixed_clients(dice: Dice) -> Row:
    """ours, AWS CLI v2 and boto3 together on an expired token, strict rotation"""
    if not os.access(AWS_CLI, os.X_OK):
        raise Skipped("AWS CLI v2 is not installed")
    rounds, chance = dice.count(20, 1), dice.of("mixed")
    ours_failed = theirs_failed = 0
    said = ""
    for _ in range(rounds):
        with ground() as place:
            native = "sso_session = corp\nsso_account_id = 000000000001\nsso_role_name = Role00\n"
            place.add_profile("native", native)
            place.emulator.faults.rotation = "strict"
            place.sign_in(expires_in=-60)
            ours = [helper(account=chance.randrange(2)) for _ in range(OURS)]
            theirs = [[AWS_CLI, "configure", "export-credentials", "--profile", "native"]] * THEIRS
            theirs += [[sys.executable, "-c", _BOTO3]] * THEIRS
            commands = ours + theirs
            chance.shuffle(commands)
            for command, answer in zip(commands, place.at_once(commands), strict=True):
                if command in theirs:
                    theirs_failed += answer.code != 0
                elif answer.code or wrong_in(place, answer, command):
                    ours_failed += 1
                    said = said or f"; first: exit {answer.code} {answer.err.strip()[:160]!r}"
    return Row(
        f"{OURS + 2 * THEIRS} mixed with AWS CLI v2 and boto3, expired token, {rounds} rounds",
        f"ours: {ours_failed} failures of {rounds * OURS} (theirs: {theirs_failed} of "
        f"{rounds * 2 * THEIRS}){said}",
        "ours: 0",
        ours_failed == 0,
    )
