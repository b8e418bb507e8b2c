"""Runs a program in a pty: sends keys, reads the screen and the terminal's settings."""

import re
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


# Pyte prints "5u" of \x1b[=5u, with which fish asks the terminal for the kitty protocol of keys,
# and underlines the text after \x1b[>4;1m.
_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<=>][0-9;:]*[ -/]*[@-~]")
_BEGINNING_OF_THESE = re.compile(rb"\x1b(\[([<=>][0-9;:]*[ -/]*)?)?\Z")


class ScreenStream:
    """Draws what a program writes on a screen of pyte, without the sequences that pyte misreads.

    A read may end inside such a sequence: its beginning then waits for the next read.
    """

    def __init__(self, screen: pyte.Screen) -> None:
        self._stream = pyte.ByteStream(screen)
        self._waiting = b""

    def feed(self, data: bytes) -> None:
        known = _UNKNOWN_TO_PYTE.sub(b"", self._waiting + data)
        beginning = _BEGINNING_OF_THESE.search(known)
        end = beginning.start() if beginning else len(known)
        self._waiting = known[end:]
        self._stream.feed(known[:end])


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
        self._stream = ScreenStream(self._screen)
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
        self._stream.feed(data)
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
