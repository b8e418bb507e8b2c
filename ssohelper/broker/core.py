"""Decides when the broker asks AWS for which role, and what it replies to each caller.

At most one call per role and one token renewal per session are under way, and all role calls share
one rate limit. Does no I/O and reads no clock: `now` is monotonic seconds.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, Protocol

from ssohelper.broker.limits import (
    LONGEST_WAIT_SECONDS,
    MOST_CALLS,
    MOST_FIRST_CALLS,
    PATIENCE_SECONDS,
    RENEWAL_AHEAD_SECONDS,
    RENEWAL_SILENT_SECONDS,
    TELL_BEFORE_SECONDS,
    USABLE_SECONDS,
    Backoff,
    Pace,
)
from ssohelper.broker.requests import (
    NEVER,
    AskedBy,
    Caller,
    FoundCredentials,
    Reply,
    Token,
    TokenState,
)
from ssohelper.core.freshness import RETRY_SECONDS
from ssohelper.core.model import RoleKey
from ssohelper.errors import (
    AwsUnreachable,
    LoginRequired,
    NotOurs,
    RoleNotAssigned,
    SsoHelperError,
    Superseded,
    Throttled,
    TokenRejected,
)


class Files(Protocol):
    """What the broker reads of this machine's files. All methods return at once."""

    def find_credentials(
        self, key: RoleKey, least_share: float, *, is_permitted: bool
    ) -> FoundCredentials:
        """Return the role's cached credentials, if they are unexpired.

        Raises: Refused if the caller has no ReleasePermit and a guard rule matches the role.
        """

    def load_token(self, session_name: str) -> Token:
        """Return hash and state of the session's access token. Raises: LoginRequired, LocalState."""

    def read_token_file_fingerprint(self, session_name: str) -> str:
        pass

    def may_renew_in_background(self) -> bool:
        pass


class Ports(Files, Protocol):
    """What the broker lets the event loop do for it. The `start_…` methods return at once."""

    def start_role_call(self, key: RoleKey, asked_by: AskedBy) -> float:
        """Start to ask AWS for the role's credentials; return the monotonic time of the request.

        `Broker.note_role_call_end` gets the answer.
        """

    def start_renewal(self, session_name: str, seen_id: str) -> None:
        pass

    def tell_caller_to_wait(self, caller: Caller, seconds: float) -> None:
        pass

    def reply(self, caller: Caller, reply: Reply) -> None:
        """Send the reply. Called once for each caller."""


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
        """Return who asked for the credentials: the first waiting caller, or the broker itself."""
        if not self.callers:
            return AskedBy(is_background=True)
        return self.callers[0].request.asked_by._replace(others=len(self.callers) - 1)


class _Refusal(NamedTuple):
    error: SsoHelperError
    fingerprint: str
    until: float


class Refusals:
    """AWS's refusals (exit codes 4 and 5), repeated to all callers for 30 s without a request.

    A change of the token file ends them early.
    """

    def __init__(self, fingerprint: Callable[[str], str]) -> None:
        self._fingerprint = fingerprint
        self._found: dict[RoleKey | str, _Refusal] = {}

    def remember(self, role_or_session: RoleKey | str, error: SsoHelperError, now: float) -> None:
        fingerprint = self._fingerprint(_session_name_of(role_or_session))
        self._found[role_or_session] = _Refusal(error, fingerprint, now + RETRY_SECONDS)

    def find(self, role_or_session: RoleKey | str, now: float) -> SsoHelperError | None:
        found = self._found.get(role_or_session)
        if found is None:
            return None
        fingerprint = self._fingerprint(_session_name_of(role_or_session))
        if now < found.until and found.fingerprint == fingerprint:
            return found.error
        del self._found[role_or_session]
        return None

    def has_any_at(self, now: float) -> bool:
        return any(found.until > now for found in self._found.values())


