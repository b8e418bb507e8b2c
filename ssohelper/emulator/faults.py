"""The knobs that make the Identity Center slow or faulty. Any thread may set them at any time."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ssohelper.emulator.exchange import (
    OIDC_ERRORS,
    Answer,
    Delivery,
    Headers,
    json_answer,
    oidc_refusal,
    portal_refusal,
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
    "authorize",
    "federation",
    "federation.getSigninToken",
    "federation.login",
    "pages",
)
OIDC_OPERATIONS = frozenset(OPERATIONS[:6])
# Identity Center's published quota is 20 requests a second for the portal's operations.
RATE_LIMITED = frozenset({"ListAccounts", "ListAccountRoles", "GetRoleCredentials", "Logout"})

# Knob -> its default.
_KNOBS: dict[str, Any] = {
    "rotation": "grace",  # none: same refresh token · grace: the old one stays valid · strict
    "grace_seconds": 30.0,
    "strict_revokes_session": False,
    "omit_refresh_token": False,  # in answers to a refresh
    "token_seconds": 3600,
    "legacy_token_seconds": 8 * 3600,  # of a client that registered no scopes
    "sign_in_seconds": 8 * 3600,
    "registration_seconds": 90 * 86400,
    "role_credentials_seconds": None,  # None: as the permission set has it
    "code_seconds": 600,
    "clock_offset_seconds": 0.0,  # of the server's clock
    "date_header": True,  # True, False, or the text to send
    "rate_limit": None,  # requests a second over the portal's operations; None: no limit
    "rate_burst": None,  # None: one second's worth
    "retry_after": None,  # the text of Retry-After in a 429
    "page_size": 100,
    "repeat_next_token": False,  # every page has a token for a next one
    "pending_polls": 0,  # device polls answered "pending" although the user has approved
    "enforce_interval": False,  # slow_down for a poll before the interval has passed
    "verification_uri": None,
    "verification_uri_complete": None,
    "user_code": None,
    "interval": 1,
    "expires_in": 600,
    "signin_token_seconds": 900,  # validity of a console sign-in URL
    "multi_session": True,  # False: the console asks a signed-in browser to sign out first
}
# Knobs that are tables: operation -> seconds, account id -> name ...
_TABLES = ("latency_seconds", "down", "account_names", "emails", "role_names")


class Script(NamedTuple):
    """A scripted answer. Without `answer` the operation runs, and its answer is delivered so."""

    answer: Answer | None
    delivery: Delivery


class Faults:
    """Knobs are attributes (see _KNOBS); methods add scripts and callbacks."""

    rotation: str
    grace_seconds: float
    strict_revokes_session: bool
    omit_refresh_token: bool
    token_seconds: float
    legacy_token_seconds: float
    sign_in_seconds: float
    registration_seconds: float
    role_credentials_seconds: float | None
    code_seconds: float
    clock_offset_seconds: float
    date_header: bool | str
    rate_limit: float | None
    rate_burst: float | None
    retry_after: str | None
    page_size: int
    repeat_next_token: bool
    pending_polls: int
    enforce_interval: bool
    verification_uri: Any
    verification_uri_complete: Any
    user_code: Any
    interval: Any
    expires_in: Any
    signin_token_seconds: float
    multi_session: bool
    latency_seconds: dict[str, float]  # "*" is every operation
    down: dict[str, int]  # operation -> status of every call, 0: a TCP reset
    account_names: dict[str, Any]  # account id -> name, None: the field is left out
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
        """Reset every knob and remove scripts and callbacks."""
        with self._lock:
            for name, value in _KNOBS.items():
                setattr(self, name, value)
            for name in _TABLES:
                setattr(self, name, {})
            self._scripts.clear()
            self._before.clear()
            self._seen.clear()
            self._filled_at = None

    def set(self, **knobs: Any) -> None:
        """Set several knobs. Raises: ValueError for an unknown knob or an impossible value."""
        for name, value in knobs.items():
            if name in _TABLES and not isinstance(value, Mapping):
                raise ValueError(f"{name!r} is a table")
            if name not in _KNOBS and name not in _TABLES:
                raise ValueError(f"no knob named {name!r}")
            if name == "rotation" and value not in ("none", "grace", "strict"):
                raise ValueError("rotation is none, grace or strict")
        with self._lock:
            for name, value in knobs.items():
                setattr(self, name, dict(value) if name in _TABLES else value)

    def knobs(self) -> dict[str, Any]:
        """Return every knob with its value."""
        return {name: getattr(self, name) for name in (*_KNOBS, *_TABLES)}

    # -- scripted answers ----------------------------------------------------------

    def script(
        self,
        operation: str,
        status: int | None = None,
        headers: Headers | Mapping[str, str] = (),
        body: bytes | str = b"",
        *,
        times: int = 1,
        delay_seconds: float = 0.0,
        seconds_per_byte: float = 0.0,
        close_after: int | None = None,
        reset: bool = False,
        never: bool = False,
    ) -> None:
        """Answer the next `times` calls like this. Scripts are used in the order they were added.

        Without a status the operation runs and its answer is sent with the given delay, speed, cut
        or reset: so an answer can be lost after its effect."""
        _checked_operation(operation)
        raw = body.encode() if isinstance(body, str) else body
        pairs = tuple(headers.items()) if isinstance(headers, Mapping) else tuple(headers)
        answer = None if status is None else Answer(status, pairs, raw)
        delivery = Delivery(delay_seconds, seconds_per_byte, close_after, reset, never)
        self._add(operation, Script(answer, delivery), times)

    def fail(self, operation: str, name: str, message: str = "", *, times: int = 1) -> None:
        """Answer with one of AWS's errors: `fail("CreateToken", "SlowDownException")`."""
        _checked_operation(operation)
        if operation in OIDC_OPERATIONS and name in OIDC_ERRORS:
            answer = oidc_refusal(name, message)
        else:
            answer = portal_refusal(name, message or name)
        self._add(operation, Script(answer, Delivery()), times)

    def slow_down(self, times: int = 1) -> None:
        """Answer the next device polls with SlowDownException."""
        self.fail("CreateToken.device_code", "SlowDownException", times=times)

    def throttle(self, operation: str, times: int = 1) -> None:
        """Answer the next calls with 429."""
        self.fail(operation, "TooManyRequestsException", "HTTP 429 Unknown Code", times=times)

    def hang(self, operation: str, times: int = 1) -> None:
        """Read the next requests and never answer; stopping the emulator closes the connections."""
        self._add(
            _checked_operation(operation), Script(Answer(200, (), b""), Delivery(never=True)), times
        )

    def before(self, operation: str, do: Callable[[], object], call: int = 1) -> None:
        """Run `do` just before the n-th call from now on is handled (1: the next one)."""
        with self._lock:
            due = self._seen.get(_checked_operation(operation), 0) + call
            self._before.setdefault(operation, []).append((due, do))

    # -- for the service -----------------------------------------------------------

    def begin_call(self, names: tuple[str, ...]) -> Script | None:
        """Count a call under its names, run callbacks that are due, and return its script."""
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
            for name in reversed(names):
                queue = self._scripts.get(name)
                if queue:
                    return queue.pop(0)
        return None

    def latency_of(self, names: tuple[str, ...]) -> float:
        """Return the seconds to wait before a call is answered."""
        return float(_find_entry(self.latency_seconds, names) or 0.0)

    def failure_if_down(self, names: tuple[str, ...]) -> Answer | None:
        """Return the answer of an operation that is down; None when it is not."""
        status = _find_entry(self.down, names)
        if status is None:
            return None
        if status == 0:
            return Answer(200, (), b"", Delivery(reset=True))
        if status == 429:
            after = self.retry_after
            refusal = portal_refusal("TooManyRequestsException", "HTTP 429 Unknown Code")
            extra = (("Retry-After", after),) if after is not None else ()
            return refusal._replace(headers=refusal.headers + extra)
        return json_answer({"message": "the EMULATOR is down"}, int(status))

    def take_rate_token(self) -> bool:
        """Take one token from the bucket; False means 429. Real time, not the emulator's clock."""
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

    def _add(self, operation: str, script: Script, times: int) -> None:
        with self._lock:
            self._scripts.setdefault(operation, []).extend([script] * times)


def _find_entry(table: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """Return the table's entry for a call: of its most specific name, else of `*`."""
    return next((table[name] for name in (*reversed(names), "*") if name in table), None)


def _checked_operation(operation: str) -> str:
    if operation not in OPERATIONS:
        raise ValueError(f"no operation named {operation!r}; there are: {', '.join(OPERATIONS)}")
    return operation
