"""Defines the values that the broker receives and returns: requests, replies, credentials."""

from enum import Enum
from typing import NamedTuple

from ssohelper.core.model import RoleKey
from ssohelper.errors import SsoHelperError


class AskedBy(NamedTuple):
    """The name of the caller's parent process, and the caller's terminal ("" if it has none).

    `others` is the number of further callers that wait for the same answer. `is_background` says
    that no caller asked: the broker renews the credentials in the background.
    """

    parent: str = ""
    terminal: str = ""
    others: int = 0
    is_background: bool = False


class Request(NamedTuple):
    """One caller's request for role credentials. Times are monotonic seconds.

    `least_share` is the share of their lifetime that the credentials must have left, 0 to 1; above
    1, AWS is asked whatever is cached. `may_wait_longer` says whether the caller waits past its
    deadline when told that its call will soon be sent. `is_permitted` says whether the caller has a
    ReleasePermit for the role; without a permit it gets no credentials of a guarded role.
    """

    key: RoleKey
    arrived_at: float
    deadline_at: float
    least_share: float = 0.0
    may_wait_longer: bool = False
    is_permitted: bool = False
    asked_by: AskedBy = AskedBy()


class Wait(NamedTuple):
    """How long a caller may wait for a sign-in, and which file changes when the user signs in.

    The caller prints `line` when it starts to wait.
    """

    seconds: int
    watched_file: str
    line: str


class Reply(NamedTuple):
    """The credential-process document (one line of JSON, with secrets), or an error.

    If the error is LoginRequired and `wait` is set, the caller waits for a sign-in first.
    """

    document: bytes = b""
    error: SsoHelperError | None = None
    warnings: tuple[str, ...] = ()
    wait: Wait | None = None

    @property
    def exit_code(self) -> int:
        """The exit code of a caller that prints this reply."""
        return self.error.exit_code if self.error else 0


class FoundCredentials(NamedTuple):
    """A role's cached credentials. `document` is b"" if none are unexpired.

    `is_good` says whether they may be returned without asking AWS, `is_due` whether they should be
    renewed in the background. `due_token_id` is the id of the access token, if the token should be
    renewed in the background too.
    """

    document: bytes = b""
    is_good: bool = False
    is_due: bool = False
    due_token_id: str | None = None
    warning: str | None = None

    @property
    def reply(self) -> Reply:
        """The reply to a caller that gets these cached credentials."""
        return Reply(self.document, warnings=(self.warning,) if self.warning else ())


class TokenState(Enum):
    """Whether an access token may be used now."""

    GOOD = "good"
    NEAR_END = "the token is valid, but is renewed before use"
    ENDED = "the token has expired and must be renewed"


class Token(NamedTuple):
    """The state of an access token. `id` is a hash of the token."""

    state: TokenState
    id: str
