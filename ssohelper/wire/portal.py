"""Portal: the accounts and roles of a sign-in, role credentials, logout.

Source: SSO Portal API 2019-06-10. Every field of an answer is checked here, so that what leaves
is what core.model promises; names of accounts and roles may hold any character.
"""

import json
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

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
from ssohelper.wire.clients import (
    Refusal,
    answered_at,
    make_client,
    translated,
    warn_about_general_endpoint,
    within,
)
from ssohelper.wire.pacing import Pacing

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

_LISTS = {"ListAccounts": "accountList", "ListAccountRoles": "roleList"}

_LISTING_TRIES = 6
_TRIES = 3
# One call of a listing, whatever the server does with it: a drip of bytes ends here.
_LISTING_CALL_SECONDS = 30.0
_LOGOUT_SECONDS = 8.0
_READ_TIMEOUT_SECONDS = 10.0


class Portal:
    """One session's portal. May be used by several threads; listings share one pace."""

    def __init__(
        self,
        session: SsoSession,
        environ: Mapping[str, str],
        warn: Callable[[str], None],
        *,
        pacing: Pacing | None = None,
    ) -> None:
        self._session = session
        self._environ = environ
        self._endpoint = portal_endpoint(session.region, environ)
        self._warn = warn
        self._pacing = pacing or Pacing()
        self._made: Any = None
        self._making = threading.Lock()

    def accounts(self, token: AccessToken) -> Iterator[Account]:
        """Yield every account once, over all pages.
        Wire: GET /assignment/accounts, 100 a page.
        Raises: TokenRejected (401), RoleNotAssigned (other 4xx), Throttled, BadAnswer."""
        seen: set[str] = set()
        for row in self._pages("list_accounts", "accountList", token, "your accounts", {}):
            account = _account(row)
            if account.id not in seen:
                seen.add(account.id)
                yield account

    def roles(self, token: AccessToken, account_id: str) -> list[str]:
        """Return the names of the roles in an account, each once, in AWS's order.
        Wire: GET /assignment/roles, 100 a page.
        Raises: as `accounts`; RoleNotAssigned means that AWS refuses this account."""
        what = f"the roles of {account_id}"
        rows = self._pages("list_account_roles", "roleList", token, what, {"accountId": account_id})
        return list(dict.fromkeys(_text(row, "roleName", needed=True) for row in rows))

    def role_credentials(
        self, token: AccessToken, role: Role, deadline: Deadline
    ) -> RoleCredentials:
        """Trade a token for one role's keys, in at most three tries within the deadline.
        Wire: GET /federation/credentials; `expiration` arrives in milliseconds.
        Raises: TokenRejected (401), RoleNotAssigned (other 4xx, as 403 "No access"), Throttled.
        """
        what = f'the role "{role.name}" in {role.account_id}'
        answer = self._asked_within(
            deadline,
            "get_role_credentials",
            what,
            accessToken=token.value.reveal(),
            accountId=role.account_id,
            roleName=role.name,
        )
        return _credentials(answer.get("roleCredentials"))

    def answered_at(self) -> float | None:
        """Return when the last answer was given, by AWS's clock; None when it did not say."""
        return answered_at(self._made) if self._made is not None else None

    def get_ready(self) -> None:
        """Do now what the first call would have to do before it asks."""
        self._client()

    def hang_up(self) -> None:
        """Close connections that nobody uses: the next call opens one of its own."""
        if self._made is not None:
            self._made.close()

    def logout(self, token: AccessToken) -> None:
        """End the sign-in at AWS.
        Raises: TokenRejected when it had ended already, AwsUnreachable for whatever else."""
        deadline = Deadline(_LOGOUT_SECONDS, time.monotonic)
        try:
            self._asked_within(deadline, "logout", "the sign-in", accessToken=token.value.reveal())
        except RoleNotAssigned as refused:
            # There is no role in this call: a refusal of it is an answer that makes no sense.
            raise BadAnswer("AWS refuses to end the sign-in") from refused

    # -- asking ------------------------------------------------------------------------------

    def _pages(
        self, operation: str, key: str, token: AccessToken, what: str, asked: dict[str, str]
    ) -> Iterator[dict[str, Any]]:
        tokens_seen: set[str] = set()
        place: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            answer = self._asked_at_pace(
                operation,
                what,
                accessToken=token.value.reveal(),
                maxResults=_PAGE_SIZE,
                **asked,
                **place,
            )
            yield from _rows(answer, key)
            after = _text(answer, "nextToken", limit=100_000)
            if not after:
                return
            if after in tokens_seen:
                raise BadAnswer(f"AWS lists {what} in a circle: a page comes a second time")
            tokens_seen.add(after)
            place = {"nextToken": after}
        raise BadAnswer(f"AWS lists {what} without an end: more than {_MOST_PAGES} pages")

    def _asked_at_pace(self, operation: str, what: str, **parameters: Any) -> dict[str, Any]:
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
                answer = self._asked(deadline, operation, what, parameters)
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
                if unanswered >= _TRIES or self._pacing.patience_left <= 0:
                    raise
                time.sleep(_pause(unanswered))
            else:
                self._pacing.answered()
                return answer

    def _asked_within(
        self, deadline: Deadline, operation: str, what: str, **parameters: Any
    ) -> dict[str, Any]:
        """Ask at most three times within the deadline, with pauses that fit into it."""
        for tries_left in reversed(range(_TRIES)):
            try:
                return self._asked(deadline, operation, what, parameters)
            except BadAnswer:
                raise
            except AwsUnreachable as error:
                pause = _pause(_TRIES - tries_left)
                asked_pause = getattr(error, "retry_after_seconds", None)
                if asked_pause is not None and asked_pause > 0:
                    pause = max(pause, asked_pause)
                # A try needs a second to be worth it.
                if not tries_left or pause + 1 > deadline.left():
                    raise
                time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _asked(
        self, deadline: Deadline, operation: str, what: str, parameters: dict[str, Any]
    ) -> dict[str, Any]:
        service = f"the access portal in {self._session.region}"
        client = self._client()
        with translated(service, lambda refusal: self._refused(refusal, what)):
            answer = within(deadline, lambda: getattr(client, operation)(**parameters), service)
        return answer if isinstance(answer, dict) else {}

    def _refused(self, refusal: Refusal, what: str) -> SsoHelperError | None:
        """Return what a refusal means at the portal; None leaves it to the general rules."""
        name = self._session.name
        if refusal.status == 401:
            return TokenRejected(
                f'AWS no longer accepts the sign-in of the session "{name}"',
                hint=f"sign in with: ssohelper login {name}",
            )
        if refusal.status == 408:
            return AwsUnreachable("AWS answered 408: too slow", hint="try again in a minute")
        # AWS's model has 400 and 404; 403 "No access" is what it really sends.
        if 400 <= refusal.status < 500 and refusal.status != 429:
            return RoleNotAssigned(
                f"AWS refuses {what}: not there, or not assigned to you",
                hint=f"see what you may use with: ssohelper list --refresh --session {name}",
            )
        return None

    def _client(self) -> Any:
        # Making a botocore client is not safe in threads, using one is.
        with self._making:
            if self._made is None:
                warn_about_general_endpoint(self._environ, self._warn)
                self._made = make_client(
                    "sso",
                    self._session.region,
                    self._endpoint,
                    self._environ,
                    attempts=1,
                    read_timeout=_READ_TIMEOUT_SECONDS,
                )
                self._made.meta.events.register("before-parse.sso", _check_lists)
            return self._made


# -- what AWS said -----------------------------------------------------------------------------


def _pause(tries_made: int) -> float:
    """Return 0.2-0.4 s, doubled with each try: processes that failed together come apart."""
    return float(0.2 * 2 ** (tries_made - 1) * random.uniform(1, 2))  # noqa: S311 (no secret)


def _check_lists(operation_model: Any, response_dict: dict[str, Any], **_more: Any) -> None:
    """Refuse a list that is none before botocore reads `{}` as an empty one.

    "No accounts" is what `profile sync --prune` would act on.
    """
    key = _LISTS.get(operation_model.name)
    if key is None or response_dict["status_code"] != 200:
        return
    try:
        said = json.loads(response_dict["body"])
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or not isinstance(said.get(key), list):
        raise BadAnswer(f'AWS answered nonsense: no list "{key}"')


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
