"""Portal: the accounts and roles of a sign-in, role credentials, logout.

Source: SSO Portal API 2019-06-10. Every field of an answer is checked here, so that what leaves
is what core.model promises; names of accounts and roles may hold any character.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ssohelper.core import issuer
from ssohelper.core.deadline import Deadline
from ssohelper.core.endpoints import portal_endpoint
from ssohelper.core.instants import from_millis
from ssohelper.core.model import (
    ACCOUNT_ID,
    AccessToken,
    Account,
    Role,
    RoleCredentials,
    Secret,
    SignInFacts,
    SsoSession,
)
from ssohelper.errors import (
    AwsUnreachable,
    BadAnswer,
    RoleNotAssigned,
    SsoHelperError,
    Throttled,
    TokenRejected,
)
from ssohelper.wire.answers import AwsError, check_empty, json_of
from ssohelper.wire.pacing import Pacing
from ssohelper.wire.retries import TRIES, pause_seconds, with_retries
from ssohelper.wire.transport import Answer, Transport, warn_about_general_endpoint

# 1,000 pages of 100 are more accounts than AWS lets an organization have.
_MOST_PAGES = 1000
_PAGE_SIZE = 100
# AWS's own limits: 50 for an account's name, 64 for an address, 32 for a permission set.
_LONGEST_NAME = 1024
# IAM's accessKeyIdType; what stands in the other two goes to environments and headers.
_ACCESS_KEY_ID = re.compile(r"[A-Za-z0-9_]{16,128}")
_VISIBLE = re.compile(r"[!-~]{1,10000}")
# 1973 in milliseconds, and seconds until the year 5138; and the year 9999, ISO 8601's last.
_EARLIEST_MILLIS, _LATEST_MILLIS = 10**11, 253402300799999

# The errors of a call about an account or a role that AWS answers when it is not there or not
# assigned. 403 "No access" is what the service sends; its model has 400 and 404 only.
_NOT_ASSIGNED = (
    "AccessDeniedException",
    "ForbiddenException",
    "InvalidRequestException",
    "ResourceNotFoundException",
)
_NEXT_TOKEN = re.compile(r"[!-~]{1,100000}")

_LISTING_TRIES = 6
# One call of a listing, whatever the server does with it: a drip of bytes ends here.
_LISTING_CALL_SECONDS = 30.0
_LOGOUT_SECONDS = 8.0
_READ_TIMEOUT_SECONDS = 10.0


class Portal:
    """One session's portal. May be used by several threads; listings share one pace.

    `facts` tells what is known of the sign-in: each token is checked with them before it is sent.
    """

    def __init__(
        self,
        session: SsoSession,
        environ: Mapping[str, str],
        warn: Callable[[str], None],
        *,
        facts: Callable[[], SignInFacts],
        pacing: Pacing | None = None,
    ) -> None:
        self._session = session
        self._environ = environ
        self._endpoint = portal_endpoint(session.region, environ)
        self._warn = warn
        self._facts = facts
        self._pacing = pacing or Pacing()
        self._service = f"the access portal in {session.region}"
        self._transport = Transport(self._endpoint, environ, self._service)
        self._has_warned = False
        self._answered_at: float | None = None
        self._lock = threading.Lock()

    def accounts(self, token: AccessToken) -> Iterator[Account]:
        """Yield every account once, over all pages.
        Wire: GET /assignment/accounts, 100 a page.
        Raises: TokenRejected (401), RoleNotAssigned (AWS's own 400, 403, 404), Throttled,
        AwsUnreachable, BadAnswer."""
        seen: set[str] = set()
        path = "/assignment/accounts"
        for row in self._pages(path, "accountList", token, "your accounts", {}):
            account = _account(row)
            if account.id not in seen:
                seen.add(account.id)
                yield account

    def roles(self, token: AccessToken, account_id: str) -> list[str]:
        """Return the names of the roles in an account, each once, in AWS's order.
        Wire: GET /assignment/roles, 100 a page.
        Raises: as `accounts`; RoleNotAssigned means that AWS refuses this account."""
        what = f"the roles of {account_id}"
        asked = {"account_id": account_id}
        rows = self._pages("/assignment/roles", "roleList", token, what, asked)
        return list(dict.fromkeys(_text(row, "roleName", needed=True) for row in rows))

    def role_credentials(
        self, token: AccessToken, role: Role, deadline: Deadline
    ) -> RoleCredentials:
        """Trade a token for one role's keys, with one request: the caller paces and repeats.
        Wire: GET /federation/credentials; `expiration` arrives in milliseconds.
        Raises: TokenRejected (401), RoleNotAssigned (AWS's own 400, 403, 404), Throttled,
        AwsUnreachable, BadAnswer."""
        what = f'the role "{role.name}" in {role.account_id}'
        asked = {"role_name": role.name, "account_id": role.account_id}
        answer = self._send("GET", "/federation/credentials", asked, token, deadline)
        found = json_of(answer, self._service, lambda error: self._meaning(error, what))
        return _credentials(found.get("roleCredentials"))

    def answered_at(self) -> float | None:
        """Return when the last answer was given, by AWS's clock; None when it did not say."""
        return self._answered_at

    def get_ready(self) -> None:
        """Do now what the first call would have to do before it asks."""
        with self._lock:
            if not self._has_warned:
                self._has_warned = True
                warn_about_general_endpoint(self._environ, self._warn)
        self._transport.get_ready()

    def use_connections_of(self, other: "Portal") -> None:
        """Send over the idle connections of another Portal of this session and environment."""
        self._transport = other._transport

    def hang_up(self) -> None:
        """Close connections that nobody uses: the next call opens one of its own."""
        self._transport.close()

    def logout(self, token: AccessToken) -> None:
        """End the sign-in at AWS.
        Raises: TokenRejected when it had ended already, AwsUnreachable for whatever else."""
        deadline = Deadline(_LOGOUT_SECONDS, time.monotonic)
        with_retries(lambda: self._log_out(token, deadline), deadline, is_repeatable=True)

    def _log_out(self, token: AccessToken, deadline: Deadline) -> None:
        answer = self._send("POST", "/logout", {}, token, deadline)
        try:
            check_empty(answer, self._service, lambda error: self._meaning(error, "the sign-in"))
        except RoleNotAssigned as refused:
            # There is no role in this call: a refusal of it is an answer that makes no sense.
            raise BadAnswer("AWS refuses to end the sign-in") from refused

    # -- asking ------------------------------------------------------------------------------

    def _pages(
        self, path: str, key: str, token: AccessToken, what: str, asked: dict[str, str]
    ) -> Iterator[dict[str, Any]]:
        tokens_seen: set[str] = set()
        place: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            query = {**asked, "max_result": str(_PAGE_SIZE), **place}
            answer = self._ask_at_pace(path, what, query, token)
            yield from _rows(answer, key)
            after = answer.get("nextToken")
            if after is None or after == "":
                return
            if not isinstance(after, str) or not _NEXT_TOKEN.fullmatch(after):
                raise BadAnswer('AWS answered nonsense: no proper "nextToken"')
            if after in tokens_seen:
                raise BadAnswer(f"AWS lists {what} in a circle: a page comes a second time")
            tokens_seen.add(after)
            place = {"next_token": after}
        raise BadAnswer(f"AWS lists {what} without an end: more than {_MOST_PAGES} pages")

    def _ask_at_pace(
        self, path: str, what: str, query: dict[str, str], token: AccessToken
    ) -> dict[str, Any]:
        """Ask when the pace allows it; again after a 429 or when there was no answer.

        While other threads' requests get through, a 429 is bad luck and no try: it is given up
        after six in which AWS answered nobody, or when that has lasted for 30 s.
        """
        throttled, unanswered, answers = 0, 0, self._pacing.answers
        while True:
            self._pacing.wait()
            try:
                seconds = min(_LISTING_CALL_SECONDS, max(1.0, self._pacing.patience_left))
                deadline = Deadline(seconds, time.monotonic)
                answer = self._send("GET", path, query, token, deadline)
                found = json_of(answer, self._service, lambda error: self._meaning(error, what))
            except Throttled as error:
                self._pacing.throttled(error.retry_after_seconds)
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
                time.sleep(pause_seconds(unanswered))
            else:
                self._pacing.answered()
                return found

    def _send(
        self, method: str, path: str, query: dict[str, str], token: AccessToken, deadline: Deadline
    ) -> Answer:
        self.get_ready()
        issued_by = issuer.of_token(token, self._facts())
        warning = issuer.check(issued_by, "portal", self._endpoint, self._session)
        if warning:
            self._warn(warning)
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

    def _meaning(self, error: AwsError, what: str) -> SsoHelperError | None:
        """Return what an error of AWS's own means; None leaves it to the general rules."""
        name = self._session.name
        if error.status == 401:
            return TokenRejected(
                f'AWS no longer accepts the sign-in of the session "{name}"',
                hint=f"sign in with: ssohelper login {name}",
            )
        if 400 <= error.status < 500 and error.name in _NOT_ASSIGNED:
            return RoleNotAssigned(
                f"AWS refuses {what}: not there, or not assigned to you",
                hint=f"see what you may use with: ssohelper list --refresh --session {name}",
            )
        return None


# -- what AWS said -----------------------------------------------------------------------------


def _rows(answer: dict[str, Any], key: str) -> list[dict[str, Any]]:
    rows = answer.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadAnswer(f'AWS answered nonsense: no list "{key}"')
    return rows


def _account(row: dict[str, Any]) -> Account:
    account_id = row.get("accountId")
    if not isinstance(account_id, str) or not ACCOUNT_ID.fullmatch(account_id):
        raise BadAnswer('AWS answered nonsense: an "accountId" without 12 digits')
    return Account(account_id, _text(row, "accountName"), _text(row, "emailAddress"))


def _text(
    row: dict[str, Any], key: str, *, needed: bool = False, limit: int = _LONGEST_NAME
) -> str:
    """Return a text of an answer, "" when it is missing; any character may be in it."""
    value = row.get(key)
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or len(value) > limit or (needed and not value):
        raise BadAnswer(f'AWS answered nonsense: no proper "{key}"')
    return value


def _credentials(found: Any) -> RoleCredentials:
    fields = found if isinstance(found, dict) else {}
    key, secret, token = (
        fields.get(name) for name in ("accessKeyId", "secretAccessKey", "sessionToken")
    )
    if not isinstance(key, str) or not _ACCESS_KEY_ID.fullmatch(key):
        raise BadAnswer('AWS answered nonsense: no proper "accessKeyId"')
    for name, value in (("secretAccessKey", secret), ("sessionToken", token)):
        if not isinstance(value, str) or not _VISIBLE.fullmatch(value):
            raise BadAnswer(f'AWS answered nonsense: no proper "{name}"')
    millis = fields.get("expiration")
    # A bool is an int in Python.
    if type(millis) is not int or not _EARLIEST_MILLIS < millis <= _LATEST_MILLIS:
        raise BadAnswer('AWS answered nonsense: no proper "expiration"')
    return RoleCredentials(key, Secret(str(secret)), Secret(str(token)), from_millis(millis))
