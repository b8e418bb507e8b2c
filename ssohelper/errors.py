"""Every error that a user can see: a message, the next command to type, an exit code.

SsoHelperError                 1  internal error
├── UsageProblem               2  the command line asks for something impossible
├── ConfigInvalid              3  an invalid value in ~/.aws/config or ssohelper's settings
├── LoginRequired              4  an interactive sign-in is needed
│   ├── TokenRejected          4  AWS answered 401 to a token
│   └── RegistrationRejected   4  AWS does not know the registered client
├── RoleNotAssigned            5  no such account or role, or no longer assigned
│   └── SourceRejected         5  STS refuses the credentials that would assume a role
├── AwsUnreachable             6  no answer in time, 5xx
│   ├── NoConnection           6  no connection: this machine may be offline
│   ├── AnswerLost             6  the request may have reached AWS; no complete answer came back
│   ├── Throttled              6  429: too many requests
│   └── BadAnswer              6  an answer that makes no sense
├── LocalState                 7  disk full, permissions, an unexpected file
│   ├── LockNotObtained        7  another process held a lock for too long
│   ├── NotOurs                7  a link, FIFO, folder or another user's file at ssohelper's path
│   ├── AnotherUsersHome       7  HOME or a folder in it is another user's: nothing is written
│   ├── Superseded             7  a sign-in or sign-out happened during a call to AWS
│   └── KeyringUnavailable     8  the keyring is locked, absent or does not answer
├── Refused                    9  refused by a guard rule, an allow-list or the company's policy
├── NotExecutable            126  exec: the program exists and cannot be run
├── ProgramNotFound          127  exec: no such program
└── Interrupted              130  Ctrl-C

Only entry points print these errors.
"""

_USUAL_HINT = "try again in a minute; if that fails too, check the network and HTTPS_PROXY"


class SsoHelperError(Exception):
    """`message` says what happened, in lower case; `hint` says what the user should type next."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageProblem(SsoHelperError):
    exit_code = 2


class ConfigInvalid(SsoHelperError):
    """The message names file and line; `line` is that of ~/.aws/config."""

    exit_code = 3
    line: int | None = None


class LoginRequired(SsoHelperError):
    exit_code = 4


class TokenRejected(LoginRequired):
    """AWS answered 401 to the access token with id `token_id`, even if it is unexpired."""

    token_id = ""


class RegistrationRejected(LoginRequired):
    """A new client registration is needed."""


class RoleNotAssigned(SsoHelperError):
    exit_code = 5


class SourceRejected(RoleNotAssigned):
    """STS refused the source credentials, but may accept newer ones."""


class AwsUnreachable(SsoHelperError):
    """AWS was not reached or is busy. The error always has a hint."""

    exit_code = 6

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint or _USUAL_HINT)


class NoConnection(AwsUnreachable):
    """No request was sent, because there was no connection."""


class AnswerLost(AwsUnreachable):
    """AWS may have got the request, so a single-use refresh token must not be sent again."""


class Throttled(AwsUnreachable):
    def __init__(
        self, message: str, *, hint: str | None = None, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_seconds = retry_after_seconds


class BadAnswer(AwsUnreachable):
    """The answer is against the API, hostile or cut short."""


class LocalState(SsoHelperError):
    exit_code = 7


class LockNotObtained(LocalState):
    pass


class NotOurs(LocalState):
    pass


class AnotherUsersHome(LocalState):
    """A folder is another user's, so nothing is written to it."""


class Superseded(LocalState):
    """A sign-in or sign-out came during a call to AWS, whose answer is not used."""


class KeyringUnavailable(LocalState):
    """Nobody can tell what the keyring holds, so nothing is changed."""

    exit_code = 8


class KeyMissing(KeyringUnavailable):
    """The keyring has no key. A sign-in makes a new key."""


class Refused(SsoHelperError):
    exit_code = 9


class Interrupted(SsoHelperError):
    exit_code = 130


class NotExecutable(SsoHelperError):
    exit_code = 126


class ProgramNotFound(SsoHelperError):
    exit_code = 127


def no_more_threads_error() -> LocalState:
    return LocalState(
        "no more threads can be started",
        hint="raise ulimit -u, or the container's pids limit",
    )
