"""Defines what the broker receives and returns: requests, callers, replies, credentials."""

from enum import Enum
from typing import NamedTuple

from ssohelper.core.model import RoleKey
from ssohelper.errors import SsoHelperError

NEVER = float("inf")


class AskedBy(NamedTuple):
    """The caller's parent process and terminal ("" if it has none).

    `others` counts further callers that wait for the same answer.
    """

    parent: str = ""
    terminal: str = ""
    others: int = 0
    is_background: bool = False


class Request(NamedTuple):
    """One caller's request for role credentials. Times are monotonic seconds.

    `least_share`, 0 to 1, is the share of their lifetime that the credentials must have left; above
    1, AWS is always asked. With `may_wait_longer`, the caller waits past its deadline if it is told
    that its call will soon be sent. Only with `is_permitted` (the caller has a ReleasePermit) it
    gets credentials of a guarded role.
    """

    key: RoleKey
    arrived_at: float
    deadline_at: float
    least_share: float = 0.0
    may_wait_longer: bool = False
    is_permitted: bool = False
    asked_by: AskedBy = AskedBy()


class Wait(NamedTuple):
    """Tells a caller how to wait for a sign-in: print `line`, then watch the file for a change."""

    seconds: int
    watched_file: str
    line: str


class Reply(NamedTuple):
    """An error, or the document for the caller to print: one line of JSON, with secrets."""

    document: bytes = b""
    error: SsoHelperError | None = None
    warnings: tuple[str, ...] = ()
    wait: Wait | None = None

    @property
    def exit_code(self) -> int:
        return self.error.exit_code if self.error else 0


class Caller:
    """`fallback` is the reply that the caller gets if AWS does not answer in time."""

    def __init__(self, request: Request, channel: object = None) -> None:
        self.request = request
        self.channel = channel
        self.deadline_at = request.deadline_at
        self.fallback: Reply | None = None
        self.fallback_at = NEVER
        self.was_told_to_wait = False

    @property
    def is_satisfied_by_fallback(self) -> bool:
        """Return whether `fallback` is new enough for the caller, and certainly this user's."""
        fallback = self.fallback
        return fallback is not None and not fallback.warnings and self.request.least_share == 0


class FoundCredentials(NamedTuple):
    """A role's cached credentials; `document` is b"" if none are unexpired.

    `is_good`: AWS need not be asked. To be renewed in the background: the credentials if `is_due`,
    and the token with the id `due_token_id`.
    """

    document: bytes = b""
    is_good: bool = False
    is_due: bool = False
    due_token_id: str | None = None
    warning: str | None = None

    @property
    def reply(self) -> Reply:
        return Reply(self.document, warnings=(self.warning,) if self.warning else ())


class TokenState(Enum):
    GOOD = "good"
    NEAR_END = "the token is valid, but is renewed before use"
    ENDED = "the token has expired and must be renewed"


class Token(NamedTuple):
    """`id` is a hash of the token."""

    state: TokenState
    id: str
