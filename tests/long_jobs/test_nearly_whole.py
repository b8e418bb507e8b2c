"""Fixed keys have nearly their whole lifetime left: AWS is asked for new ones, for up to 4 s."""

import json
import time

import pytest

from ssohelper.app import App
from ssohelper.core.model import CachedCredentials, RoleKey, SsoSession
from tests.conftest import SCRIPT
from tests.long_jobs.world import ACCOUNT, HOUR, ROLE, START_URL, Job
from tests.long_rows import long_after

SESSION = SsoSession("corp", START_URL, "us-east-1", ("sso:account:access",))
SHOW_KEY = 'printf %s "$AWS_ACCESS_KEY_ID"'


@pytest.fixture
def old_key(job) -> str:
    """Cache credentials of an hour with 45 min left; return their key id."""
    job.sign_in()
    job.emulator.faults.role_credentials_seconds = 45 * 60
    issued = json.loads(job.ask().stdout)
    job.emulator.faults.role_credentials_seconds = HOUR
    app = App(job.home.env)
    key = RoleKey("corp", ACCOUNT, ROLE)
    cached = app.credentials.load(key, SESSION)
    assert cached
    received_at = cached.credentials.expires_at - HOUR
    spent = CachedCredentials(cached.credentials, received_at, cached.token_id)
    app.vault.save(key, SESSION, spent)
    return str(issued["AccessKeyId"])


def by_exec(job: Job) -> str:
    return job.output(SCRIPT, "exec", "job", "--", "sh", "-c", SHOW_KEY)


def by_env(job: Job) -> str:
    words = ("env", "job", "--shell", "bash")
    return job.output("bash", "-c", f'eval "$({SCRIPT} {" ".join(words)})"; {SHOW_KEY}')


def by_use(job: Job) -> str:
    script = f'eval "$({SCRIPT} shell-init bash)"; ssohelper use --keys job; {SHOW_KEY}'
    return job.output("bash", "-c", script)


@pytest.mark.parametrize("way", long_after(1, [by_exec, by_env, by_use]))
def test_new_keys_are_used_when_aws_answers(job, old_key, way):
    found = way(job)
    assert found != old_key
    issued = job.emulator.issued.get(found)
    assert issued
    assert issued.expires_at - time.time() > 0.9 * HOUR


@pytest.mark.parametrize("way", long_after(1, [by_use, by_exec, by_env]))
def test_the_cached_keys_are_used_when_aws_takes_longer_than_4_s(job, old_key, way):
    job.emulator.faults.latency_seconds = {"GetRoleCredentials": 9}
    began = time.monotonic()
    assert way(job) == old_key
    assert time.monotonic() - began > 3.5
    job.emulator.faults.latency_seconds = {}


@pytest.mark.parametrize("way", long_after(1, [by_env, by_use, by_exec]))
def test_the_cached_keys_are_used_when_aws_is_down(job, old_key, way):
    job.emulator.stop()
    assert way(job) == old_key
    job.emulator.start()


def test_keys_with_nine_tenths_of_their_lifetime_left_are_used(job):
    job.sign_in()
    assert by_exec(job) == by_exec(job)
    assert job.emulator.counters["GetRoleCredentials"] == 1


def test_the_console_opens_with_nearly_whole_keys(job, old_key):
    asked = job.emulator.counters["GetRoleCredentials"]
    notes = job.home.browser()
    job.output(SCRIPT, "console", "job", "--service", "s3")
    assert notes.exists()
    assert job.emulator.counters["GetRoleCredentials"] == asked + 1
