"""A job on profiles is told before, and when, its sign-in ends: whoever renews tells."""

from tests.long_jobs.world import ROLE, Job, wait_for


def test_a_boto3_job_is_told_once_that_its_sign_in_ended(job: Job) -> None:
    """Issue 11, finding 8: such a job died silently."""
    job.emulator.faults.token_seconds = 3
    job.emulator.faults.role_credentials_seconds = 15
    job.sign_in()
    program = job.start()
    assert program.stdout
    assert ROLE in program.stdout.readline()
    job.emulator.revoke_session("ana")
    _, err = program.communicate(timeout=60)
    assert "ssohelper login corp" in err
    wait_for(lambda: any("is over" in told.message for told in job.told()))
    [over] = [told for told in job.told() if "is over" in told.message]
    assert (over.session, over.command) == ("corp", "ssohelper login corp")
    for _ in range(3):
        assert job.ask().returncode == 4
    assert [told for told in job.told() if "is over" in told.message] == [over]
