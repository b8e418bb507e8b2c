"""The broker's requests, replies and what is cached for a role: values only."""

from enum import Enum
from typing import NamedTuple

from ssohelper.core.model import RoleKey
from ssohelper.errors import SsoHelperError


class Request(NamedTuple):
    """One caller's request. Times are monotonic seconds.

    `least_share`: the share of their lifetime that the credentials must have left, 0 to 1; more
    than 1 asks AWS whatever is cached. `may_wait_longer`: whether the caller waits past its
    deadline when told that its call will soon be sent.
    """

    key: RoleKey
    arrived_at: float
    deadline_at: float
    least_share: float = 0.0
    may_wait_longer: bool = False


class Wait(NamedTuple):
    """How long a caller may wait for a sign-in, and the file that every sign-in changes.

    The caller prints `line` when it starts to wait.
    """

    seconds: int
    watched_file: str
    line: str


class Reply(NamedTuple):
    """The credential-process document (one line of JSON, with secrets), or an error.

    `wait`: how a caller waits instead of failing with LoginRequired; None: it fails.
    """

    document: bytes = b""
    error: SsoHelperError | None = None
    warnings: tuple[str, ...] = ()
    wait: Wait | None = None

    @property
    def exit_code(self) -> int:
        """The exit code of a caller that prints this reply."""
        return self.error.exit_code if self.error else 0


class Found(NamedTuple):
    """What is cached for a role. `document` is b"" when nothing unexpired is cached.

    `is_good`: may be returned without asking AWS. `is_due`: should be renewed in the background.
    `due_token_id`: the token to renew in the background, if any.
    """

    document: bytes = b""
    is_good: bool = False
    is_due: bool = False
    due_token_id: str | None = None
    warning: str | None = None

    @property
    def reply(self) -> Reply:
        """The reply with these cached credentials."""
        return Reply(self.document, warnings=(self.warning,) if self.warning else ())


class TokenState(Enum):
    """Whether the session's access token may be used now."""

    GOOD = "good"
    NEAR_END = "valid, but renewed before use"
    ENDED = "expired: must be renewed"


class Token(NamedTuple):
    """The state of an access token. `id` is a hash of it."""

    state: TokenState
    id: str
