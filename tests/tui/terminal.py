"""A real terminal around a program: what it shows, keys to it, its settings before and after."""

import termios
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pexpect
import pyte

# Bound of every wait: reached only when something is broken.
SECONDS = 30


class Terminal:
    """A pty with a program in it; `screen` shows what a person would see."""

    def __init__(
        self,
        argv: Sequence[object],
        env: Mapping[str, str],
        *,
        size: tuple[int, int] = (80, 24),
        dumb: bool = False,
    ) -> None:
        columns, lines = size
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self.raw = bytearray()
        self.child = pexpect.spawn(
            str(argv[0]),
            [str(word) for word in argv[1:]],
            env={**env, "TERM": "dumb" if dumb else "xterm-256color"},
            dimensions=(lines, columns),
            timeout=SECONDS,
            echo=True,
        )
        self.attributes: list[Any] = termios.tcgetattr(self.child.child_fd)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def send(self, keys: str) -> None:
        self.child.send(keys)

    def read(self, seconds: float = 0.05) -> bytes:
        """Take in what the program has written; nothing when it says nothing that long."""
        try:
            data: bytes = self.child.read_nonblocking(1 << 16, timeout=seconds)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return b""
        self.raw += data
        # pyte knows no kitty protocol and prints its end: \x1b[>1u, \x1b[<u.
        self._stream.feed(data.replace(b"\x1b[>1u", b"").replace(b"\x1b[<u", b""))
        return data

    def until(self, what: str | Callable[[], bool]) -> str:
        """Read until the text is shown (or the question is true); fails after a bound."""
        ends_at = time.monotonic() + SECONDS
        while not (what() if callable(what) else what in self.text):
            assert time.monotonic() < ends_at, f"never seen: {what!r} in\n{self.text}"
            self.read()
        return self.text

    def wait(self) -> int:
        """Return the exit code, negative for a signal, once the program has ended."""
        ends_at = time.monotonic() + SECONDS
        while self.child.isalive() or self.read():
            assert time.monotonic() < ends_at, f"it never ended:\n{self.text}"
            self.read()
        self.child.close()
        if self.child.signalstatus is not None:
            return -int(self.child.signalstatus)
        return int(self.child.exitstatus)

    def close(self) -> None:
        self.child.close(force=True)
