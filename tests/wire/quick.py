"""A Pacing that waits no real time."""

import time

from ssohelper.wire.portal import Pacing


def quick_pacing() -> Pacing:
    """Return the real Pacing with a clock that advances with each sleep."""
    slept = [0.0]

    def sleep(seconds: float) -> None:
        slept[0] += seconds

    return Pacing(100_000, monotonic=lambda: time.monotonic() + slept[0], sleep=sleep)
