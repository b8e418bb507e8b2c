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
def test_the_pause_doubles_and_is_random(tries, least):
    found = [pause_seconds_before_retry(tries) for _ in range(400)]
    assert least <= min(found) < max(found) <= 2 * least
    assert min(found) < 1.2 * least
    assert max(found) > 1.8 * least


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_an_unreachable_aws_is_tried_three_times(failures):
    call = Call(*[AwsUnreachable("down")] * failures)
    assert call.run() == "answer"
    assert (call.made, len(call.pauses)) == (failures + 1, failures)


@pytest.mark.parametrize(
    ("errors", "is_repeatable", "made"),
    [
        ([AwsUnreachable("down")] * 3, True, 3),
        ([BadAnswer("x")], True, 1),
        ([LoginRequired("x")], True, 1),
        ([AnswerLost("lost")], False, 1),
        ([AnswerLost("lost")] * 3, True, 3),
    ],
)
def test_the_third_failure_an_answer_and_what_would_do_harm_are_raised(errors, is_repeatable, made):
    call = Call(*errors)
    with pytest.raises(type(errors[0])):
        call.run(is_repeatable=is_repeatable)
    assert (call.made, len(call.pauses)) == (made, made - 1)


def test_the_pause_is_as_long_as_aws_asks_and_the_deadline_allows():
    for asked, seconds, pause in ((5.0, 18, 5.0), (5.0, 6.0, 5.0), (0.0, 18, 0.2)):
        call = Call(Throttled("429", retry_after_seconds=asked))
        assert call.run(seconds) == "answer"
        assert pause <= call.pauses[0] <= max(pause, 0.4)
    call = Call(Throttled("429", retry_after_seconds=5.0))
    with pytest.raises(Throttled):
        call.run(5.9)
    assert call.made == 1
