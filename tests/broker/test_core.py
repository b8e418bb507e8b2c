"""The broker's decisions: it asks for each role once, at AWS's pace, for all callers."""

import pytest

from ssohelper.broker.limits import MOST_CALLS, PATIENCE_SECONDS
from ssohelper.broker.requests import FoundCredentials
from ssohelper.errors import (
    AwsUnreachable,
    BadAnswer,
    LocalState,
    LoginRequired,
    NotOurs,
    RoleNotAssigned,
    SsoHelperError,
    Superseded,
    Throttled,
    TokenRejected,
)
from tests.broker.world import DOWN, ENDED, GOOD, NEAR_END, RENEWED, World, document

OLD = FoundCredentials(b"old\n")
CACHED = FoundCredentials(b"cached\n", is_good=True)
DUE = FoundCredentials(b"cached\n", is_good=True, is_due=True)
NEEDS_SIGN_IN = LoginRequired('the session "corp" expired')
NO_ACCESS = RoleNotAssigned("no access")


def rejected(token_id: str) -> TokenRejected:
    error = TokenRejected("401")
    error.token_id = token_id
    return error


@pytest.fixture
def world() -> World:
    return World()


class TestSingleFlight:
    def test_any_number_of_callers_of_one_role_make_one_call(self, world):
        callers = [world.ask() for _ in range(500)]
        assert world.calls == [(0.0, "A")]
        world.end()
        assert {world.answer_of(caller) for caller in callers} == {document()}
        assert world.broker.is_done

    @pytest.mark.parametrize("other", [{"role": "B"}, {"session": "lab"}])
    def test_each_role_of_each_session_gets_its_own_answer(self, world, other):
        first, second = world.ask(), world.ask(**other)
        assert len(world.calls) == 2
        world.end(**other)
        assert world.answer_of(first) is None
        assert world.answer_of(second) == document(other.get("role", "A"))
        world.end()
        assert world.answer_of(first) == document()

    def test_a_caller_that_comes_during_the_call_gets_its_answer_and_no_later_one(self, world):
        world.ask()
        world.go_to(0.5)
        late = world.ask()
        world.end()
        assert (world.answer_of(late), len(world.calls)) == (document(), 1)
        world.ask()
        assert len(world.calls) == 2

    def test_an_answer_superseded_by_a_sign_in_is_asked_for_again(self, world):
        caller = world.ask()
        world.end(outcome=Superseded("meanwhile"))
        assert (world.answer_of(caller), len(world.calls)) == (None, 2)
        world.end()
        assert world.answer_of(caller) == document()

    @pytest.mark.parametrize("error", [LocalState("full"), SsoHelperError("x"), NEEDS_SIGN_IN])
    def test_a_local_error_ends_all_callers_and_is_not_shared_with_later_ones(self, world, error):
        callers = [world.ask() for _ in range(3)]
        world.end(outcome=error)
        assert {world.answer_of(caller) for caller in callers} == {error}
        world.ask()
        assert len(world.calls) == 2


class TestCached:
    def test_good_credentials_are_served_at_once_and_aws_is_not_asked(self, world):
        world.found["A"] = CACHED
        assert world.answer_of(world.ask()) == b"cached\n"
        assert (world.calls, world.renewals) == ([], [])

    def test_another_programs_file_at_our_path_is_an_error(self, world):
        world.find_error = NotOurs("a link")
        assert world.answer_of(world.ask()) is world.find_error
        assert world.broker.is_done

    def test_a_warning_comes_with_the_credentials(self, world):
        world.found["A"] = OLD._replace(warning="another tool")
        caller = world.ask()
        world.end(outcome=DOWN)
        assert world.replies[caller][1].warnings == ("another tool",)


