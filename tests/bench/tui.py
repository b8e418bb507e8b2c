"""What the full-screen program promises with 20,000 rows: start, keys, memory, in a real pty."""

import fcntl
import os
import pty
import select
import signal
import socket
import struct
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from statistics import median
from typing import NamedTuple

from tests.bench.world import Bench, Failed, against
from tests.processes import resident_kb
from tests.torture.ground import SSOHELPER
from tests.torture.rows import Row

ACCOUNTS, ROLES = 2000, 10
START_ROUNDS = 25
START_TARGET = 1.25
KEY_TARGET, WORST_TARGET = 0.45, 3.0
MEMORY_TARGET_MB = 100
SIZE = (120, 40)
# No byte for so long: the repaint is over. Frames are 17 ms apart.
QUIET_SECONDS = 0.08
BOUND_SECONDS = 60.0
# The question of what a terminal can do: all terminals answer it at once.
DEVICE_ATTRIBUTES = b"\x1b[c"
F4, _REFRESH, _PAGE_DOWN = b"\x1bOS", b"\x1b[15~", b"\x1b[6~"
# While AWS never answers.
PROFILES, PAGES, SEARCHED = 10_000, 20, "account-01 role07" + "\x7f" * 17
SLOW_TARGET, QUIT_TARGET_SECONDS = 2.0, 0.5
# 100 keys: words that narrow, and their taking back, which widens again.
_WORDS = "account-01 role07 19", "role account 0 5", "00199 role"
TYPED = "".join(word + "\x7f" * len(word) for word in _WORDS) + "0107 ole"

EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self): yield Static('account-00000')
Empty().run()
"""
OPTION_LIST = f"""
from textual.app import App
from textual.widgets import Input, OptionList
keys = [(n, r) for n in range({ACCOUNTS}) for r in range({ROLES})]
rows = [f'account-{{n:05d}} 0000{{n:08d}} Role{{r:02d}}' for n, r in keys]
class Plain(App):
    def compose(self):
        line = Input(); line.cursor_blink = False
        yield line; yield OptionList(*rows, markup=False)
    def on_input_changed(self, event):
        terms = event.value.lower().split()
        found = [row for row in rows if all(term in row.lower() for term in terms)]
        self.query_one(OptionList).set_options(found)
