"""Other tools beside ours: they refresh the same token, or write its file in place all the time."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from ssohelper.core.model import SsoSession
from ssohelper.errors import SsoHelperError
from ssohelper.stores.token_cache import TokenFiles
from tests.torture.ground import AWS_CLI, START_URL, Ground, ground, helper, native, wrong_in
from tests.torture.rows import Answer, Dice, Row, Skipped, first_of

OURS, THEIRS = 28, 6
_BOTO3 = (
    "import boto3; c = boto3.Session(profile_name='native').get_credentials()"
    ".get_frozen_credentials(); print(c.access_key)"
)
READS = 2000
# As AWS CLI v2: open with truncation, write, and somebody may look in between.
_WRITER = (
    "import sys\ntext = open(sys.argv[1]).read()\n"
    "print('on', flush=True)\n"
    "while True:\n"
    "    with open(sys.argv[1], 'w') as f:\n"
    "        f.write(text[:200]); f.flush(); f.write(text[200:])\n"
)


def mixed_clients(dice: Dice) -> Row:
    """ours, AWS CLI v2 and boto3 together on an expired token, strict rotation"""
    if not os.access(AWS_CLI, os.X_OK):
        raise Skipped("AWS CLI v2 is not installed")
    rounds, chance = dice.count(20, 1), dice.of("mixed")
    theirs_failed, wrongs = 0, []
    for _ in range(rounds):
        with ground() as place:
            place.add_profile("native", native(1))
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
                    wrongs.append(answer)
    return Row(
        f"{OURS + 2 * THEIRS} mixed with AWS CLI v2 and boto3, expired token, {rounds} rounds",
        f"ours: {len(wrongs)} failures of {rounds * OURS} (theirs: {theirs_failed} of "
        f"{rounds * 2 * THEIRS}){first_of(wrongs)}",
        "ours: 0",
        not wrongs,
    )


def foreign_writer(dice: Dice) -> list[Row]:
    """reads beside a tool that writes the token file in place without pause"""
    number, runs = dice.count(READS, 100), dice.count(100, 4)
    with ground() as place:
        place.sign_in()
        with subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(place.token_file)], stdout=subprocess.PIPE
        ) as writer:
            try:
                assert writer.stdout is not None
                writer.stdout.readline()
                session = SsoSession("corp", START_URL, "us-east-1", ("sso:account:access",))
                tokens = TokenFiles(place.tokens, state=place.home / "s", runtime=place.runtime)
                torn = 0
                out = []
                for _ in range(number):
                    torn += _is_torn(place.token_file.read_bytes())
                    try:
                        if tokens.load(session) is None:
                            out.append("signed out")
                    except SsoHelperError as error:
                        out.append(error.message)
                # Accounts of their own: each is a miss that needs the token.
                with ThreadPoolExecutor(2) as pool:
                    answers = list(pool.map(lambda _: _miss(place), range(runs)))
            finally:
                writer.kill()
    refused = [answer for answer in answers if answer.code]
    return [
        Row(
            f"{number} reads of a token that is written in place ({torn} plain reads were torn)",
            f"{len(out)} taken for signed out{first_of(out)}",
            "0",
            not out,
        ),
        Row(
            f"{runs} misses beside it, whole processes",
            f"{len(refused)} failed{first_of(refused)}",
            "0",
            not refused,
        ),
    ]


def _miss(place: Ground) -> Answer:
    for path in (place.kept(), place.document()):
        path.unlink(missing_ok=True)
    return place.run(*helper())


def _is_torn(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return True
    return False