class TestBackgroundRenewal:
    def test_due_credentials_and_token_are_each_renewed_once_in_the_background(self, world):
        world.found["A"] = DUE._replace(due_token_id="t1")
        assert [world.answer_of(world.ask()) for _ in range(3)] == [b"cached\n"] * 3
        assert (world.calls, world.renewals) == ([(0.0, "A")], [(0.0, "corp", "t1")])
        world.end()
        assert world.broker.is_done
        assert not world.broker.is_idle(world.now)
        world.note_renewal_end()
        assert world.broker.is_idle(world.now)

    def test_nothing_is_renewed_in_the_background_with_renew_ahead_off(self, world):
        world.is_background = False
        world.found["A"] = DUE._replace(due_token_id="t1")
        assert world.answer_of(world.ask()) == b"cached\n"
        assert (world.calls, world.renewals) == ([], [])

    @pytest.mark.parametrize("error", [DOWN, Throttled("429"), NO_ACCESS, NEEDS_SIGN_IN])
    def test_a_failed_background_renewal_is_not_repeated_without_a_caller(self, world, error):
        world.found["A"] = DUE
        world.ask()
        world.end(outcome=error)
        world.go_to(60)
        assert (len(world.calls), world.broker.is_done) == (1, True)

    def test_callers_come_before_background_renewals(self, world):
        for role in (f"due-{number}" for number in range(30)):
            world.found[role] = DUE
            world.ask(role)
        begun = len(world.calls)
        assert begun < MOST_CALLS
        caller = world.ask("wanted")
        world.end("due-0")
        assert world.calls[begun][1] == "wanted"
        world.end("wanted")
        assert world.answer_of(caller) == document("wanted")

    def test_a_caller_joins_a_background_renewal_under_way(self, world):
        world.found["A"] = DUE
        world.ask()
        world.found["A"] = OLD
        caller = world.ask()
        world.end()
        assert (world.answer_of(caller), len(world.calls)) == (document(), 1)


def test_while_a_renewal_is_under_way_an_earlier_full_disk_is_not_told(world):
    world.tokens["corp"] = ENDED
    world.ask("A", seconds=3.0)
    world.note_renewal_end(LocalState("no space left"))
    world.go_to(30.0)
    caller = world.ask("A")
    world.go_to(30.0 + PATIENCE_SECONDS)
    assert world.answer_of(caller) is None
    world.go_to(45.1)
    error = world.answer_of(caller)
    assert isinstance(error, AwsUnreachable)
    assert "has not answered the renewal" in error.message


def test_after_a_long_outage_a_caller_just_after_a_failure_sees_the_next_try(world):
    for second in range(0, 120, 2):
        world.ask(seconds=1.0)
        world.run_to(float(second), lambda _now: DOWN)
    while world.calls[-1][0] < world.now:
        world.ask(seconds=1.0)
        world.run_to(world.now + 0.5, lambda _now: DOWN)
    caller = world.ask()
    world.run_to(world.now + PATIENCE_SECONDS, lambda _now: None)
    assert world.answer_of(caller) == document()


class TestAfterARenewal:
    """Calls failed 26 s before, and the renewal takes longer than a caller waits for calls."""

    @pytest.fixture
    def caller(self, world):
        """A caller that has waited for a renewal for 4 s."""
        world.ask("A")
        world.run_to(4.0, lambda _now: DOWN)
        world.tokens["corp"] = ENDED
        world.go_to(30.0)
        caller = world.ask("A")
        world.go_to(34.0)
        assert world.answer_of(caller) is None
        return caller

    def test_the_caller_is_told_of_the_refused_renewal_and_of_no_old_failure(self, world, caller):
        world.note_renewal_end(NEEDS_SIGN_IN)
        assert world.answer_of(caller) is NEEDS_SIGN_IN

    @pytest.mark.parametrize("error", [None, NEEDS_SIGN_IN])
    def test_the_caller_waits_for_its_call_while_a_token_works(self, world, caller, error):
        world.tokens["corp"] = NEAR_END
        world.note_renewal_end(error)
        assert world.answer_of(caller) is None
        world.end()
        assert world.answer_of(caller) == document()