Plain().run()
"""


class Keys(NamedTuple):
    """Seconds from each key to the last byte of its repaint, and the resident megabytes."""

    seconds: list[float]
    megabytes: float
    quit_seconds: float


def screen_start(bench: Bench) -> list[Row]:
    """20,000 rows: text on screen, against an empty Textual app"""
    _prepare(bench)
    ours, empty = list[float](), list[float]()
    for _ in range(START_ROUNDS):
        empty.append(_until_text(bench, [sys.executable, "-c", EMPTY]))
        ours.append(_until_text(bench, [SSOHELPER]))
    what = "20,000 rows: text on screen, against an empty Textual app"
    return [against(what, ours, empty, START_TARGET, places=0)]


def screen_keys(bench: Bench) -> list[Row]:
    """20,000 rows: a key in search to the end of the repaint, against an OptionList"""
    _prepare(bench)
    ours = _typed(bench, [SSOHELPER]).seconds
    plain = _typed(bench, [sys.executable, "-c", OPTION_LIST]).seconds
    what = "20,000 rows: a key to the end of the repaint"
    worst = f"{what}, worst of {len(TYPED)} against our median"
    return [
        against(f"{what}, against an OptionList", ours, plain, KEY_TARGET, places=0),
        against(worst, [max(ours)], ours, WORST_TARGET, places=0),
    ]


def screen_memory(bench: Bench) -> list[Row]:
    """20,000 rows, each with a profile: memory after 40 keys in search, and on Profiles"""
    _prepare(bench)
    bench.add_profile_for_each_role(accounts=ACCOUNTS, roles=ROLES)
    what, most = "20,000 rows, each with a profile: memory", MEMORY_TARGET_MB
    searched = _typed(bench, [SSOHELPER], TYPED[:40]).megabytes
    found = {"": searched, ", on Profiles": _megabytes_on_profiles(bench)}
    rows = found.items()
    return [Row(f"{what}{where}", f"{mb:.0f} MB", f"≤ {most} MB", mb <= most) for where, mb in rows]


def screen_black_hole(bench: Bench) -> list[Row]:
    """20,000 rows: keys and quitting while AWS never answers"""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as hole:
        address = f"http://127.0.0.1:{hole.getsockname()[1]}"
        _prepare(bench)
        without = _typed(bench, [SSOHELPER], TYPED[:40])
        # An old list: it is asked for again behind the one that is shown.
        bench.save_listing(accounts=ACCOUNTS, roles=ROLES, age_seconds=3 * 3600)
        bench.env |= {"AWS_ENDPOINT_URL_SSO": address, "AWS_ENDPOINT_URL_SSO_OIDC": address}
        into = _typed(bench, [SSOHELPER], TYPED[:40])
        hole.settimeout(0)
        hole.accept()[0].close()  # raises if the program has not connected
    what, quitting = "20,000 rows, AWS never answers", into.quit_seconds
    slowest = f"{what}: the slowest key against the slowest without"
    return [
        against(slowest, [max(into.seconds)], [max(without.seconds)], 2.0, places=0),
        Row(f"{what}: quitting", f"{quitting:.2f} s", "≤ 0.5 s", quitting <= 0.5),
    ]


class Used(NamedTuple):
    """Seconds of each typed key, of each page, and from ctrl+q to the end of the process."""

    typed: list[float]
    pages: list[float]
    quitting: float


def screen_unreachable(bench: Bench) -> list[Row]:
    """AWS takes connections and never answers: keys in search and scrolling, quitting"""
    _prepare(bench)
    bench.config.write_bytes(bench.config.read_bytes() + bench.profiles(PROFILES))
    usual = _used(bench)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as hole:
        url = f"http://127.0.0.1:{hole.getsockname()[1]}"
        names = ("SSO", "SSO_OIDC", "SSOOIDC")
        bench.env |= {f"AWS_ENDPOINT_URL_{name}": url for name in names}
        worse = _used(bench)
    rows = []
    for what, slow, fast in (
        ("a key in search", worse.typed, usual.typed),
        (f"a page of {PROFILES:,} profiles", worse.pages, usual.pages),
    ):
        middle = f", medians {median(slow) * 1000:.0f} and {median(fast) * 1000:.0f} ms"
        row_of = f"AWS never answers: {what}, worst against worst when it does"
        rows.append(against(row_of, [max(slow)], [max(fast)], SLOW_TARGET, places=0, more=middle))
    figure = f"{worse.quitting:.2f} s"
    met = worse.quitting <= QUIT_TARGET_SECONDS
    what = "AWS never answers: from ctrl+q to the end of the process"
    return [*rows, Row(what, figure, f"≤ {QUIT_TARGET_SECONDS} s", met)]


def _used(bench: Bench) -> Used:
    with running(bench) as program:
        program.quiet()
        os.write(program.terminal, _REFRESH)
        typed = [program.repainted(key.encode()) for key in SEARCHED]
        os.write(program.terminal, F4)
        program.until(b" managed, ")
        program.quiet()
        pages = [program.repainted(_PAGE_DOWN) for _ in range(PAGES)]
        return Used(typed, pages, program.quit())


# -- a program in a pty ------------------------------------------------------------------------


def _prepare(bench: Bench) -> None:
    bench.sign_in()
    bench.save_listing(accounts=ACCOUNTS, roles=ROLES)


class Program:
    """A program in a pseudo-terminal of its own."""

    def __init__(self, bench: Bench, argv: Sequence[str]) -> None:
        environ = {**bench.env, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.began = time.perf_counter()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
            os.execve(argv[0], list(argv), environ)

    def read(self, seconds: float) -> bytes:
        if not select.select([self.terminal], [], [], seconds)[0]:
            return b""
        try:
            return os.read(self.terminal, 1 << 16)
        except OSError as cause:
            raise Failed("the program ended by itself") from cause

    def until(self, text: bytes) -> None:
        """Wait for the text. Answer as every terminal does (DA1)."""
        seen = b""
        while text not in seen:
            if time.perf_counter() - self.began > BOUND_SECONDS:
                raise Failed(f"{text!r} was never shown")
            got = self.read(1.0)
            if DEVICE_ATTRIBUTES in got:
                os.write(self.terminal, b"\x1b[?62;22c")
            seen = (seen + got)[-(1 << 20) :]

    def repainted(self, keys: bytes) -> float:
        """Send keys; return the seconds until the last byte before it is quiet."""
        sent = last = time.perf_counter()
        os.write(self.terminal, keys)
        seen = False
        while time.perf_counter() - sent < BOUND_SECONDS:
            if self.read(QUIET_SECONDS):
                last, seen = time.perf_counter(), True
            elif seen:
                return last - sent
        raise Failed("a key was never answered")

    def quiet(self) -> None:
        ends_at = time.perf_counter() + BOUND_SECONDS
        while self.read(1.0):
            if time.perf_counter() > ends_at:
                raise Failed("the program never comes to rest")

    def megabytes(self) -> float:
        return resident_kb(self.pid) / 1024

    def quit(self) -> float:
        """Press ctrl+q; return the seconds until the process is gone."""
        began = time.perf_counter()
        os.write(self.terminal, b"\x11")
        while os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            with suppress(Failed):
                self.read(0.005)
            if time.perf_counter() - began > BOUND_SECONDS:
                raise Failed("it does not quit")
        return time.perf_counter() - began

    def end(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


@contextmanager
def running(bench: Bench, argv: Sequence[str] = ()) -> Iterator[Program]:
    """Run a program, ours without `argv`, whose list of accounts is on the screen."""
    program = Program(bench, argv or [SSOHELPER])
    try:
        program.until(b"account-00000")
        yield program
    finally:
        program.end()


def _until_text(bench: Bench, argv: Sequence[str]) -> float:
    with running(bench, argv) as program:
        return time.perf_counter() - program.began


def _typed(bench: Bench, argv: Sequence[str], keys: str = TYPED) -> Keys:
    with running(bench, argv) as program:
        program.quiet()
        seconds = [program.repainted(key.encode()) for key in keys]
        return Keys(seconds, program.megabytes(), program.quit())


def _megabytes_on_profiles(bench: Bench) -> float:
    """Return the memory on the Profiles screen, after the plan is shown and a search was typed."""
    with running(bench) as program:
        program.quiet()
        os.write(program.terminal, F4)
        program.until(b" managed, ")
        program.quiet()
        for key in "unt 07":
            program.repainted(key.encode())
        return program.megabytes()
