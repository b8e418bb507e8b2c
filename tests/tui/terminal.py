"""Runs a program in a pty: sends keys, reads the screen and the terminal's settings."""

import termios
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pexpect
import pyte

# The longest wait: reached only if something is broken.
SECONDS = 120


class _TolerantScreen(pyte.Screen):  # type: ignore[misc]
    """A screen that ignores a sequence with wrong parameters, as real terminals do.

    A program that is killed may leave half a sequence, which pyte reads together with the next one.
    """

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        return _ignore_wrong_parameters(found) if name in _SEQUENCES else found


_SEQUENCES = frozenset(pyte.Stream.csi.values())


def _ignore_wrong_parameters(method: Callable[..., object]) -> Callable[..., object]:
    def call(*parameters: Any, **more: Any) -> object:
        try:
            return method(*parameters, **more)
        except TypeError:
            return None

    return call


class Terminal:
    """A pty in which a program runs. `lines` and `text` are what the terminal shows."""

    def __init__(
        self,
        argv: Sequence[object],
        env: Mapping[str, str],
        *,
        size: tuple[int, int] = (80, 24),
        dumb: bool = False,
    ) -> None:
        columns, lines = size
        self._screen = _TolerantScreen(columns, lines)
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

    def resize(self, columns: int, lines: int) -> None:
        """Resize the terminal. Its lines are cut or padded; they are not wrapped again."""
        self._screen.resize(lines, columns)
        self.child.setwinsize(lines, columns)

    def read(self, seconds: float = 0.05) -> bytes:
        """Read what the program has written; b"" if it writes nothing for so long."""
        try:
            data: bytes = self.child.read_nonblocking(1 << 16, timeout=seconds)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return b""
        self.raw += data
        # pyte does not know the kitty protocol and would print the end of: \x1b[>1u, \x1b[<u.
        self._stream.feed(data.replace(b"\x1b[>1u", b"").replace(b"\x1b[<u", b""))
        return data

    def until(self, what: str | Callable[[], bool]) -> str:
        """Read until the text is shown, or the function returns true. Fails after SECONDS."""
        ends_at = time.monotonic() + SECONDS
        while not (what() if callable(what) else what in self.text):
            assert time.monotonic() < ends_at, f"never seen: {what!r} in\n{self.text}"
            self.read()
        return self.text

    def wait(self) -> int:
        """Wait for the end of the program; return its exit code, negative for a signal."""
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