class TestPace:
    def test_at_most_16_calls_are_under_way_and_4_before_the_first_answer(self, world):
        """While AWS is down, no more requests than these are wasted."""
        for number in range(30):
            world.ask(f"R{number}")
        assert len(world.under_way) == 4
        world.end("R3")
        assert len(world.under_way) == MOST_CALLS == 16
        world.go_to(1.1)
        world.end("R0")
        assert len(world.under_way) == 16

    def test_200_roles_take_20_calls_a_second_without_an_error(self, world):
        callers = {f"R{number}": world.ask(f"R{number}", waits=True) for number in range(200)}
        world.run_to(11.0, lambda _now: None)
        assert all(world.answer_of(one) == document(role) for role, one in callers.items())
        for began, _ in world.calls:
            assert sum(began <= at < began + 1.0 for at, _ in world.calls) <= 20
        assert world.calls[-1][0] <= 200 / 20 * 1.15 + 2

    def test_calls_count_from_when_they_are_sent_even_if_reading_the_token_took_long(self, world):
        world.broker._pace._full_rate = world.broker._pace.rate = 3.0
        world.read_seconds = 0.3
        for number in range(9):
            world.ask(f"R{number}")
        world.read_seconds = 0.0
        world.run_to(4.0, lambda _now: None)
        assert len(world.calls) == 9
        for began, _ in world.calls:
            assert sum(began <= at < began + 1.0 for at, _ in world.calls) <= 3

    def test_a_429_among_answers_lowers_the_pace_and_fails_no_caller(self, world):
        callers = [world.ask(f"R{number}") for number in range(12)]
        for number in range(4):
            world.end(f"R{number}")
        for number in range(4, 12):
            world.end(f"R{number}", Throttled("429"))
        assert all(world.answer_of(caller) is None for caller in callers[4:])
        world.run_to(10.0, lambda _now: None)
        assert all(isinstance(world.answer_of(caller), bytes) for caller in callers)
        second = [at for at, _ in world.calls if at > 0]
        # 4 calls got through in the last second; the first answer after that adds one.
        assert all(sum(at <= one < at + 1.0 for one in second) <= 5 for at in second[:4])

    def test_the_retry_after_of_a_429_among_answers_is_honoured(self, world):
        world.ask("A")
        caller = world.ask("B")
        world.end("A")
        world.end("B", Throttled("429", retry_after_seconds=3))
        world.run_to(10.0, lambda _now: None)
        assert world.calls[-1] == (3.0, "B")
        assert world.answer_of(caller) == document("B")


class TestRefusals:
    """Exits 4 and 5 are shared for 30 s, or until the token file changes."""

    @pytest.mark.parametrize(("at", "calls"), [(0.0, 1), (29.9, 1), (30.0, 2)])
    def test_a_role_that_is_not_assigned_is_not_asked_for_again(self, world, at, calls):
        world.ask()
        world.end(outcome=NO_ACCESS)
        world.go_to(at)
        assert world.broker.is_idle(at) is (calls == 2)
        assert world.answer_of(world.ask()) is (NO_ACCESS if calls == 1 else None)
        assert len(world.calls) == calls

    def test_a_refusal_is_shared_for_its_role_only_until_the_token_file_changes(self, world):
        world.ask()
        world.end(outcome=NO_ACCESS)
        world.ask("B")
        assert [role for _, role in world.calls] == ["A", "B"]
        world.prints["corp"] = "f2"
        world.ask()
        assert len(world.calls) == 3

    @pytest.mark.parametrize("error", [NO_ACCESS, NotOurs("a link")])
    def test_cached_credentials_are_not_served_after_a_refusal_or_planted_file(self, world, error):
        world.found["A"] = OLD
        caller = world.ask()
        world.end(outcome=error)
        assert world.answer_of(caller) is error
        if error is NO_ACCESS:
            assert world.answer_of(world.ask()) is error

    @pytest.mark.parametrize(("at", "renewals"), [(0.0, 1), (29.9, 1), (30.0, 2)])
    def test_a_refused_renewal_is_shared_by_all_roles_of_the_session(self, world, at, renewals):
        world.tokens["corp"] = ENDED
        callers = [world.ask("A"), world.ask("B")]
        world.note_renewal_end(NEEDS_SIGN_IN)
        assert [world.answer_of(caller) for caller in callers] == [NEEDS_SIGN_IN] * 2
        world.go_to(at)
        assert world.answer_of(world.ask("C")) is (NEEDS_SIGN_IN if renewals == 1 else None)
        assert (len(world.renewals), world.calls) == (renewals, [])

    def test_a_refused_renewal_is_its_sessions_until_the_token_file_changes(self, world):
        world.tokens["corp"] = ENDED
        world.ask()
        world.note_renewal_end(NEEDS_SIGN_IN)
        other = world.ask(session="lab")
        world.end(session="lab")
        world.tokens["corp"], world.prints["corp"] = RENEWED, "f2"
        caller = world.ask()
        world.end()
        assert world.answer_of(other) == world.answer_of(caller) == document()

    def test_callers_of_a_signed_out_session_end_at_once(self, world):
        world.tokens["corp"] = NEEDS_SIGN_IN
        callers = [world.ask("A"), world.ask("B")]
        assert [world.answer_of(caller) for caller in callers] == [NEEDS_SIGN_IN] * 2
        world.tokens["corp"] = GOOD
        world.ask()
        assert len(world.calls) == 1


