"""Makes up to three tries of a call that the user waits for, within the call's deadline."""

import os
import time
from collections.abc import Callable
from typing import TypeVar

from ssohelper.core.deadline import Deadline
from ssohelper.errors import AnswerLost, AwsUnreachable, BadAnswer

_T = TypeVar("_T")
TRIES = 3
PAUSE_SECONDS = 0.2
# If less time than this is left, another try is pointless.
_SHORTEST_TRY_SECONDS = 1.0


def call_with_retries(
    ask: Callable[[], _T],
    deadline: Deadline,
    *,
    is_repeatable: bool,
    sleep: Callable[[float], None] = time.sleep,
) -> _T:
    """Call `ask`, which sends one request to AWS, at most three times; return its result.

    `ask` is called again if AWS was not reached or was busy. After a lost answer it is called again
    only if `is_repeatable`, since AWS may have acted on the first request. After a BadAnswer it is
    never called again.
    """
    for made in range(1, TRIES + 1):
        try:
            return ask()
        except BadAnswer:
            raise
        except AwsUnreachable as error:
            pause = pause_seconds_before_retry(made)
            asked = getattr(error, "retry_after_seconds", None)
            if asked is not None:
                pause = max(pause, asked)
            is_lost = isinstance(error, AnswerLost) and not is_repeatable
            if is_lost or made == TRIES or pause + _SHORTEST_TRY_SECONDS > deadline.seconds_left():
                raise
            sleep(pause)
    raise AssertionError("unreachable: the last try returns a result or raises an error")


def pause_seconds_before_retry(tries_made: int) -> float:
    """Return the pause before the next try: 0.2 to 0.4 s, doubled with each try.

    The pause is random, so that processes do not retry at the same time.
    """
    # This uses os.urandom because importing random costs 4 ms.
    return float(PAUSE_SECONDS * 2 ** (tries_made - 1) * (1 + os.urandom(1)[0] / 255))