class Session:
    def __init__(self) -> None:
        self.renewal_began_at: float | None = None
        # When AWS last answered a renewal, with a new token or with a refusal.
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
        """Return when the caller stops waiting. The time of a token renewal does not count."""
        return max(caller.request.arrived_at, self.renewal_answered_at) + PATIENCE_SECONDS

    def is_awaited_by(self, job: Job) -> bool:
        return self.needs_renewal and self.is_renewing and not job.is_under_way

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
    """Return this job's failures; with each, whether a call is trying again now.

    While the job waits for a token renewal, only AWS's failure of the last renewal counts.
    """
    if session.is_awaited_by(job):
        has_aws_failed = isinstance(session.renewal.error, AwsUnreachable)
        return [(session.renewal, True)] if has_aws_failed else []
    calls = [(job.backoff, job.is_under_way), (session.calls, job.is_under_way)]
    if session.needs_renewal and not job.is_under_way:
        calls.append((session.renewal, False))
    return calls


def no_answer_error_of(job: Job, session: Session) -> SsoHelperError:
    if session.is_awaited_by(job):
        # The last renewal's error counts only if AWS was not reached: a local failure is over.
        error = session.renewal.error
        if isinstance(error, AwsUnreachable):
            return error
        return renewal_unanswered_error(job.key.session_name)
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