class TestProbes:
    """Exit 6 is shared between probes: each second for 10 s, then every 2, at most 4 s."""

    def down_until(self, moment: float):
        return lambda now: None if now >= moment else DOWN

    @pytest.mark.parametrize(
        ("error", "works_from", "comes", "answered"),
        [
            (DOWN, 0.5, 0.0, 1.0),
            (BadAnswer("nonsense"), 2.0, 0.0, 2.0),
            (DOWN, 0.6, 0.6, 1.0),  # between two probes
        ],
    )
    def test_a_caller_waits_for_a_good_probe(self, world, error, works_from, comes, answered):
        callers = [world.ask()]
        for moment in (comes, 20.0):
            world.run_to(moment, lambda now: None if now >= works_from else error)
            callers.append(world.ask())
        assert [world.answered_at(one) for one in callers[:2]] == [answered] * 2
        assert world.answer_of(callers[1]) == document()

    def test_a_caller_waits_through_failures_for_3_5_s(self, world):
        caller = world.ask()
        world.run_to(20.0, self.down_until(99))
        assert [at for at, _ in world.calls] == [0.0, 1.0, 2.0, 3.0]
        assert world.answer_of(caller) is DOWN
        # The next probe would be at 4 s: waiting another half second would be useless.
        assert world.answered_at(caller) == 3.0

    def test_one_caller_probes_for_all_roles(self, world):
        """At most 12 calls for 40 roles while AWS fails for 5 s; all roles work seconds later.

        Up to 16 only where many calls were under way before the first failure.
        """
        world.ask("first")
        world.run_to(0.1, self.down_until(5.0))
        callers = []
        while world.now < 5:
            callers += [world.ask(f"R{number}") for number in range(40)]
            world.run_to(world.now + 0.5, self.down_until(5.0))
        assert len([at for at, _ in world.calls if at < 5]) <= 12
        last = callers[-40:]
        world.run_to(10.0, self.down_until(5.0))
        assert all(isinstance(world.answer_of(caller), bytes) for caller in last)
        assert min(world.answered_at(caller) for caller in last) <= 5.0 + 1.0
        # 40 roles at 20 calls/s take 2 s.
        assert max(world.answered_at(caller) for caller in last) <= 5.0 + 1.0 + 2.1

    def test_the_first_success_ends_the_probing_for_all_roles(self, world):
        callers = [world.ask("A"), world.ask("B")]
        world.end("A", DOWN)
        world.end("B", DOWN)
        world.go_to(1.0)
        for _ in callers:
            [probed] = world.under_way  # one probe at a time
            world.end(probed.role_name)
        assert [world.answer_of(one) for one in callers] == [document("A"), document("B")]

    def test_one_failing_role_does_not_delay_the_others(self, world):
        world.ask("broken")
        world.ask("works")
        world.end("works")
        world.end("broken", DOWN)
        caller = world.ask("other")
        assert world.calls[-1] == (0.0, "other")
        world.end("other")
        assert world.answer_of(caller) == document("other")

    @pytest.mark.parametrize(("asked", "honoured"), [(5, 5.0), (8, 8.0), (3600, 8.0), (0, 1.0)])
    def test_retry_after_is_obeyed_up_to_8_s(self, world, asked, honoured):
        caller = world.ask()
        world.end(outcome=Throttled("429", retry_after_seconds=asked))
        world.run_to(17.0, lambda _now: None)
        first, second = [at for at, _ in world.calls]
        assert first == 0.0
        assert honoured <= second <= honoured + 0.02  # the window of the pace is 1.02 s
        assert world.answer_of(caller) == document()

    def test_callers_wait_through_a_429_up_to_the_deadline(self, world):
        throttled = Throttled("429")
        caller = world.ask()
        world.run_to(30.0, lambda _now: throttled)
        assert world.answer_of(caller) is throttled
        assert world.answered_at(caller) == 18.0

    def test_unexpired_credentials_are_served_at_the_first_failure(self, world):
        world.found["A"] = OLD
        caller = world.ask()
        world.go_to(0.4)
        world.end(outcome=DOWN)
        assert (world.answered_at(caller), world.answer_of(caller)) == (0.4, b"old\n")
        # Cached credentials are given between two probes, too.
        assert world.answer_of(world.ask()) == b"old\n"
        assert len(world.calls) == 1


