"""Callers: the launcher's hit, then the broker's socket, as fastpath.broker_client uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssohelper.broker import wording
from ssohelper.broker.requests import Reply
from ssohelper.core.model import RoleKey
from ssohelper.errors import SsoHelperError
from ssohelper.fastpath import published

if TYPE_CHECKING:
    from tests.simulator.sockets import Stream
    from tests.simulator.world import World

# The same values as in fastpath.broker_client.
_GRACE_SECONDS = 1.0
_MOST_ATTEMPTS = 5
_STOPPED = 6


class Caller:
    """One call for a role's credentials."""

    def __init__(
        self, world: World, number: int, environment: int, key: RoleKey, *,
        seconds: float = 18.0, least_share: float = 0.0, waits_longer: bool = True,
    ) -> None:  # fmt: skip
        self._world = world
        self.number = number
        self.environment = environment
        self.session, self.account, self.role = key[:3]
        self.seconds = seconds
        self.least_share = least_share
        self.waits_longer = waits_longer
        self.asked_at = world.scheduler.now
        self.ends_at = self.asked_at + seconds
        self.is_alone = False
        self.replies = 0
        self.code: int | None = None
        self.ended_at = 0.0
        self.access_key = ""
        self.error: SsoHelperError | str = ""
        self.is_withdrawn = False
        self._attempts = 0
        self._stream: Stream | None = None
        self._data = b""

    def __repr__(self) -> str:
        return f"caller {self.number} ({self.session} {self.account[:2]} {self.role})"

    @property
    def is_over(self) -> bool:
        return self.code is not None or self.is_withdrawn

    def begin(self) -> None:
        """Look for a published response, as the launcher does; else ask the broker."""
        self._world.trace(f"{self} asks for at most {self.seconds:g} s")
        if self.least_share == 0 and self._hit():
            return
        self._connect()

    def withdraw(self) -> None:
        """The caller is killed."""
        if self.is_over:
            return
        self._world.trace(f"{self} is killed")
        self.is_withdrawn = True
        if self._stream is not None:
            self._stream.close()

    def take(self, code: int, reply: Reply) -> None:
        """Take the one reply."""
        self.code, self.ended_at = code, self._world.scheduler.now
        self.error = reply.error or ""
        if reply.document:
            self.access_key = wording_key(reply.document)
        said = self.access_key or f"{type(reply.error).__name__}: {reply.error}"
        self._world.trace(f"{self} gets exit {code}: {said} {' '.join(reply.warnings)}")
        self._world.judge.check_reply(self, code, reply.document, reply.warnings)

    # -- the steps of a call: hit, connection, answer ----------------------------------------

    def _hit(self) -> bool:
        disk = self._world.disk
        disk.stdout = b""
        argv = ["--session", self.session, "--account-id", self.account, "--role-name", self.role]
        if not published.print_published_response(argv):
            return False
        self.code = 0
        self.access_key = wording_key(disk.stdout)
        self._world.trace(f"{self} is served the published {self.access_key}")
        judge = self._world.judge
        judge.check_published(self.session, self.account, self.role, disk.stdout)
        return True

    def _connect(self) -> None:
        world = self._world
        self._attempts += 1
        left = self.ends_at - world.scheduler.now
        if self._attempts > _MOST_ATTEMPTS:
            world.ask_alone(self, left)
            return
        self._data = b""
        self._stream = world.connect(self.environment, self.session)
        self._stream.changed = self._changed
        words = (
            *(self.session, self.account, self.role),
            *(max(0, int(left * 1000)), int(self.least_share * 1000), int(self.waits_longer)),
            *("0", "-", "-"),
        )
        self._stream.send(("ask " + " ".join(map(str, words)) + "\n").encode())
        world.scheduler.after(max(0.05, left + _GRACE_SECONDS), self._give_up)

    def _changed(self) -> None:
        # Later, not now: the broker is still sending.
        self._world.scheduler.after(0.0, self._read)

    def _read(self) -> None:
        stream = self._stream
        if self.is_over or stream is None:
            return
        try:
            while piece := stream.recv(65536):
                self._data += piece
                if self._is_answered():
                    stream.close()
                    return
        except BlockingIOError:
            return
        self._world.trace(f"{self} is left without a reply")
        stream.close()
        self._connect()

    def _is_answered(self) -> bool:
        head, newline, rest = self._data.partition(b"\n")
        if newline and head.startswith(b"wait "):
            self.ends_at = self._world.scheduler.now + int(head[5:])
            self._world.trace(f"{self} is told to wait for {int(head[5:])} s")
            self._data = rest
            self._world.scheduler.after(int(head[5:]) + _GRACE_SECONDS, self._give_up)
            return self._is_answered()
        if not newline:
            return False
        code, size, more = (int(word) for word in head[5:].split())
        if len(rest) < size + more:
            return False
        self.take(code, wording.decode_reply(code, rest[:size], rest[size : size + more]))
        return True

    def _give_up(self) -> None:
        if self.is_over or self._world.scheduler.now < self.ends_at + _GRACE_SECONDS - 0.001:
            return
        self.code = _STOPPED
        self._world.trace(f"{self} gives up: no answer of the broker's")
        if self._stream is not None:
            self._stream.close()
        self._world.judge.broker_was_silent(self)


def wording_key(document: bytes) -> str:
    """Return the access key id of a credential-process document."""
    return document.partition(b'"AccessKeyId":"')[2].partition(b'"')[0].decode()
