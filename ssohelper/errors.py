"""Every error that a person can meet: a message, the next thing to type, an exit code.

SsoHelperError                 1  internal
├── UsageProblem               2  the command line asks for something that cannot be
├── ConfigInvalid              3  ~/.aws/config, own settings: with file and line
├── LoginRequired              4  a person must sign in
│   ├── TokenRejected          4  AWS answered 401 to a token
│   └── RegistrationRejected   4  AWS does not know the client that asks
├── RoleNotAssigned            5  no such account or role, or no longer assigned
├── AwsUnreachable             6  no connection, no answer in time, 5xx
│   ├── AnswerLost             6  the request may have reached AWS; no whole answer came back
│   ├── Throttled              6  429
│   └── BadAnswer              6  an answer that makes no sense
├── LocalState                 7  disk full, permissions, a foreign file
│   ├── LockNotObtained        7  somebody else held a lock for too long
│   ├── NotOurs                7  a link, FIFO, folder or another user's file in our place
│   ├── AnotherUsersHome     7  HOME, or the folder in it, is another user's: nothing is written
│   └── Superseded             7  a sign-in or sign-out made an answer that was on its way void
├── Refused                    9  a guard or an allow-list said no
├── NotExecutable            126  exec: the program is there and cannot be run
├── ProgramNotFound          127  exec: no such program
└── Interrupted              130  Ctrl-C

Only front doors turn these into words; everybody else lets them travel up untouched.
"""

_USUAL_HINT = "try again in a minute; if it stays, check the network and HTTPS_PROXY"


class SsoHelperError(Exception):
    """What happened (lower case, no full stop), and as `hint` the next thing to type."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageProblem(SsoHelperError):
    exit_code = 2


class ConfigInvalid(SsoHelperError):
    """A configuration file that says something impossible: the message names file and line."""

    exit_code = 3


class LoginRequired(SsoHelperError):
    exit_code = 4


class TokenRejected(LoginRequired):
    """AWS answered 401: the token is dead whatever its file says. `token_id` names the token."""

    token_id = ""


class RegistrationRejected(LoginRequired):
    """AWS does not know the registered client: a new registration is needed."""


class RoleNotAssigned(SsoHelperError):
    exit_code = 5


class AwsUnreachable(SsoHelperError):
    """The message names what answered, or did not. It always has a hint."""

    exit_code = 6

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint or _USUAL_HINT)


class AnswerLost(AwsUnreachable):
    """The request may have reached AWS, and no whole answer came back: AWS may have acted on it.

    A single-use refresh token of such a request must not be sent again while its answer may
    still come.
    """


class Throttled(AwsUnreachable):
    """AWS answered 429; `retry_after_seconds` when it said for how long."""

    def __init__(
        self, message: str, *, hint: str | None = None, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_seconds = retry_after_seconds


class BadAnswer(AwsUnreachable):
    """An answer that is not what the API promises: wrong types, hostile or truncated."""


class LocalState(SsoHelperError):
    exit_code = 7


class LockNotObtained(LocalState):
    pass


class NotOurs(LocalState):
    """Something that we did not make stands where one of our files should: it is not touched."""


class AnotherUsersHome(LocalState):
    """HOME, or the folder in it, belongs to another user (`sudo -E`): nothing is written there."""


class Superseded(LocalState):
    """The session was signed out, or in again, while AWS was asked: the answer is not used."""


class Refused(SsoHelperError):
    exit_code = 9


class Interrupted(SsoHelperError):
    exit_code = 130


class NotExecutable(SsoHelperError):
    exit_code = 126


class ProgramNotFound(SsoHelperError):
    exit_code = 127


def no_more_threads() -> LocalState:
    """Return the error for a thread that could not be started."""
    return LocalState(
        "the system gives no more threads", hint="see ulimit -u, or a container's pids limit"
    )