class TestDeadlines:
    def test_a_caller_whose_cached_credentials_a_sign_in_removes_waits_for_new_ones(self, world):
        world.found["A"], world.tokens["corp"] = OLD, ENDED
        caller = world.ask()
        world.go_to(3.9)
        world.found.clear()  # another person's sign-in removes the credentials
        world.go_to(4.1)
        assert world.answer_of(caller) is None
        world.note_renewal_end()
        world.end()
        assert world.answer_of(caller) == document()

    @pytest.mark.parametrize("seconds", [18.0, 3.0])
    def test_a_caller_without_cached_credentials_waits_until_its_deadline(self, world, seconds):
        caller = world.ask(seconds=seconds, waits=True)
        world.go_to(60)
        error = world.answer_of(caller)
        assert isinstance(error, AwsUnreachable)
        assert error.message == "AWS gave no answer in time"
        assert world.answered_at(caller) == seconds
        assert world.told == [], "nothing is coming: AWS does not answer"

    @pytest.mark.parametrize("token", [GOOD, ENDED])
    @pytest.mark.parametrize(("seconds", "expected"), [(18.0, 4.0), (3.0, 3.0)])
    def test_unexpired_credentials_are_served_after_4_s(self, world, seconds, expected, token):
        """Neither an unanswered role call nor an unanswered renewal is waited for longer."""
        world.found["A"], world.tokens["corp"] = OLD, token
        caller = world.ask(seconds=seconds)
        world.go_to(60)
        assert (world.answered_at(caller), world.answer_of(caller)) == (expected, b"old\n")

    def test_each_caller_has_its_own_deadline(self, world):
        early, late = world.ask(seconds=4), world.ask(seconds=9)
        world.go_to(6)
        world.end()
        assert isinstance(world.answer_of(early), AwsUnreachable)
        assert world.answer_of(late) == document()

    def test_a_caller_whose_call_is_queued_is_told_to_wait_up_to_50_s(self, world):
        """At 4 calls/s, 160 roles take 40 s: none fails."""
        world.broker._pace._full_rate = world.broker._pace.rate = 4.0
        callers = [world.ask(f"R{number}", waits=True) for number in range(160)]
        world.run_to(60.0, lambda _now: None)
        assert all(isinstance(world.answer_of(caller), bytes) for caller in callers)
        assert max(world.answered_at(caller) for caller in callers) > 30
        told = {caller for _, caller, _ in world.told}
        late = {caller for caller in callers if world.answered_at(caller) > 18}
        assert late <= told
        assert len(world.told) == len(told), "a caller is told once"
        for at, caller, seconds in world.told:
            assert 16.0 <= at < 18.0
            assert at + seconds == pytest.approx(caller.request.arrived_at + 50.0)

    @pytest.mark.parametrize(("may_wait", "longest"), [(True, 50.0), (False, 18.0)])
    def test_no_caller_waits_more_than_50_s_or_than_it_may(self, world, may_wait, longest):
        world.broker._pace._full_rate = world.broker._pace.rate = 1.0
        callers = [world.ask(f"R{number}", waits=may_wait) for number in range(80)]
        world.run_to(80.0, lambda _now: None)
        assert max(world.answered_at(caller) for caller in callers) == longest
        assert isinstance(world.answer_of(callers[-1]), AwsUnreachable)
        assert bool(world.told) is may_wait


