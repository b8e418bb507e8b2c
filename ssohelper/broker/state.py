"""Defines the broker's state (callers, jobs, refusals, sessions) and its ports to AWS and files."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from ssohelper.broker.limits import PATIENCE_SECONDS, RENEWAL_SILENT_SECONDS, Backoff
from ssohelper.broker.requests import AskedBy, FoundCredentials, Reply, Request, Token
from ssohelper.core.freshness import RETRY_SECONDS
from ssohelper.core.model import RoleKey
from ssohelper.errors import AwsUnreachable, SsoHelperError

NEVER = float("inf")


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
        """Neither newer credentials are wanted, nor may the cached ones be another person's."""
        fallback = self.fallback
        return fallback is not None and not fallback.warnings and self.request.least_share == 0


class Files(Protocol):
    """What the broker reads of this machine's files. All methods return at once."""

    def find_credentials(
        self, key: RoleKey, least_share: float, *, is_permitted: bool
    ) -> FoundCredentials:
        """Return the role's cached credentials, if they may still be served.

        Raises: Refused if the caller has no ReleasePermit and a guard rule matches the role.
        """

    def load_token(self, session_name: str) -> Token:
        """Return id and state of the session's access token. Raises: LoginRequired, LocalState."""

    def read_token_file_fingerprint(self, session_name: str) -> str:
        pass

    def may_renew_in_background(self) -> bool:
        pass


class Ports(Files, Protocol):
    """The operations through which the broker acts. Its `start_…` methods return at once."""

    def start_role_call(self, key: RoleKey, asked_by: AskedBy) -> float:
        """Start to ask AWS for the role's credentials; return the time (monotonic) of asking.

        `Broker.note_role_call_end` gets the answer.
        """

    def start_renewal(self, session_name: str, seen_id: str) -> None:
        pass

    def tell_caller_to_wait(self, caller: Caller, seconds: float) -> None:
        pass

    def reply(self, caller: Caller, reply: Reply) -> None:
        """Called once for each caller."""


class Job:
    def __init__(self, key: RoleKey) -> None:
        self.key = key
        self.callers: list[Caller] = []
        self.is_background = False
        self.is_under_way = False
        self.began_at = 0.0
        self.was_rejected = False
        self.backoff = Backoff()

    @property
    def asked_by(self) -> AskedBy:
        """The first that waits, else the broker itself."""
        if not self.callers:
            return AskedBy(is_background=True)
        return self.callers[0].request.asked_by._replace(others=len(self.callers) - 1)


class _Refusal(NamedTuple):
    error: SsoHelperError
    fingerprint: str
    until: float


class Refusals:
    """Recent refusals by AWS (exit codes 4 and 5), for all callers for 30 s, unless the token file
    changes.
    """

    def __init__(self, fingerprint: Callable[[str], str]) -> None:
        self._fingerprint = fingerprint
        self._found: dict[RoleKey | str, _Refusal] = {}

    def remember(self, role_or_session: RoleKey | str, error: SsoHelperError, now: float) -> None:
        self._found[role_or_session] = _Refusal(
            error, self._fingerprint(_session_name_of(role_or_session)), now + RETRY_SECONDS
        )

    def find(self, role_or_session: RoleKey | str, now: float) -> SsoHelperError | None:
        found = self._found.get(role_or_session)
        if found is None:
            return None
        if now < found.until and found.fingerprint == self._fingerprint(
            _session_name_of(role_or_session)
        ):
            return found.error
        del self._found[role_or_session]
        return None

    def forget(self, role_or_session: RoleKey | str) -> None:
        self._found.pop(role_or_session, None)

    def has_any_at(self, now: float) -> bool:
        return any(found.until > now for found in self._found.values())


class Session:
    def __init__(self) -> None:
        self.renewal_began_at: float | None = None
        # With a new token, or by refusing it.
        self.renewal_answered_at = 0.0
        self.rejected_id: str | None = None
        self.renewal = Backoff()
        # Whether role calls must wait for a new token.
        self.needs_renewal = False
        self.calls = Backoff()
        self.under_way = 0

    @property
    def is_renewing(self) -> bool:
        return self.renewal_began_at is not None

    def patience_ends_at(self, caller: Caller) -> float:
        """The time of a token renewal does not count."""
        return max(caller.request.arrived_at, self.renewal_answered_at) + PATIENCE_SECONDS

    def is_awaited_by(self, job: Job) -> bool:
        return self.needs_renewal and self.is_renewing and not job.is_under_way

    def error_while_renewing(self, name: str) -> SsoHelperError:
        """The previous renewal's, if AWS could not be reached then; a local failure of it is over."""
        error = self.renewal.error
        return error if isinstance(error, AwsUnreachable) else renewal_unanswered_error(name)

    def is_renewal_silent(self, now: float) -> bool:
        began_at = self.renewal_began_at
        return began_at is not None and now >= began_at + RENEWAL_SILENT_SECONDS


def _session_name_of(role_or_session: RoleKey | str) -> str:
    return role_or_session if isinstance(role_or_session, str) else role_or_session.session_name


def find_final_error(
    job: Job, session: Session, caller: Caller, now: float
) -> SsoHelperError | None:
    """Return the error to reply with if no retry can succeed in time, else None."""
    patience_ends_at = session.patience_ends_at(caller)
    for backoff, is_probing in _list_failures(job, session):
        if backoff.error is None:
            continue
        if caller.fallback is not None and (caller.is_satisfied_by_fallback or not is_probing):
            return backoff.error
        next_at = now if is_probing else backoff.next_at
        if max(now, next_at) >= patience_ends_at and not backoff.is_throttled:
            return backoff.error
    if session.is_renewal_silent(now) and not job.is_under_way and now >= patience_ends_at:
        return no_answer_error_of(job, session)
    return None


def _list_failures(job: Job, session: Session) -> list[tuple[Backoff, bool]]:
    """While its call waits for a token renewal, only AWS's failure of the last renewal counts."""
    if session.is_awaited_by(job):
        has_aws_failed = isinstance(session.renewal.error, AwsUnreachable)
        return [(session.renewal, True)] if has_aws_failed else []
    calls = [(job.backoff, job.is_under_way), (session.calls, job.is_under_way)]
    if session.needs_renewal and not job.is_under_way:
        calls.append((session.renewal, False))
    return calls


def no_answer_error_of(job: Job, session: Session) -> SsoHelperError:
    if session.is_awaited_by(job):
        return session.error_while_renewing(job.key.session_name)
    for failing in (job.backoff, session.calls, session.renewal):
        if failing.error is not None:
            return failing.error
    if session.is_renewing:
        return renewal_unanswered_error(job.key.session_name)
    return AwsUnreachable("AWS gave no answer in time", hint="check the network, then try again")


def renewal_unanswered_error(session_name: str) -> AwsUnreachable:
    return AwsUnreachable(
        f'AWS has not answered the renewal of the sign-in to "{session_name}" yet',
        hint="try again in a minute",
    )
