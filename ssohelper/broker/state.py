"""What the broker knows: waiting callers, jobs, and how each session's AWS answers. Values only."""

from typing import NamedTuple

from ssohelper.broker.backoff import Backoff
from ssohelper.broker.requests import Reply, Request
from ssohelper.core.model import RoleKey
from ssohelper.errors import SsoHelperError

NEVER = float("inf")
# A renewal that is unanswered for so long counts as failing for those who wait for it. It goes on.
RENEWAL_SILENT_SECONDS = 15.0


class Caller:
    """One waiting caller; `fallback` is what it gets when nothing better comes in time."""

    def __init__(self, request: Request, channel: object = None) -> None:
        self.request = request
        self.channel = channel
        self.deadline_at = request.deadline_at
        self.fallback: Reply | None = None
        self.fallback_at = NEVER
        self.was_told_to_wait = False


class Job:
    """One role that AWS is, or will be, asked about."""

    def __init__(self, key: RoleKey) -> None:
        self.key = key
        self.callers: list[Caller] = []
        self.is_background = False
        self.is_under_way = False
        self.began_at = 0.0
        self.was_rejected = False
        self.backoff = Backoff()


class Remembered(NamedTuple):
    """A refusal of AWS's that is shared until `until`, or until the token file changes."""

    error: SsoHelperError
    fingerprint: str
    until: float


class Session:
    """What is known of one session: its renewal, and how AWS answers."""

    def __init__(self) -> None:
        self.renewal_began_at: float | None = None
        self.rejected_id: str | None = None
        self.renewal = Backoff()
        self.calls = Backoff()
        self.under_way = 0
        self.refused: Remembered | None = None

    def is_silent(self, now: float) -> bool:
        """Return whether AWS has not answered a renewal for very long."""
        began_at = self.renewal_began_at
        return began_at is not None and now >= began_at + RENEWAL_SILENT_SECONDS