class TestRenewal:
    def test_one_renewal_serves_all_roles_of_the_session(self, world):
        world.tokens["corp"] = ENDED
        callers = [world.ask(f"R{number}") for number in range(10)]
        assert (world.renewals, world.calls) == ([(0.0, "corp", "t1")], [])
        world.go_to(2.0)
        world.note_renewal_end()
        assert world.calls
        world.run_to(3.0, lambda _now: None)
        assert all(isinstance(world.answer_of(caller), bytes) for caller in callers)
        assert len(world.renewals) == 1

    def test_a_call_with_an_unexpired_token_waits_at_most_6_s_for_its_renewal(self, world):
        world.tokens["corp"] = NEAR_END
        caller = world.ask()
        assert world.renewals == [(0.0, "corp", "t1")]
        world.go_to(5.9)
        assert world.calls == []
        world.go_to(6.0)
        assert world.calls == [(6.0, "A")]
        world.end()
        assert world.answer_of(caller) == document()

    @pytest.mark.parametrize("error", [DOWN, NEEDS_SIGN_IN, LocalState("read-only")])
    @pytest.mark.parametrize("took", [0.2, 1.0, 3.0])
    def test_after_a_failed_renewal_an_unexpired_token_is_used(self, world, error, took):
        """However long the failure took: role calls then wait for no further renewal."""
        world.tokens["corp"] = NEAR_END
        caller = world.ask()
        world.go_to(took)
        world.note_renewal_end(error)
        assert len(world.calls) == 1
        world.end()
        assert (world.answer_of(caller), world.answered_at(caller)) == (document(), took)

    def test_after_a_renewal_an_outage_before_it_does_not_count(self, world):
        """AWS has just answered, so another person's credentials are not served instead of ours."""
        world.broker.forget_caller(world.ask())
        world.end(outcome=DOWN)
        world.go_to(30.0)
        world.tokens["corp"] = ENDED
        world.found["A"] = OLD._replace(warning="another tool changed the sign-in")
        caller = world.ask()
        world.go_to(30.5)
        world.note_renewal_end()
        assert world.answer_of(caller) is None
        world.end()
        assert world.answer_of(caller) == document()

    def test_a_renewal_that_aws_does_not_answer_ends_callers_at_their_deadline(self, world):
        world.tokens["corp"] = ENDED
        caller = world.ask(waits=True)
        world.go_to(60)
        error = world.answer_of(caller)
        assert isinstance(error, AwsUnreachable)
        assert "has not answered the renewal" in error.message
        # After 15 s it counts as failing for the callers that wait for it; it goes on.
        assert world.answered_at(caller) == 15.0
        assert len(world.renewals) == 1, "it is under way and not asked for twice"

    def test_a_renewal_goes_on_without_callers_and_its_outcome_counts(self, world):
        world.tokens["corp"] = ENDED
        caller = world.ask()
        world.broker.forget_caller(caller)
        assert not world.broker.is_idle(world.now)
        world.go_to(40)
        world.note_renewal_end()
        world.ask()
        assert (len(world.renewals), len(world.calls)) == (1, 1)

    @pytest.mark.parametrize(("works", "answer"), [(True, document()), (False, DOWN)])
    def test_a_failing_renewal_is_retried_by_probes_for_3_5_s(self, world, works, answer):
        world.tokens["corp"] = ENDED
        caller = world.ask()
        for moment in (0.0, 1.0, 2.0, 3.0):
            world.go_to(moment)
            assert world.renewals[-1][0] == moment
            assert world.answer_of(caller) is None
            world.note_renewal_end(None if works and moment == 3.0 else DOWN)
        assert len(world.renewals) == 4
        if works:
            world.end()
        assert (world.answer_of(caller), world.answered_at(caller)) == (answer, 3.0)
        assert world.broker.is_done

    @pytest.mark.parametrize("error", [LocalState("no space left"), NEEDS_SIGN_IN])
    def test_a_local_error_or_refusal_of_a_renewal_ends_callers_at_once(self, world, error):
        world.tokens["corp"], world.found["B"] = ENDED, OLD
        without, with_old = world.ask("A"), world.ask("B")
        world.note_renewal_end(error)
        assert world.answer_of(without) is error
        assert world.answer_of(with_old) == b"old\n"