class Broker:
    """Handles requests, disconnected callers and ended calls to AWS; acts through its `Ports`."""

    def __init__(self, ports: Ports, pace: Pace | None = None) -> None:
        self._ports = ports
        self._pace = pace or Pace()
        self._jobs: dict[RoleKey, Job] = {}
        self._sessions: dict[str, Session] = {}
        self._refusals = Refusals(ports.read_token_file_fingerprint)
        self._advanced_at = NEVER

    # -- events -----------------------------------------------------------------------------

    def handle_request(self, caller: Caller, now: float) -> None:
        key = caller.request.key
        try:
            found = self._ports.find_credentials(
                key, caller.request.least_share, is_permitted=caller.request.is_permitted
            )
        except SsoHelperError as error:
            self._ports.reply(caller, Reply(error=error))
            return
        if found.is_good:
            self._ports.reply(caller, found.reply)
            self._renew_in_background(key, found, now)
            return
        if found.document:
            caller.fallback = found.reply
            # With a warning, the cached credentials may be another user's, so the caller waits for
            # AWS.
            usable_at = caller.request.arrived_at + USABLE_SECONDS
            caller.fallback_at = NEVER if found.warning is not None else usable_at
        refused = self._refusals.find(key, now)
        if refused is not None:
            self._reply_with_fallback(caller, refused)
            return
        self._jobs.setdefault(key, Job(key)).callers.append(caller)
        self._start_ready_calls(now)
        self._reply_without_further_try(now)

    def forget_caller(self, caller: Caller) -> None:
        """Forget a caller that has disconnected. A call to AWS on its behalf goes on."""
        job = self._jobs.get(caller.request.key)
        if job is not None and caller in job.callers:
            job.callers.remove(caller)
            self._drop_job_without_callers(job)

    def note_role_call_end(self, key: RoleKey, outcome: Reply | SsoHelperError, now: float) -> None:
        job, session = self._jobs[key], self._get_session_state(key.session_name)
        job.is_under_way = False
        session.under_way -= 1
        if isinstance(outcome, Reply):
            self._note_success(job, session, now)
            self._end_job(job, outcome)
        elif isinstance(outcome, RoleNotAssigned):
            self._note_success(job, session, now)
            self._refusals.remember(key, outcome, now)
            self._end_job(job, Reply(error=outcome))
        elif isinstance(outcome, TokenRejected):
            self._note_success(job, session, now)
            self._replace_token(job, session, outcome, now)
        elif isinstance(outcome, AwsUnreachable):
            self._note_failure(job, session, outcome, now)
        elif not isinstance(outcome, Superseded):
            self._end_job(job, Reply(error=outcome))
        # After Superseded (a sign-in or sign-out came during the call), the call is repeated.
        self.start_due_work(now)

    def note_renewal_end(self, session_name: str, error: SsoHelperError | None, now: float) -> None:
        """`error` is None after a success."""
        session = self._get_session_state(session_name)
        began_at = now if session.renewal_began_at is None else session.renewal_began_at
        session.renewal_began_at = None
        if error is None or isinstance(error, LoginRequired):
            session.renewal.clear()
            session.renewal_answered_at = now
        else:
            session.renewal.note_failure(now, error, began_at)
        if error is None:
            # Start waiting calls before `start_due_work` replies to them with an earlier outage's
            # error.
            self._start_ready_calls(now)
        else:
            if isinstance(error, LoginRequired):
                self._refusals.remember(session_name, error, now)
            # After a local failure, such as a full disk, the renewal is tried again in 1 s.
            is_over = not isinstance(error, AwsUnreachable)
            if is_over and not self._is_token_usable(session_name):
                self._end_unstarted_jobs(session_name, error)
        self.start_due_work(now)

    def start_due_work(self, now: float) -> None:
        self._advanced_at = now
        self._reply_at_deadlines(now)
        # Reply before the next try starts: if AWS accepts a call and never answers, a try takes 10
        # s.
        self._reply_without_further_try(now)
        self._start_ready_calls(now)
        self._reply_without_further_try(now)

    # -- when to wake, whether to end -------------------------------------------------------

    def find_next_wake_time(self, now: float) -> float:
        """Return when `start_due_work` must run next, maybe in the past; infinity for never."""
        now = min(now, self._advanced_at)
        moments = [NEVER]
        for job in self._jobs.values():
            session = self._get_session_state(job.key.session_name)
            for caller in job.callers:
                moments += [caller.deadline_at, caller.deadline_at - TELL_BEFORE_SECONDS]
                moments += [caller.fallback_at, session.patience_ends_at(caller)]
            if session.renewal_began_at is not None:
                moments.append(session.renewal_began_at + RENEWAL_SILENT_SECONDS)
            if not job.is_under_way:
                moments.append(self._earliest_start_of_job(job, now))
        return min((moment for moment in moments if moment > now), default=NEVER)

    @property
    def is_done(self) -> bool:
        return not self._jobs

    def is_idle(self, now: float) -> bool:
        renewals = (session.renewal_began_at for session in self._sessions.values())
        return (
            self.is_done
            and all(began_at is None for began_at in renewals)
            and not self._refusals.has_any_at(now)
        )

    # -- starting calls and renewals --------------------------------------------------------

    def _renew_in_background(self, key: RoleKey, found: FoundCredentials, now: float) -> None:
        if not self._ports.may_renew_in_background():
            return
        if found.due_token_id:
            self.start_renewal(key.session_name, found.due_token_id, now)
        if found.is_due:
            self._jobs.setdefault(key, Job(key)).is_background = True
            self._start_ready_calls(now)

    def start_renewal(self, name: str, seen_id: str, now: float) -> None:
        """Start renewing a token, unless a renewal is under way, has just failed or was refused."""
        session = self._get_session_state(name)
        is_allowed = session.renewal_began_at is None and session.renewal.may_try_now(now)
        if is_allowed and self._refusals.find(name, now) is None:
            session.renewal_began_at = now
            self._ports.start_renewal(name, seen_id)

    def _start_ready_calls(self, now: float) -> None:
        usable: dict[str, bool] = {}  # by session name: each token is read only once
        for job in sorted(self._jobs.values(), key=lambda job: not job.callers):
            name = job.key.session_name
            if job.is_under_way or job.key not in self._jobs:
                continue
            if name not in usable:
                usable[name] = self._ensure_token(name, now)
            if not usable[name] or not self._may_start_call(job, now):
                continue
            under_way = sum(session.under_way for session in self._sessions.values())
            most = MOST_CALLS if self._pace.has_recent_answer(now) else MOST_FIRST_CALLS
            if under_way >= most or self._pace.next_call_at(now) > now:
                return
            job.is_under_way = True
            job.began_at = now
            self._get_session_state(name).under_way += 1
            # AWS limits calls by the time of sending, which is after `now`: reading the token took
            # time.
            self._pace.note_call_sent(self._ports.start_role_call(job.key, job.asked_by))

    def _may_start_call(self, job: Job, now: float) -> bool:
        session = self._get_session_state(job.key.session_name)
        is_allowed = job.backoff.may_try_now(now) and session.calls.may_try_now(now)
        return is_allowed and (not session.calls.is_failing or session.under_way == 0)

    def _ensure_token(self, name: str, now: float) -> bool:
        """Return whether the session has a usable token; start a renewal if one is needed.

        If no token can be had, the callers that wait for the session's roles get the error.
        """
        session = self._get_session_state(name)
        try:
            token = self._ports.load_token(name)
        except SsoHelperError as error:
            self._end_unstarted_jobs(name, error)
            return False
        is_rejected = token.id == session.rejected_id
        session.needs_renewal = is_rejected or token.state is not TokenState.GOOD
        if not session.needs_renewal:
            return True
        works = token.state is not TokenState.ENDED and not is_rejected
        refused = self._refusals.find(name, now)
        if refused is not None:
            if not works:
                self._end_unstarted_jobs(name, refused)
            return works
        self.start_renewal(name, token.id, now)
        began_at = session.renewal_began_at
        is_awaited = began_at is not None and now < began_at + RENEWAL_AHEAD_SECONDS
        # While renewals fail, calls still use the old token as long as it is valid.
        return works and (session.renewal.is_failing or not is_awaited)

    def _earliest_start_of_job(self, job: Job, now: float) -> float:
        session = self._get_session_state(job.key.session_name)
        moments = [self._pace.next_call_at(now)]
        if job.backoff.is_failing:
            moments.append(job.backoff.next_at)
        if session.calls.is_failing:
            moments.append(session.calls.next_at if session.under_way == 0 else NEVER)
        if session.renewal_began_at is not None:
            moments.append(session.renewal_began_at + RENEWAL_AHEAD_SECONDS)
        elif session.renewal.is_failing:
            moments.append(session.renewal.next_at)
        return max(moments)

    # -- outcomes of calls ------------------------------------------------------------------

    def _note_success(self, job: Job, session: Session, now: float) -> None:
        self._pace.note_answer(now)
        session.calls.clear()
        job.backoff.clear()

    def _note_failure(self, job: Job, session: Session, error: AwsUnreachable, now: float) -> None:
        was_answered_recently = self._pace.has_recent_answer(now)
        if not isinstance(error, Throttled):
            job.backoff.note_failure(now, error, job.began_at)
        elif was_answered_recently:
            self._pace.note_throttled(now, error.retry_after_seconds)
            return  # the broker sent too many calls: `note_throttled` has lowered its rate
        if not was_answered_recently:
            session.calls.note_failure(now, error, job.began_at)
        self._drop_job_without_callers(job)

    def _replace_token(self, job: Job, session: Session, error: TokenRejected, now: float) -> None:
        """After a 401, have the token renewed even if unexpired, and send the call once more."""
        session.rejected_id = error.token_id
        if job.was_rejected:
            self._refusals.remember(job.key.session_name, error, now)
            self._end_job(job, Reply(error=error))
            return
        job.was_rejected = True

    def _end_job(self, job: Job, reply: Reply) -> None:
        del self._jobs[job.key]
        for caller in job.callers:
            if reply.error is None:
                self._ports.reply(caller, reply)
            else:
                self._reply_with_fallback(caller, reply.error)

    def _reply_with_fallback(self, caller: Caller, error: SsoHelperError) -> None:
        usable = self._find_usable_reply(caller, error) if caller.fallback is not None else None
        self._ports.reply(caller, usable or Reply(error=error))

    def _find_usable_reply(self, caller: Caller, error: SsoHelperError) -> Reply | None:
        """Return cached credentials unless `error` forbids it; another user's only in an outage."""
        if isinstance(error, RoleNotAssigned | NotOurs):
            return None
        try:
            found = self._ports.find_credentials(caller.request.key, 0.0, is_permitted=True)
        except SsoHelperError:
            return None
        is_doubtful = found.warning is not None
        if not found.document or (is_doubtful and not isinstance(error, AwsUnreachable)):
            return None
        return found.reply

    def _end_unstarted_jobs(self, session_name: str, error: SsoHelperError) -> None:
        for job in list(self._jobs.values()):
            if job.key.session_name == session_name and not job.is_under_way:
                self._end_job(job, Reply(error=error))

    # -- deadlines of callers ---------------------------------------------------------------

    def _reply_at_deadlines(self, now: float) -> None:
        for job in list(self._jobs.values()):
            for caller in list(job.callers):
                is_soon = now >= caller.deadline_at - TELL_BEFORE_SECONDS
                if is_soon and not job.backoff.is_failing and self._pace.has_recent_answer(now):
                    self._tell_caller_to_wait(caller, now)
                if now < min(caller.deadline_at, caller.fallback_at):
                    continue
                error = no_answer_error_of(job, self._get_session_state(job.key.session_name))
                if now < caller.deadline_at and self._find_usable_reply(caller, error) is None:
                    # A sign-in has removed the cached credentials, so the caller must wait for AWS.
                    caller.fallback, caller.fallback_at = None, NEVER
                else:
                    self._send_error_to_caller(job, caller, error)
            self._drop_job_without_callers(job)

    def _reply_without_further_try(self, now: float) -> None:
        for job in list(self._jobs.values()):
            session = self._get_session_state(job.key.session_name)
            for caller in list(job.callers):
                error = find_final_error(job, session, caller, now)
                if error is not None:
                    self._send_error_to_caller(job, caller, error)
            self._drop_job_without_callers(job)

    def _send_error_to_caller(self, job: Job, caller: Caller, error: SsoHelperError) -> None:
        if caller in job.callers:
            job.callers.remove(caller)
            self._reply_with_fallback(caller, error)

    def _tell_caller_to_wait(self, caller: Caller, now: float) -> None:
        if caller.request.may_wait_longer and not caller.was_told_to_wait:
            caller.was_told_to_wait = True
            caller.deadline_at = caller.request.arrived_at + LONGEST_WAIT_SECONDS
            self._ports.tell_caller_to_wait(caller, caller.deadline_at - now)

    def lengthen_callers_waits(self, key: RoleKey, now: float) -> None:
        """Let callers of this role wait up to 50 s, because its call to AWS will soon be sent."""
        for caller in self._jobs[key].callers if key in self._jobs else ():
            self._tell_caller_to_wait(caller, now)

    def _drop_job_without_callers(self, job: Job) -> None:
        """Forget a job that no caller waits for, unless it is a background job not yet tried."""
        session = self._get_session_state(job.key.session_name)
        lacks_token = session.needs_renewal and session.renewal.is_failing
        is_tried = job.backoff.is_failing or session.calls.is_failing or lacks_token
        is_wanted = job.callers or (job.is_background and not is_tried)
        if not is_wanted and not job.is_under_way and self._jobs.get(job.key) is job:
            del self._jobs[job.key]

    def _is_token_usable(self, session_name: str) -> bool:
        with suppress(SsoHelperError):
            token = self._ports.load_token(session_name)
            is_rejected = token.id == self._get_session_state(session_name).rejected_id
            return token.state is not TokenState.ENDED and not is_rejected
        return False

    def _get_session_state(self, name: str) -> Session:
        return self._sessions.setdefault(name, Session())
