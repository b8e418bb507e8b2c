"""A Pacing that waits no real time."""

import time

from ssohelper.wire.portal import Pacing


def quick_pacing() -> Pacing:
    """Return the real Pacing with a clock that advances with each sleep."""
    slept = [0.0]

    def sleep(seconds: float) -> None:
        slept[0] += seconds

    return Pacing(100_000, monotonic=lambda: time.monotonic() + slept[0], sleep=sleep)


def warn_of_foreign_token_only(message: str) -> None:
    """Fail on any warning but the one that another tool's token is sent to this machine."""
    assert "which another tool made" in message
