"""What callers ask the broker for, and what they are told: values only."""

from enum import Enum
from typing import NamedTuple

from ssohelper.core.model import RoleKey
from ssohelper.errors import SsoHelperError


class Request(NamedTuple):
    """One caller's question. Instants are monotonic seconds.

    `least_share`: which part of their life the credentials must still have, 0 to 1; more than 1
    asks AWS in any case. `may_wait_longer`: whether the caller waits past its deadline when told
    that its turn is coming.
    """

    key: RoleKey
    arrived_at: float
    deadline_at: float
    least_share: float = 0.0
    may_wait_longer: bool = False


class Wait(NamedTuple):
    """How long a caller may wait for a sign-in, and the file that every sign-in changes.

    `line` is what the caller prints when it begins to wait.
    """

    seconds: int
    watched_file: str
    line: str


class Reply(NamedTuple):
    """The credential-process document (one line of JSON, with secrets), or an error.

    `wait`: what a caller does instead of failing with LoginRequired; None: it fails.
    """

    document: bytes = b""
    error: SsoHelperError | None = None
    warnings: tuple[str, ...] = ()
    wait: Wait | None = None

    @property
    def exit_code(self) -> int:
        return self.error.exit_code if self.error else 0


class Found(NamedTuple):
    """What is cached for a role. `document` is b"" when nothing unexpired is cached.

    `is_good`: may be returned without asking AWS. `is_due`: is also to be renewed in the background.
    `due_token_id`: the token to renew in the background, if any.
    """

    document: bytes = b""
    is_good: bool = False
    is_due: bool = False
    due_token_id: str | None = None
    warning: str | None = None

    @property
    def reply(self) -> Reply:
        """Return this as it is handed out."""
        return Reply(self.document, warnings=(self.warning,) if self.warning else ())


class TokenState(Enum):
    """What the session's access token allows now."""

    GOOD = "good"
    NEAR_END = "valid, but renewed before use"
    ENDED = "expired: must be renewed"


class Token(NamedTuple):
    """`id` names the access token without showing it."""

    state: TokenState
    id: str
