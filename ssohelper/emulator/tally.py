"""Counts calls: operation, status, connection and token. Holds no secret."""

import hashlib
import threading
from collections import Counter, deque
from typing import Any, NamedTuple


class Call(NamedTuple):
    """One call that was answered or dropped."""

    operation: str
    status: int  # 0: not answered
    connection: int
    token: str  # ten hex digits that stand for the bearer or refresh token; "" for none


class Tally:
    """Counters and a list of the last 200,000 calls. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: Counter[str] = Counter()
        self._calls: deque[Call] = deque(maxlen=200_000)

    def count_arrival(self, names: tuple[str, ...]) -> None:
        """Count a call under each of its names."""
        with self._lock:
            self._counters.update(names)

    def record_answer(self, call: Call) -> None:
        """Append a call with its result."""
        with self._lock:
            self._calls.append(call)

    def reset(self) -> None:
        """Set all counters to 0 and remove the calls."""
        with self._lock:
            self._counters.clear()
            self._calls.clear()

    def counters(self) -> Counter[str]:
        """Return the number of calls by operation; 0 for one that was never called."""
        with self._lock:
            return Counter(self._counters)

    def calls(self) -> list[Call]:
        """Return the calls, oldest first."""
        with self._lock:
            return list(self._calls)

    def summary(self) -> dict[str, Any]:
        """Return the counters, and the calls by status, by connection and by token."""
        calls = self.calls()
        return {
            "counters": dict(self.counters()),
            "by_status": dict(Counter(f"{c.operation} {c.status}" for c in calls)),
            "by_connection": dict(Counter(str(c.connection) for c in calls)),
            "by_token": dict(Counter(c.token for c in calls if c.token)),
        }


def token_mark(secret: str | None) -> str:
    """Return ten hex digits of the token's hash: they tell tokens apart without revealing them."""
    return hashlib.sha256(secret.encode()).hexdigest()[:10] if secret else ""
