"""A Broker on the test's clock, woken exactly when it asks for it, and an AWS that waits."""

from collections.abc import Callable
from typing import Any

from ssohelper.broker.core import Broker
from ssohelper.broker.requests import (
    AskedBy,
    Caller,
    FoundCredentials,
    Reply,
    Request,
    Token,
    TokenState,
)
from ssohelper.core.model import RoleKey
from ssohelper.errors import AwsUnreachable, SsoHelperError

GOOD = Token(TokenState.GOOD, "t1")
NEAR_END = Token(TokenState.NEAR_END, "t1")
ENDED = Token(TokenState.ENDED, "t1")
RENEWED = Token(TokenState.GOOD, "t2")
DOWN = AwsUnreachable("down")


def key(role: str = "A", session: str = "corp") -> RoleKey:
    return RoleKey.of_parts(session, "000000000001", role)


def document(role: str = "A") -> bytes:
    return f"document of {role}\n".encode()


class World:
    """The broker's Ports, controlled by the test. Times are seconds since the start."""

    def __init__(self, make_broker: Callable[..., Any] = Broker) -> None:
        self.now = 0.0
        self.found: dict[str, FoundCredentials] = {}
        self.find_error: SsoHelperError | None = None
        self.tokens: dict[str, Token | SsoHelperError] = {}
        self.prints: dict[str, str] = {}
        self.is_background = True
        # How long the token file's read takes.
        self.read_seconds = 0.0
        self.calls: list[tuple[float, str]] = []
        self.under_way: list[RoleKey] = []
        self.renewals: list[tuple[float, str, str]] = []
        self.told: list[tuple[float, Caller, float]] = []
        self.replies: dict[Caller, tuple[float, Reply]] = {}
        self.broker = make_broker(self)

    # -- the functions that the broker calls ---------------------------------------------------

    def find_credentials(self, key: RoleKey, _share: float, *, is_permitted) -> FoundCredentials:
        if self.find_error is not None:
            raise self.find_error
        return self.found.get(key.role_part, FoundCredentials())

    def load_token(self, session_name: str) -> Token:
        self.now += self.read_seconds
        found = self.tokens.get(session_name, GOOD)
        if isinstance(found, SsoHelperError):
            raise found
        return found

    def read_token_file_fingerprint(self, session_name: str) -> str:
        return self.prints.get(session_name, "f1")

    def start_role_call(self, key: RoleKey, asked_by: AskedBy) -> float:
        assert key not in self.under_way, "two calls for one role"
        self.calls.append((self.now, key.role_name))
        self.under_way.append(key)
        return self.now

    def start_renewal(self, session_name: str, seen_id: str) -> None:
        self.renewals.append((self.now, session_name, seen_id))

    def may_renew_in_background(self) -> bool:
        return self.is_background

    def tell_caller_to_wait(self, caller: Caller, seconds: float) -> None:
        self.told.append((self.now, caller, seconds))

    def reply(self, caller: Caller, reply: Reply) -> None:
        assert caller not in self.replies, "two replies for one caller"
        self.replies[caller] = (self.now, reply)

    # -- asking the broker, ending its calls and letting time pass -----------------------------

    def ask(self, role="A", seconds: float = 18.0, *, session="corp", waits=False) -> Caller:
        caller = Caller(Request(key(role, session), self.now, self.now + seconds, 0.0, waits))
        self.broker.handle_request(caller, self.now)
        return caller

    def go_to(self, moment: float) -> None:
        """Let time pass; the broker is woken only at the times that it asks for."""
        while (wake := self.broker.find_next_wake_time(self.now)) <= moment:
            assert wake > self.now
            self.now = wake
            self.broker.start_due_work(wake)
        self.now = moment

    def end(self, role="A", outcome: SsoHelperError | None = None, *, session="corp") -> None:
        """End the call for the role: with its document, or with an error."""
        ended = key(role, session)
        self.under_way.remove(ended)
        self.broker.note_role_call_end(ended, outcome or Reply(document(role)), self.now)

    def note_renewal_end(self, error: SsoHelperError | None = None) -> None:
        """End the renewal; a success replaces the token."""
        if error is None:
            self.tokens["corp"], self.prints["corp"] = RENEWED, f"f of {RENEWED}"
        self.broker.note_renewal_end("corp", error, self.now)

    def run_to(self, moment: float, answer: Callable[[float], SsoHelperError | None]) -> None:
        """Let time pass; AWS answers each call at once with what `answer` returns for that time."""
        while True:
            while self.under_way:
                self.end(self.under_way[0].role_name, answer(self.now))
            wake = self.broker.find_next_wake_time(self.now)
            if wake > moment:
                break
            self.now = wake
            self.broker.start_due_work(wake)
        self.now = moment

    # -- reading the answers to the callers ----------------------------------------------------

    def answer_of(self, caller: Caller) -> bytes | SsoHelperError | None:
        """Return the caller's document or error; None while it waits."""
        if caller not in self.replies:
            return None
        reply = self.replies[caller][1]
        return reply.error or reply.document

    def answered_at(self, caller: Caller) -> float:
        return self.replies[caller][0]
