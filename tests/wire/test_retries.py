"""Up to three tries of one call: which failures are tried again, and after which pause."""

import pytest

from ssohelper.errors import AnswerLost, AwsUnreachable, BadAnswer, LoginRequired, Throttled
from ssohelper.wire.transport import call_with_retries, pause_seconds_before_retry


class Call:
    """A call that fails as scripted and then succeeds; no time passes but in its pauses."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.made = 0
        self.now = 0.0
        self.pauses: list[float] = []

    def ask(self) -> str:
        self.made += 1
        if self.failures:
            raise self.failures.pop(0)
        return "answer"

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def run(self, seconds: float = 18, *, is_repeatable: bool = True) -> str:
        return call_with_retries(
            lambda _deadline: self.ask(),
            seconds,
            is_repeatable=is_repeatable,
            monotonic=lambda: self.now,
            sleep=self.sleep,
        )


@pytest.mark.parametrize(("tries", "least"), [(1, 0.2), (2, 0.4), (3, 0.8)])
def test_the_pause_doubles_and_is_random(tries: int, least: float) -> None:
    found = [pause_seconds_before_retry(tries) for _ in range(400)]
    assert least <= min(found) < max(found) <= 2 * least
    assert min(found) < 1.2 * least
    assert max(found) > 1.8 * least


@pytest.mark.parametrize(("failures", "made"), [(0, 1), (1, 2), (2, 3)])
def test_an_unreachable_aws_is_tried_three_times(failures: int, made: int) -> None:
    call = Call(*[AwsUnreachable("down")] * failures)
    assert call.run() == "answer"
    assert (call.made, len(call.pauses)) == (made, failures)


def test_the_third_failure_is_raised() -> None:
    call = Call(*[AwsUnreachable("down")] * 3)
    with pytest.raises(AwsUnreachable):
        call.run()
    assert (call.made, len(call.pauses)) == (3, 2)


@pytest.mark.parametrize("error", [BadAnswer("x"), LoginRequired("x")])
def test_an_answer_is_never_asked_for_again(error: Exception) -> None:
    call = Call(error)
    with pytest.raises(type(error)):
        call.run()
    assert call.made == 1


@pytest.mark.parametrize(("is_repeatable", "made"), [(True, 2), (False, 1)])
def test_a_lost_answer_is_asked_for_again_where_that_does_no_harm(is_repeatable, made):
    call = Call(AnswerLost("lost"))
    if is_repeatable:
        assert call.run() == "answer"
    else:
        with pytest.raises(AnswerLost):
            call.run(is_repeatable=False)
    assert call.made == made


def test_the_pause_is_as_long_as_aws_asks_and_the_deadline_allows() -> None:
    call = Call(Throttled("429", retry_after_seconds=5.0))
    assert call.run() == "answer"
    assert call.pauses == [5.0]
    call = Call(Throttled("429", retry_after_seconds=0.0))
    assert call.run() == "answer"
    assert call.pauses[0] >= 0.2
    for seconds, made in ((6.0, 2), (5.9, 1)):
        call = Call(Throttled("429", retry_after_seconds=5.0))
        if made == 2:
            assert call.run(seconds) == "answer"
        else:
            with pytest.raises(Throttled):
                call.run(seconds)
        assert call.made == made
