"""Another tool writes the token file in place, again and again, while ours read it."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from ssohelper.core.model import SsoSession
from ssohelper.errors import SsoHelperError
from ssohelper.stores.token_cache import TokenFiles
from tests.torture.ground import START_URL, Ground, ground, helper
from tests.torture.rows import Answer, Dice, Row

READS = 2000
# As AWS CLI v2: open with truncation, write, and somebody may look in between.
_WRITER = (
    "import sys\ntext = open(sys.argv[1]).read()\n"
    "print('on', flush=True)\n"
    "while True:\n"
    "    with open(sys.argv[1], 'w') as f:\n"
    "        f.write(text[:200]); f.flush(); f.write(text[200:])\n"
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
            f"{len(out)} taken for signed out" + (f"; first: {out[0]}" if out else ""),
            "0",
            not out,
        ),
        Row(
            f"{runs} misses beside it, whole processes",
            f"{len(refused)} failed" + (f"; first: {refused[0].err.strip()}" if refused else ""),
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
