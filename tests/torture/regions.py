"""Two regions of one instance, of which the first fails in the middle of a job."""

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from tests.conftest import make_home
from tests.published import date_back
from tests.torture.ground import HOME_PREFIX, Ground, helper, wrong_in
from tests.torture.lives import start_job, wait_for_job
from tests.torture.rows import Dice, Row, first_of, judge
from tests.two_regions import FIRST, HERE, HOSTS, SECOND, add_second_region, sign_in_to_both
from tests.wire.raw_server import make_certificate

# The status that `Faults.down` gives each call: no answer, a TCP reset, an error, too many requests.
FAULTS = {"black hole": -1, "refusing": 0, "answering 503": 503, "throttling": 429}
FIRST_SECONDS, FOLLOWING_SECONDS = 18.0, 2.0
# The seconds of a job of 30 min, of which the first third is without faults. A region that failed is
# tried again after 60 s, which is within the job.
_JOB_SECONDS, _LIFE_SECONDS = 100, 20
_PAUSE_SECONDS = 2.0
_OPERATIONS = ("GetRoleCredentials", "CreateToken", "RegisterClient", "ListAccounts")


class _Measured(NamedTuple):
    """A job's calls and failures, and the seconds of the calls for roles that were not cached."""

    calls: int
    failures: list[str]
    first: float
    following: list[float]


def two_regions(dice: Dice) -> list[Row]:
    """one region of two fails in the middle of a boto3 job of 30 min, played in 100 s"""
    seconds = dice.count(_JOB_SECONDS, 45)
    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(FAULTS, pool.map(lambda one: _run(one, seconds), FAULTS), strict=True))
    rows = []
    for name, one in found.items():
        longest = max(one.following, default=0.0)
        rows.append(
            Row(
                f"first region {name} during a boto3 job, {seconds} s for 30 min",
                f"{len(one.failures)} failures of {one.calls} calls, first answer after "
                f"{one.first:.1f} s, the {len(one.following)} following within {longest:.1f} s"
                + first_of(one.failures),
                f"0, ≤ {FIRST_SECONDS:.0f} s, ≤ {FOLLOWING_SECONDS:.0f} s",
                judge(
                    not one.failures
                    and one.first <= FIRST_SECONDS
                    and longest <= FOLLOWING_SECONDS,
                    one.calls > seconds / 10,
                ),
            )
        )
    return rows


def _run(fault: str, seconds: int) -> _Measured:
    with _ground(accounts=seconds) as place:
        place.emulator.faults.set(role_credentials_seconds=_LIFE_SECONDS, token_seconds=seconds / 2)
        sign_in_to_both(place.home, place.emulator)
        with place.config.open("a") as config:
            command = " ".join(helper())
            config.write(f"[profile job]\ncredential_process = {command}\nregion = {SECOND}\n")
        date_back(place.config)
        job = start_job(place, "job", str(seconds))
        began = time.monotonic()
        time.sleep(seconds / 3)
        place.emulator.faults_in(FIRST).set(down=dict.fromkeys(_OPERATIONS, FAULTS[fault]))
        took, failures = [], []
        # Each call is for another role, so that none is answered from the cache.
        for account in range(1, seconds):
            if time.monotonic() - began >= seconds - _PAUSE_SECONDS:
                break
            command = helper(account)
            answer = place.run(*command)
            took.append(answer.seconds)
            wrong = answer.err if answer.code else wrong_in(place, answer, command)
            failures += [wrong] if wrong else []
            time.sleep(_PAUSE_SECONDS)
        done = wait_for_job(job)
    return _Measured(done["calls"] + len(took), [*done["failures"], *failures], took[0], took[1:])


@contextmanager
def _ground(accounts: int) -> Iterator[Ground]:
    """A home whose programs reach AWS's hosts of both regions, played by one emulator."""
    with tempfile.TemporaryDirectory(prefix=HOME_PREFIX, ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        bundle, tls = make_certificate(home, ",".join(f"DNS:{host}" for host in HOSTS))
        emulator = Emulator(World.of_size(accounts, 1))
        emulator.tls = tls
        add_second_region(emulator)
        with emulator:
            place = Ground(make_home(home), emulator)
            for name in [name for name in place.env if name.startswith("AWS_ENDPOINT_URL")]:
                del place.env[name]
            place.env |= {
                "HTTPS_PROXY": emulator.url,
                "AWS_CA_BUNDLE": str(bundle),
                "SSL_CERT_FILE": str(bundle),
            }
            place.config.write_text(
                f"[sso-session corp]\nsso_start_url = {HERE}\nsso_region = {FIRST}\n"
                "sso_registration_scopes = sso:account:access\n\n"
            )
            date_back(place.config)
            yield place
