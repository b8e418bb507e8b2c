"""A TAB for a profile among 10,000, pressed in each shell, against `ssohelper --help`.

The index of names makes it fast. The first TAB after a change of the config rebuilds it.
"""

import os
import time
from contextlib import closing

import pexpect

from tests.bench.world import Bench, Failed, against
from tests.conftest import Home
from tests.published import date_back
from tests.shell.tab import START, Typist
from tests.torture.ground import SSOHELPER
from tests.torture.rows import Row

ROUNDS = 15
TARGET = 1.8
# The whole config is read once.
REBUILD_TARGET = 4.0
# The candidates are p123 and p1230 to p1239.
SOME, AS_MANY = "p123", 11


def tabs(bench: Bench) -> list[Row]:
    """a TAB for a profile among 10,000 in bash, zsh and fish, against `ssohelper --help`"""
    bench.save_listing(accounts=1000, roles=10)
    only = b"[profile unlike]\nsso_account_id = 000000000000\nsso_role_name = Role00\n"
    bench.config.write_bytes(bench.config.read_bytes() + bench.profiles(10_000) + only)
    tab = [SSOHELPER, "completion", "--answer", "zsh", SOME, "x", "use"]
    if len(bench.said(tab).splitlines()) != 1 + AS_MANY:
        raise Failed(f"not {AS_MANY} candidates for {SOME}")
    date_back(bench.config)
    home = Home(bench.home, bench.env)
    return [*(_in_shell(bench, shell, home) for shell in START), _after_a_change(bench, tab)]


def _after_a_change(bench: Bench, tab: list[str]) -> Row:
    # In the past: a config that was just written is not indexed.
    times = (time.time() - 3600 + number for number in range(ROUNDS))
    rebuilding, helps = bench.in_turn(
        ROUNDS,
        *(tab, [SSOHELPER, "--help"]),
        before=lambda: os.utime(bench.config, (next(times),) * 2),
    )
    what = "the first TAB after a change of 10,000 profiles against `ssohelper --help`"
    return against(what, rebuilding, helps, REBUILD_TARGET)


def _in_shell(bench: Bench, shell: str, home: Home) -> Row:
    with closing(Typist(shell, home)) as typist:
        ours, helps = list[float](), list[float]()
        for _ in range(ROUNDS):
            ours.append(_seconds_of_a_tab(typist))
            helps.append(bench.timed([SSOHELPER, "--help"]))
    what = f"a TAB for a profile among 10,000 in {shell} against `ssohelper --help`"
    return against(what, ours, helps, TARGET)


def _seconds_of_a_tab(typist: Typist) -> float:
    """Return how long it takes from the key to the whole name on the line."""
    child = typist.child
    child.send("ssohelper use unl")
    child.expect_exact("unl")
    typist.settle()
    begun = time.perf_counter()
    child.send("\t")
    try:
        child.expect_exact("ike", timeout=30)
    except pexpect.TIMEOUT as nothing:
        raise Failed(f"{typist.shell} completed nothing") from nothing
    took = time.perf_counter() - begun
    if typist.words_after("\r") != ["use", "unlike"]:
        raise Failed(f"{typist.shell} completed something else")
    return took