class TestRejectedToken:
    def test_a_rejected_token_is_renewed_once_and_each_role_asked_for_again(self, world):
        caller = world.ask()
        others = [world.ask("B"), caller]
        for role in "AB":
            world.end(role, rejected("t1"))
        assert (world.renewals, len(world.calls)) == ([(0.0, "corp", "t1")], 2)
        world.note_renewal_end()
        assert len(world.calls) == 4
        world.run_to(1.0, lambda _now: None)
        assert [world.answer_of(one) for one in others] == [document("B"), document()]

    def test_another_tools_token_is_used_without_a_renewal(self, world):
        world.ask()
        world.tokens["corp"] = RENEWED
        world.end(outcome=rejected("t1"))
        assert (world.renewals, len(world.calls)) == ([], 2)

    @pytest.mark.parametrize("is_early", [False, True])
    def test_a_renewed_token_that_is_rejected_too_is_exit_4_for_30_s(self, world, is_early):
        """Also if AWS rejects the saved token before its renewal reports its end."""
        caller = world.ask()
        world.end(outcome=rejected("t1"))
        if is_early:
            world.tokens["corp"], world.prints["corp"] = RENEWED, f"f of {RENEWED}"
            world.go_to(10.0)
        else:
            world.note_renewal_end()
        error = rejected("t2")
        world.end(outcome=error)
        if is_early:
            world.note_renewal_end()
        assert world.answer_of(caller) is error
        assert world.answer_of(world.ask("B")) is error
        assert (len(world.calls), len(world.renewals)) == (2, 1)
        world.go_to(world.now + 30.0)
        world.ask("B")
        assert len(world.renewals) == 2

    def test_unexpired_credentials_are_served_for_a_rejected_token(self, world):
        world.found["A"] = OLD
        caller = world.ask()
        world.end(outcome=rejected("t1"))
        world.note_renewal_end(NEEDS_SIGN_IN)
        assert world.answer_of(caller) == b"old\n"


class TestWithdrawnCallers:
    def test_when_one_caller_withdraws_the_others_are_answered(self, world):
        gone, stays = world.ask(), world.ask()
        world.broker.forget_caller(gone)
        world.end()
        assert world.answer_of(gone) is None
        assert world.answer_of(stays) == document()

    @pytest.mark.parametrize("is_answered_first", [True, False])
    def test_a_call_under_way_goes_on_without_callers(self, world, is_answered_first):
        caller = world.ask()
        acts = [world.end, lambda: world.broker.forget_caller(caller)]
        for act in acts if is_answered_first else reversed(acts):
            act()
        assert world.broker.is_done

    def test_no_call_is_started_for_withdrawn_callers(self, world):
        for number in range(MOST_CALLS):
            world.ask(f"R{number}")
        gone = world.ask("gone")
        world.broker.forget_caller(gone)
        world.run_to(5.0, lambda _now: None)
        assert "gone" not in [role for _, role in world.calls]
        assert world.broker.is_done
