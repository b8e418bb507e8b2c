"""A job on profiles is told before, and when, its sign-in ends: whoever renews tells."""

import threading

from ssohelper.core.instants import to_iso
from tests.long_jobs.world import ROLE, Job, wait_for

MINUTE = 60


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


def test_the_last_role_call_before_a_threshold_tells_session_time_and_line(job: Job) -> None:
    # SDKs renew these after 45 min: then less than a quarter of an hour is left.
    job.emulator.faults.role_credentials_seconds = 60 * MINUTE
    ends_at = job.sign_in(ends_in=50 * MINUTE)
    assert job.ask().returncode == 0
    wait_for(job.told)
    [told] = job.told()
    assert told.session == "corp"
    assert told.at == to_iso(ends_at)
    assert told.command == "ssohelper login corp"
    assert f"before {to_iso(ends_at)}" in told.message


def test_a_role_call_that_is_followed_by_another_in_time_tells_nothing(job: Job) -> None:
    job.emulator.faults.role_credentials_seconds = 60 * MINUTE
    # The next renewal, in 44 min, comes 76 min before the end.
    job.sign_in(ends_in=120 * MINUTE)
    assert job.ask().returncode == 0
    assert not job.recorded()


def test_credentials_that_outlive_the_thresholds_make_it_told_at_once(job: Job) -> None:
    job.emulator.faults.role_credentials_seconds = 12 * 60 * MINUTE
    job.sign_in(ends_in=120 * MINUTE)
    assert job.ask().returncode == 0
    wait_for(job.told)
    assert "(in 1h 5" in job.told()[0].message or "(in 2h)" in job.told()[0].message


def test_an_end_that_is_only_assumed_is_never_told(job: Job) -> None:
    job.sign_in()
    assert job.ask().returncode == 0
    assert not job.recorded()


def test_two_brokers_and_many_roles_tell_once(job: Job) -> None:
    job.sign_in(ends_in=50 * MINUTE)
    codes: list[int] = []

    def ask(number: int, account: str) -> None:
        # Another value of this variable has a broker of its own.
        done = job.ask(NO_PROXY=f"localhost,127.0.0.1,{number % 2}.test", account=account)
        codes.append(done.returncode)

    asking = [
        threading.Thread(target=ask, args=(number, f"00000000000{1 + number // 2}"))
        for number in range(4)
    ]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    assert codes == [0] * 4
    wait_for(job.told)
    sockets = [path for path in (job.home.runtime / "brokers").iterdir() if path.is_socket()]
    assert len(sockets) == 2
    assert len(job.told()) == 1


def test_a_renewal_of_the_token_tells_too(job: Job) -> None:
    """A renewal that AWS refuses: what was issued before works on, until the token's end."""
    job.emulator.faults.token_seconds = 600
    job.emulator.faults.role_credentials_seconds = 60 * MINUTE
    job.sign_in()
    assert job.ask().returncode == 0
    assert not job.recorded()
    job.emulator.revoke_session("ana")
    # Less than a third of its life is left, so that the next call renews it first.
    job.age_token(500)
    job.ask(account="000000000002")
    wait_for(job.told)
    assert job.told()[0].message.startswith('the sign-in to "corp" has ended: you must sign in')
    # The renewal alone records the refusal: it may do so after the role call's own notice.
    wait_for(lambda: '"refused"' in job.record.read_text())


def test_a_new_sign_in_is_told_of_anew(job: Job) -> None:
    job.sign_in(ends_in=50 * MINUTE)
    assert job.ask().returncode == 0
    wait_for(lambda: len(job.told()) == 1)
    job.log_in()
    job.begin_sign_in(ends_in=40 * MINUTE)
    assert job.ask().returncode == 0
    wait_for(lambda: len(job.told()) == 2)


def test_a_command_that_cannot_be_started_is_a_warning(job: Job) -> None:
    job.notice_command("no-such-command")
    job.sign_in(ends_in=50 * MINUTE)
    done = job.ask()
    assert done.returncode == 0
    assert 'warning: "no-such-command" could not be started' in done.stderr


def test_where_nothing_can_be_recorded_credentials_still_come(job: Job) -> None:
    job.sign_in(ends_in=50 * MINUTE)
    (job.home.path / ".local/state/ssohelper/notices").write_text("in the way")
    assert job.ask().returncode == 0
    assert job.told() == []


def test_a_refusal_that_is_repeated_is_no_lost_answer(job: Job) -> None:
    job.sign_in()
    job.emulator.revoke_session("ana")
    job.age_token(4000)
    for number in range(3):
        # A broker of its own each time: one remembers a refusal for 30 s.
        assert "expired" in job.ask(NO_PROXY=f"127.0.0.1,localhost,{number}.test").stderr
