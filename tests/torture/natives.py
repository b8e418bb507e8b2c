"""AWS's own clients on native profiles, beside which our figures stand."""

import json
import os
import shutil
import sys

from tests.torture.ground import AWS_CLI, Ground
from tests.torture.rows import Skipped

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


def add_native_profiles(place: Ground, number: int) -> list[str]:
    """Write a profile in AWS's own form for each of the first accounts; return their names."""
    names = [f"native-{account:03d}" for account in range(number)]
    for account, name in enumerate(names):
        place.add_profile(
            name,
            f"sso_session = corp\nsso_account_id = 0000{account:08d}\nsso_role_name = Role00\n",
        )
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


def span(answers) -> float:  # type: ignore[no-untyped-def]
    """Return the seconds from the first start to the last end."""
    return max(answer.ended for answer in answers) - min(answer.began for answer in answers)
