"""A pace whose pauses pass at once."""

import time

from ssohelper.wire.pacing import Pacing


def quick_pacing() -> Pacing:
    """Return the real Pacing on a clock that a sleep sets forward."""
    slept = [0.0]

    def sleep(seconds: float) -> None:
        slept[0] += seconds

    return Pacing(100_000, monotonic=lambda: time.monotonic() + slept[0], sleep=sleep)


def warn_of_foreign_token_only(message: str) -> None:
    """Fail on a warning, except that another tool's token goes to this machine, as a test's does."""
    assert "which another tool made" in message
