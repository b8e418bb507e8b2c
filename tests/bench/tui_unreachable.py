"""The full screen while AWS takes every connection and never answers: keys, scrolling, the end."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import NamedTuple

from tests.bench import tui
from tests.bench.world import Bench, Row

PROFILES = 10_000
TYPED = "account-01 role07" + "\x7f" * 17
PAGES = 20
KEY_TARGET, QUIT_TARGET_SECONDS = 2.0, 0.5
_REFRESH, _PROFILES, _PAGE_DOWN, _QUIT = b"\x1b[15~", b"\x1bOS", b"\x1b[6~", b"\x11"


class Used(NamedTuple):
    """Seconds of each typed key, of each page, and from ctrl+q to the end of the process."""

    typed: list[float]
    pages: list[float]
    quitting: float


def screen_unreachable(bench: Bench) -> list[Row]:
    """AWS takes connections and never answers: keys in search and scrolling, quitting"""
    bench.sign_in()
    bench.write_config()
    bench.config.write_bytes(bench.config.read_bytes() + bench.profiles(PROFILES))
    bench.save_listing(accounts=tui.ACCOUNTS, roles=tui.ROLES)
    usual = _used(bench)
    with _black_hole() as url:
        for name in ("SSO", "SSO_OIDC", "SSOOIDC"):
            bench.environ[f"AWS_ENDPOINT_URL_{name}"] = url
        worse = _used(bench)
    rows = []
    for what, slow, fast in (
        ("a key in search", worse.typed, usual.typed),
        (f"a page of {PROFILES:,} profiles", worse.pages, usual.pages),
    ):
        ratio = max(slow) / max(fast)
        middle = f"medians {median(slow) * 1000:.0f} and {median(fast) * 1000:.0f} ms"
        rows.append(
            Row(
                f"AWS never answers: {what}, worst against worst when it does",
                f"≤ {KEY_TARGET}",
                f"{ratio:.2f} ({max(slow) * 1000:.0f} ms against {max(fast) * 1000:.0f} ms, {middle})",
                ratio <= KEY_TARGET,
            )
        )
    figure = f"{worse.quitting:.2f} s"
    met = worse.quitting <= QUIT_TARGET_SECONDS
    what = "AWS never answers: from ctrl+q to the end of the process"
    return [*rows, Row(what, f"≤ {QUIT_TARGET_SECONDS} s", figure, met)]


def _used(bench: Bench) -> Used:
    program = tui.Program(bench, [bench.ssohelper])
    try:
        program.until(b"account-00000")
        program.quiet()
        os.write(program.terminal, _REFRESH)
        typed = [program.repainted(key.encode()) for key in TYPED]
        os.write(program.terminal, _PROFILES)
        program.until(b"profile sync")
        program.quiet()
        pages = [program.repainted(_PAGE_DOWN) for _ in range(PAGES)]
        began = time.perf_counter()
        os.write(program.terminal, _QUIT)
        program.until_ended()
        return Used(typed, pages, time.perf_counter() - began)
    finally:
        program.end()


@contextmanager
def _black_hole() -> Iterator[str]:
    """Give the address of a listener whose connections are made and never served."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
