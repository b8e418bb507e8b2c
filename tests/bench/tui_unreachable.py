"""The full screen while AWS takes every connection and never answers: keys, scrolling, the end."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import NamedTuple

from tests.bench import tui
from tests.bench.world import Bench, Row, against

PROFILES = 10_000
TYPED = "account-01 role07" + "\x7f" * 17
PAGES = 20
KEY_TARGET, QUIT_TARGET_SECONDS = 2.0, 0.5
_REFRESH, _PROFILES, _PAGE_DOWN = b"\x1b[15~", b"\x1bOS", b"\x1b[6~"


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
        middle = f", medians {median(slow) * 1000:.0f} and {median(fast) * 1000:.0f} ms"
        row_of = f"AWS never answers: {what}, worst against worst when it does"
        rows.append(against(row_of, [max(slow)], [max(fast)], KEY_TARGET, places=0, more=middle))
    figure = f"{worse.quitting:.2f} s"
    met = worse.quitting <= QUIT_TARGET_SECONDS
    what = "AWS never answers: from ctrl+q to the end of the process"
    return [*rows, Row(what, f"≤ {QUIT_TARGET_SECONDS} s", figure, met)]


def _used(bench: Bench) -> Used:
    with tui.running(bench) as program:
        program.quiet()
        os.write(program.terminal, _REFRESH)
        typed = [program.repainted(key.encode()) for key in TYPED]
        os.write(program.terminal, _PROFILES)
        program.until(b" managed, ")
        program.quiet()
        pages = [program.repainted(_PAGE_DOWN) for _ in range(PAGES)]
        return Used(typed, pages, program.quit())


@contextmanager
def _black_hole() -> Iterator[str]:
    """Give the address of a listener whose connections are made and never served."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
