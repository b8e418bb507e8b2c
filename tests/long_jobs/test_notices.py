"""A job that uses profiles gets notices before its sign-in ends, and when it has ended."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from ssohelper.core.instants import to_iso
from tests.endpoint.world import wait_for
from tests.long_jobs.world import ROLE

MINUTE = 60


@pytest.mark.long
def test_a_boto3_job_gets_one_notice_that_its_sign_in_ended(job):
    """A boto3 job once ended without any notice."""
    job.emulator.faults.set(token_seconds=3, role_credentials_seconds=15)
    job.sign_in()
    program = job.start()
    assert program.stdout
    assert ROLE in program.stdout.readline()
    job.emulator.end_sign_ins("ana")
    _, err = program.communicate(timeout=60)
    assert "ssohelper login corp" in err
    wait_for(lambda: any("is over" in notice.message for notice in job.received_notices()))
    [over] = [notice for notice in job.received_notices() if "is over" in notice.message]
    assert (over.session, over.command) == ("corp", "ssohelper login corp")
    for _ in range(3):
        assert job.ask().returncode == 4
    assert [notice for notice in job.received_notices() if "is over" in notice.message] == [over]


def test_the_last_role_call_before_a_threshold_gives_the_notice(job):
    # SDKs renew these credentials after 45 min, when less than a quarter of an hour is left.
    job.emulator.faults.role_credentials_seconds = 60 * MINUTE
    ends_at = job.sign_in(ends_in=50 * MINUTE)
    assert job.ask().returncode == 0
    wait_for(job.received_notices)
    [notice] = job.received_notices()
    assert notice.session == "corp"
    assert notice.at == to_iso(ends_at)
    assert notice.command == "ssohelper login corp"
    assert f"before {to_iso(ends_at)}" in notice.message


def test_two_brokers_and_many_roles_give_one_notice(job):
    job.sign_in(ends_in=50 * MINUTE)

    def ask(number: int, account: str) -> int:
        # Each value of this variable gets its own broker.
        done = job.ask(NO_PROXY=f"localhost,127.0.0.1,{number % 2}.test", account=account)
        return done.returncode

    with ThreadPoolExecutor(4) as pool:
        codes = pool.map(ask, range(4), [f"00000000000{1 + number // 2}" for number in range(4)])
    assert list(codes) == [0] * 4
    wait_for(job.received_notices)
    sockets = [path for path in (job.home.runtime / "brokers").iterdir() if path.is_socket()]
    assert len(sockets) == 2
    assert len(job.received_notices()) == 1


def test_a_refused_renewal_gives_a_notice(job):
    """AWS refuses a renewal while the token still works."""
    job.emulator.faults.token_seconds = 600
    job.emulator.faults.role_credentials_seconds = 60 * MINUTE
    job.sign_in()
    assert job.ask().returncode == 0
    assert not job.has_record()
    job.emulator.end_sign_ins("ana")
    # Less than a third of its lifetime is left, so the next call renews it first.
    job.age_token(500)
    job.ask(account="000000000002")
    wait_for(job.received_notices)
    ended = 'the sign-in to "corp" has ended: you must sign in'
    assert job.received_notices()[0].message.startswith(ended)
    # The renewal alone records the refusal: it may do so after the role call's own notice.
    wait_for(job.has_record)
