"""The settings ("knobs") that make the emulated Identity Center slow or faulty, for tests."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from ssohelper.emulator.exchange import (
    OIDC_ERRORS,
    STS_ERRORS,
    Answer,
    Delivery,
    Headers,
    json_answer,
    oidc_error,
    portal_error,
    sts_error,
)

OPERATIONS = (
    "RegisterClient",
    "StartDeviceAuthorization",
    "CreateToken",
    "CreateToken.authorization_code",
    "CreateToken.device_code",
    "CreateToken.refresh_token",
    "ListAccounts",
    "ListAccountRoles",
    "GetRoleCredentials",
    "Logout",
    "GetCallerIdentity",
    "AssumeRole",
    "authorize",
    "federation",
    "federation.getSigninToken",
    "federation.login",
    "pages",
)
OIDC_OPERATIONS = frozenset(OPERATIONS[:6])
# The setting `rate_limit` applies to these operations. AWS's quota is 20 requests a second.
RATE_LIMITED = frozenset({"ListAccounts", "ListAccountRoles", "GetRoleCredentials", "Logout"})


# A scripted answer, or how to send the operation's own answer.
Script = Answer | Delivery


class Faults:
    """Has the settings, one attribute each, and scripted answers. Any thread may change them."""

    # What a refresh does to the old refresh token. "none": it stays valid, and no new one is
    # issued; "grace": it works for `grace_seconds` more; "strict": it stops working at once.
    rotation: str = "grace"
    grace_seconds: float = 30.0
    strict_revokes_session: bool = False
    omit_refresh_token: bool = False  # an answer to a refresh has no new refresh token
    token_seconds: float = 3600
    sign_in_seconds: float = 8 * 3600
    registration_seconds: float = 90 * 86400
    role_credentials_seconds: float | None = None  # None: as long as the permission set says
    assumed_role_seconds: float = 3600  # how long AssumeRole's credentials last by default
    clock_offset_seconds: float = 0.0  # by how many seconds the emulator's clock is ahead
    date_header: bool | str = True  # False: no Date header is sent; a text replaces the Date header
    rate_limit: float | None = None  # allowed portal requests a second; None: any number
    rate_burst: float | None = None  # how many requests may come at once; None: rate_limit
    retry_after: str | None = None  # the text of the Retry-After header in a 429 answer
    page_size: int = 100
    repeat_next_token: bool = False  # every page of a listing names a next page, forever
    verification_uri: Any = None
    verification_uri_complete: Any = None
    user_code: Any = None
    interval: Any = 1
    expires_in: Any = 600
    # Delays by operation ("*": all); statuses for all calls of an operation (0: TCP reset; -1: no
    # answer); the texts that lists show, by id or name (None: nothing).
    latency_seconds: dict[str, float]
    down: dict[str, int]
    account_names: dict[str, Any]
    emails: dict[str, Any]
    role_names: dict[str, Any]

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._scripts: dict[str, list[Script]] = {}
        self._before: dict[str, list[tuple[int, Callable[[], object]]]] = {}
        self._seen: dict[str, int] = {}
        self._tokens = 0.0
        self._filled_at: float | None = None
        self.clear()

    def clear(self) -> None:
        with self._lock:
            for name in _KNOBS:
                setattr(self, name, {} if name in _TABLES else getattr(type(self), name))
            self._scripts.clear()
            self._before.clear()
            self._seen.clear()
            self._filled_at = None

    def set(self, **knobs: Any) -> None:
        """Raises: ValueError for an unknown name or an impossible value; then nothing is set."""
        for name, value in knobs.items():
            if name in _TABLES and not isinstance(value, Mapping):
                raise ValueError(f"the value of {name!r} must be a table")
            if name not in _KNOBS:
                raise ValueError(f"no fault setting (knob) of the emulator is named {name!r}")
            if name == "rotation" and value not in ("none", "grace", "strict"):
                raise ValueError("the fault setting rotation must be none, grace or strict")
        with self._lock:
            for name, value in knobs.items():
                setattr(self, name, dict(value) if name in _TABLES else value)

    def knobs(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _KNOBS}

    # -- scripted answers ---------------------------------------------------------------------

    def script(
        self,
        operation: str,
        status: int | None = None,
        headers: Headers | Mapping[str, str] = (),
        body: bytes | str = b"",
        *,
        times: int = 1,
        **delivery: Any,
    ) -> None:
        """Answer the next `times` calls of the operation with this status, headers and body.

        `delivery` has the fields of Delivery. Without a status the operation runs, and its own
        answer is delayed, cut or reset: so a test can lose an answer after the operation's effect.
        """
        raw = body.encode() if isinstance(body, str) else body
        pairs = tuple(headers.items()) if isinstance(headers, Mapping) else tuple(headers)
        sent = Delivery(**delivery)
        script = sent if status is None else Answer(status, pairs, raw, sent)
        self._add_script(operation, script, times)

    def fail(self, operation: str, name: str, message: str = "", *, times: int = 1) -> None:
        """Example: `fail("CreateToken", "SlowDownException")`."""
        if operation in OIDC_OPERATIONS and name in OIDC_ERRORS:
            refusal = oidc_error(name, message)
        elif operation == "AssumeRole" and name in STS_ERRORS:
            refusal = sts_error(STS_ERRORS[name], name, message or name)
        else:
            refusal = portal_error(name, message or name)
        self._add_script(operation, refusal.answer, times)

    def throttle(self, operation: str, times: int = 1) -> None:
        self.fail(operation, "TooManyRequestsException", "HTTP 429 Unknown Code", times=times)

    def hang(self, operation: str, times: int = 1) -> None:
        """Never answer the operation's next requests, which the server reads."""
        self.script(operation, 200, times=times, never=True)

    def run_before(self, operation: str, do: Callable[[], object], call: int = 1) -> None:
        """Run `do` just before a later call is handled; `call` 1 is the next one."""
        _check_operation_name(operation)
        with self._lock:
            due = self._seen.get(operation, 0) + call
            self._before.setdefault(operation, []).append((due, do))

    # -- applying the settings ----------------------------------------------------------------

    def find_script_of_call(self, names: tuple[str, ...]) -> Script | None:
        """Count a call and run the callbacks that wait for it. Return its scripted answer, or None.

        `names` has the operation and, for some calls, a more specific name, which wins.
        """
        due: list[Callable[[], object]] = []
        with self._lock:
            for name in names:
                seen = self._seen[name] = self._seen.get(name, 0) + 1
                waiting = self._before.get(name, [])
                due += [do for at, do in waiting if at <= seen]
                self._before[name] = [pair for pair in waiting if pair[0] > seen]
        for do in due:
            do()
        with self._lock:
            queues = (self._scripts.get(name) for name in reversed(names))
            return next((queue.pop(0) for queue in queues if queue), None)

    def find_latency_seconds(self, names: tuple[str, ...]) -> float:
        return float(_most_specific_entry(self.latency_seconds, names) or 0.0)

    def find_answer_if_down(self, names: tuple[str, ...]) -> Answer | None:
        status = _most_specific_entry(self.down, names)
        if status is None:
            return None
        if status in (0, -1):
            return Answer(200, (), b"", Delivery(reset=status == 0, never=status == -1))
        if status == 429:
            return self.throttled_answer()
        return json_answer({"message": "the EMULATOR is down"}, int(status))

    def throttled_answer(self) -> Answer:
        answer = portal_error("TooManyRequestsException", "HTTP 429 Unknown Code").answer
        extra = () if self.retry_after is None else (("Retry-After", self.retry_after),)
        return answer._replace(headers=answer.headers + extra)

    def is_within_rate_limit(self) -> bool:
        """Return whether a token bucket allows the call. It fills in real time, as a test may
        change the emulator's clock.
        """
        with self._lock:
            if self.rate_limit is None:
                return True
            burst = self.rate_limit if self.rate_burst is None else self.rate_burst
            now = time.monotonic()
            since = burst if self._filled_at is None else (now - self._filled_at) * self.rate_limit
            self._filled_at = now
            self._tokens = min(float(burst), self._tokens + since)
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True

    def _add_script(self, operation: str, script: Script, times: int) -> None:
        _check_operation_name(operation)
        with self._lock:
            self._scripts.setdefault(operation, []).extend([script] * times)


_KNOBS = tuple(Faults.__annotations__)
_TABLES = tuple(name for name in _KNOBS if not hasattr(Faults, name))


def _most_specific_entry(table: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((table[name] for name in (*reversed(names), "*") if name in table), None)


def _check_operation_name(operation: str) -> None:
    if operation not in OPERATIONS:
        raise ValueError(f"no operation named {operation!r}, only: {', '.join(OPERATIONS)}")
