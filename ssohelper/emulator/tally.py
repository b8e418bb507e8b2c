"""Counts the emulator's calls, and records their status, connection and token. Holds no secret."""

import hashlib
import threading
from collections import Counter, deque
from typing import Any, NamedTuple


class Call(NamedTuple):
    """One call that the emulator has answered, or whose connection it has dropped."""

    operation: str
    status: int  # the HTTP status; 0 if the call got no answer
    connection: int
    token: str  # a short hash (`hash_token_shortly`) of the call's access or refresh token, or ""


class Tally:
    """Counts all calls, and holds the last 200,000 calls. Any thread may use this object."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: Counter[str] = Counter()
        self._calls: deque[Call] = deque(maxlen=200_000)

    def count_call_by_names(self, names: tuple[str, ...]) -> None:
        """Count a call under each of these operation names."""
        with self._lock:
            self._counters.update(names)

    def record_answer(self, call: Call) -> None:
        """Record a call together with the status of its answer."""
        with self._lock:
            self._calls.append(call)

    def reset(self) -> None:
        """Set the counters of requests to the emulator to 0, and forget the recorded requests."""
        with self._lock:
            self._counters.clear()
            self._calls.clear()

    def counters(self) -> Counter[str]:
        """Return the number of calls by operation. It is 0 for an operation without calls."""
        with self._lock:
            return Counter(self._counters)

    def calls(self) -> list[Call]:
        """Return the recorded calls, oldest first."""
        with self._lock:
            return list(self._calls)

    def summary(self) -> dict[str, Any]:
        """Return how many calls there were, by operation, by status, by connection and by token."""
        calls = self.calls()
        return {
            "counters": dict(self.counters()),
            "by_status": dict(Counter(f"{c.operation} {c.status}" for c in calls)),
            "by_connection": dict(Counter(str(c.connection) for c in calls)),
            "by_token": dict(Counter(c.token for c in calls if c.token)),
        }


def hash_token_shortly(secret: str | None) -> str:
    """Return ten hex digits of a token's hash, which tell tokens apart without revealing them."""
    return hashlib.sha256(secret.encode()).hexdigest()[:10] if secret else ""
