"""Calls AWS's access portal: lists accounts and roles, and signs out.

Source: SSO Portal API 2019-06-10. core.schema checks every field of an answer.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from ssohelper.broker.limits import REQUESTS_A_SECOND, Pace
from ssohelper.core import issuer
from ssohelper.core.deadline import Deadline
from ssohelper.core.host_variant import DEFAULT_VARIANT, HostVariant
from ssohelper.core.model import AccessToken, Account, SignInFacts, SsoSession
from ssohelper.core.schema import listings
from ssohelper.core.service_hosts import service_url
from ssohelper.errors import (
    AwsUnreachable,
    BadAnswer,
    RoleNotAssigned,
    SsoHelperError,
    Throttled,
    TokenRejected,
)
from ssohelper.wire.answers import LATER, AwsError, parse_answer_record
from ssohelper.wire.transport import (
    TRIES,
    Answer,
    Transport,
    call_with_retries,
    pause_seconds_before_retry,
)

_T = TypeVar("_T")

# These answers mean that an account or role does not exist or is not assigned. The service really
# sends 403 "No access", which its API model lacks.
_NOT_ASSIGNED = (
    "AccessDeniedException",
    "ForbiddenException",
    "InvalidRequestException",
    "ResourceNotFoundException",
)

_LISTING_TRIES = 6
# The time limit of one call of a listing, even if the server sends one byte after another.
_LISTING_CALL_SECONDS = 30.0
_LOGOUT_SECONDS = 8.0
_READ_TIMEOUT_SECONDS = 10.0
# A listing fails when AWS has answered none of its requests for this long.
PATIENCE_SECONDS = 30.0


class Pacing:
    """The pace that the threads of a listing share, and how long AWS has been silent."""

    def __init__(
        self,
        requests_a_second: float = REQUESTS_A_SECOND,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.pace = Pace(requests_a_second)
        self._patience_seconds = patience_seconds
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()
        self._answered_at: float | None = None
        self.answers = 0

    @property
    def patience_left(self) -> float:
        """Return the seconds from the next request until AWS will have been silent for too long.

        The silence begins with the last answer to any thread, else with the first request.
        """
        with self._lock:
            now = self._monotonic()
            since = now if self._answered_at is None else self._answered_at
            return since + self._patience_seconds - self.pace.next_call_at(now)

    def wait_for_turn(self) -> None:
        while True:
            with self._lock:
                now = self._monotonic()
                if self._answered_at is None:
                    self._answered_at = now
                seconds = self.pace.next_call_at(now) - now
                if seconds <= 0:
                    return self.pace.note_call_sent(now)
            self._sleep(seconds)

    def note_answer(self) -> None:
        """Record an answer other than a 429."""
        with self._lock:
            self.answers += 1
            self._answered_at = self._monotonic()
            self.pace.note_answer(self._answered_at)

    def note_throttled(self, retry_after_seconds: float | None = None) -> None:
        with self._lock:
            self.pace.note_throttled(self._monotonic(), retry_after_seconds)


class Portal:
    """Calls the portal. Several threads may use it; their listings share one pace.

    `facts` returns what is recorded about the sign-in: its issuer is checked before a token is
    sent.
    """

    def __init__(
        self,
        session: SsoSession,
        environ: Mapping[str, str],
        *,
        facts: Callable[[], SignInFacts],
        pacing: Pacing | None = None,
        variant: HostVariant = DEFAULT_VARIANT,
    ) -> None:
        self._session = session
        self._environ = environ
        self._variant = variant
        self._service_url = service_url("portal", session.region, environ, variant)
        self._facts = facts
        self._pacing = pacing or Pacing()
        self._service = f"the access portal in {session.region}"
        self._transport = Transport(self._service_url, environ, self._service)
        self._answered_at: float | None = None

    def copy_for_new_token(self, token: AccessToken, issued_by: str | None) -> "Portal":
        """Return a Portal for a token of this issuer that is in no file."""
        facts = SignInFacts(token_ids=(token.id,), issuer=issued_by)
        return Portal(self._session, self._environ, facts=lambda: facts, variant=self._variant)

    def list_accounts(self, token: AccessToken) -> Iterator[Account]:
        """Yield every account once, over all pages. Wire: GET /assignment/accounts, 100 a page.

        Raises: the errors of `send_get_request`.
        """
        seen: set[str] = set()
        path, of_row, key = "/assignment/accounts", listings.account_of_row, "accountList"
        for account in self._get_all_pages(path, {}, token, "your accounts", of_row, key):
            if account.id not in seen:
                seen.add(account.id)
                yield account

    def list_roles(self, token: AccessToken, account_id: str) -> list[str]:
        """Return the names of an account's roles, each once, in AWS's order.

        Wire: GET /assignment/roles, 100 a page. Raises: the errors of `send_get_request`;
        RoleNotAssigned means that AWS refuses the account.
        """
        query, what = {"account_id": account_id}, f"the roles of {account_id}"
        asked = "/assignment/roles", query, token, what
        names = self._get_all_pages(*asked, listings.role_name_of_row, "roleList")
        return list(dict.fromkeys(names))

    def send_get_request(
        self,
        path: str,
        query: dict[str, str],
        token: AccessToken,
        deadline: Deadline,
        *,
        what: str,
        read: Callable[[dict[str, Any]], _T],
    ) -> _T:
        """Return what `read` makes of the answer's JSON object. `what` is named in errors.

        Raises: TokenRejected (401), RoleNotAssigned (AWS's own 400, 403, 404), Throttled,
        AwsUnreachable, BadAnswer.
        """
        answer = self._send("GET", path, query, token, deadline)
        return parse_answer_record(
            answer,
            self._service,
            lambda error: self._special_error_of(error, what),
            read,
            is_oauth=False,
        )

    def check_token(self, token: AccessToken, deadline: Deadline) -> None:
        """Send the cheapest request that needs the token."""
        asked = "/assignment/accounts", {"max_result": "1"}, token, deadline
        self.send_get_request(*asked, what="your accounts", read=bool)

    def answered_at(self) -> float | None:
        """When AWS last answered, by AWS's clock (epoch seconds)."""
        return self._answered_at

    def prepare_first_call(self) -> None:
        self._transport.prepare_first_call()

    def reuse_connections_of(self, other: "Portal") -> None:
        self._transport = other._transport

    def log_out(self, token: AccessToken) -> None:
        """Raises: TokenRejected if the sign-in had ended already, AwsUnreachable otherwise."""

        def send(deadline: Deadline) -> None:
            answer = self._send("POST", "/logout", {}, token, deadline)
            if answer.status != 200 or answer.body.strip():  # AWS sends no body
                meaning, read = self._rejection_of_token, bool
                parse_answer_record(answer, self._service, meaning, read, is_oauth=False)

        call_with_retries(send, _LOGOUT_SECONDS, is_repeatable=True)

    # -- sending requests ---------------------------------------------------------------------

    def _get_all_pages(
        self,
        path: str,
        asked: dict[str, str],
        token: AccessToken,
        what: str,
        parse_row: Callable[[dict[str, Any]], _T],
        key: str,
    ) -> Iterator[_T]:
        def read(answer: dict[str, Any]) -> tuple[list[_T], str | None]:
            rows = listings.rows_of_page(answer, key)
            return [parse_row(row) for row in rows], listings.next_page_token(answer)

        seen: set[str] = set()
        next_page: dict[str, str] = {}
        for _ in range(listings.MOST_PAGES):
            query = {**asked, "max_result": str(listings.PAGE_SIZE), **next_page}
            rows, after = self._send_get_at_pace(path, what, query, token, read)
            yield from rows
            if after is None:
                return
            if after in seen:
                raise BadAnswer(
                    f"{self._service} lists {what} in a circle: a page comes a second time",
                    hint=LATER,
                )
            seen.add(after)
            next_page = {"next_token": after}
        raise BadAnswer(
            f"{self._service} lists {what} without an end: more than {listings.MOST_PAGES} pages",
            hint=LATER,
        )

    def _send_get_at_pace(
        self,
        path: str,
        what: str,
        query: dict[str, str],
        token: AccessToken,
        read: Callable[[dict[str, Any]], _T],
    ) -> _T:
        """Send a request at the shared pace.

        Gives up after three lost answers, or after six 429s in a row or 30 s of 429s, if AWS
        answers no other thread either.
        """
        throttled, unanswered, answers = 0, 0, self._pacing.answers
        while True:
            self._pacing.wait_for_turn()
            try:
                seconds = min(_LISTING_CALL_SECONDS, max(1.0, self._pacing.patience_left))
                deadline = Deadline(seconds, time.monotonic)
                found = self.send_get_request(path, query, token, deadline, what=what, read=read)
            except Throttled as error:
                self._pacing.note_throttled(error.retry_after_seconds)
                throttled = 1 if self._pacing.answers != answers else throttled + 1
                answers = self._pacing.answers
                if throttled >= _LISTING_TRIES or self._pacing.patience_left <= 0:
                    raise
            except BadAnswer:
                raise
            except AwsUnreachable:
                unanswered += 1
                if unanswered >= TRIES or self._pacing.patience_left <= 0:
                    raise
                time.sleep(pause_seconds_before_retry(unanswered))
            else:
                self._pacing.note_answer()
                return found

    def _send(
        self, method: str, path: str, query: dict[str, str], token: AccessToken, deadline: Deadline
    ) -> Answer:
        issued_by = issuer.token_issuer(token, self._facts())
        issuer.check_secret_destination(issued_by, "portal", self._service_url, self._session)
        answer = self._transport.send(
            method,
            path,
            query=query,
            headers={"x-amz-sso_bearer_token": token.value.reveal()},
            read_seconds=_READ_TIMEOUT_SECONDS,
            deadline=deadline,
        )
        self._answered_at = answer.answered_at
        return answer

    def _rejection_of_token(self, error: AwsError) -> TokenRejected | None:
        name = self._session.name
        if error.status != 401:
            return None
        return TokenRejected(
            f'AWS no longer accepts the sign-in of the session "{name}"',
            hint=f"sign in with: ssohelper login {name}",
        )

    def _special_error_of(self, error: AwsError, what: str) -> SsoHelperError | None:
        rejected = self._rejection_of_token(error)
        if rejected is None and 400 <= error.status < 500 and error.name in _NOT_ASSIGNED:
            return RoleNotAssigned(
                f"AWS refuses {what}: no such account or role, or not assigned to you",
                hint=f"see what you may use with: ssohelper list --refresh --session {self._session.name}",
            )
        return rejected
