"""What a broker leaves behind: nothing when idle, and no growth while it is busy."""

import time
from concurrent.futures import ThreadPoolExecutor

from tests.processes import broker_ids, count_descriptors, resident_kb
from tests.torture.ground import Ground, ground, helper, programs_of_rows, wait_for, wrong_in
from tests.torture.rows import Dice, Row, first_of, judge

IDLE_SECONDS = 600
BUSY_SECONDS, LEAST_BUSY_SECONDS = 240, 60
# 24 lives of an hour are a day; each role has 4 or more in 240 s. Each of 40 roles is asked for every
# 40 s, which is more than half of its life: so each call reaches the broker, and keeps it busy.
ROLE_SECONDS, TOKEN_SECONDS, ROLES = 60, 120, 40
MOST_KB, MOST_GROWTH_KB, MOST_GROWTH_DESCRIPTORS = 40 * 1024, 2048, 2
# One that was seen for less has not yet loaded all that its work takes.
_SEEN_SECONDS = 40


def broker_remains(dice: Dice) -> list[Row]:
    """brokers left when idle; memory and descriptors of busy ones"""
    with ThreadPoolExecutor(2) as pool:
        idle = pool.submit(_leave_idle)
        busy = pool.submit(_keep_busy, dice.count(BUSY_SECONDS, LEAST_BUSY_SECONDS))
        return [idle.result(), *busy.result()]


def brokers_left(seconds: float) -> Row | None:
    """Return what is left of all rows' brokers; None when there were none to begin with.

    They have these seconds, at most IDLE_SECONDS, to end.
    """
    began = time.monotonic()
    if not _brokers_of_all_rows():
        return None
    wait_for(lambda: not _brokers_of_all_rows(), min(seconds, IDLE_SECONDS))
    left = _brokers_of_all_rows()
    return Row(
        "brokers left by all rows",
        f"{len(left)} after {time.monotonic() - began:.0f} s",
        f"0 within {IDLE_SECONDS} s",
        judge(not left or seconds < IDLE_SECONDS, not left),
    )


def _brokers_of_all_rows() -> list[int]:
    return [pid for pid, words in programs_of_rows() if b"broker-process" in words]


def _leave_idle() -> Row:
    with ground() as place:
        place.sign_in()
        answer = place.run(*helper())
        seen = broker_ids(place.home)
        began = time.monotonic()
        wait_for(lambda: not broker_ids(place.home), IDLE_SECONDS)
        took = time.monotonic() - began
        left = broker_ids(place.home)
    return Row(
        "brokers left when idle",
        f"{len(seen)} after the call (exit {answer.code}), {len(left)} after {took:.0f} s",
        f"1, 0 within {IDLE_SECONDS} s",
        len(seen) == 1 and not left and not answer.code,
    )


def _keep_busy(seconds: int) -> list[Row]:
    with ground(accounts=ROLES) as place:
        place.emulator.faults.set(
            role_credentials_seconds=ROLE_SECONDS, token_seconds=TOKEN_SECONDS
        )
        place.sign_in()
        place.emulator.reset_counters()
        sizes, wrong = _watch(place, seconds)
        renewals = place.emulator.counters["GetRoleCredentials"]
    measured = {broker: seen for broker, seen in sizes.items() if len(seen) >= _SEEN_SECONDS}
    most = max((size[0] for seen in sizes.values() for size in seen), default=0)
    grown = [_growth(seen) for seen in measured.values()]
    kb, descriptors = (max((each[at] for each in grown), default=0) for at in (0, 1))
    return [
        Row(
            f"a caller each second for {seconds} s, lives of {ROLE_SECONDS} s, {ROLES} roles",
            f"{len(wrong)} failures, {renewals} role calls{first_of(wrong)}",
            "0",
            judge(not wrong, renewals > ROLES),
        ),
        Row(
            f"memory and descriptors of its {len(sizes)} brokers",
            f"at most {most / 1024:.0f} MB; {kb} kB and {descriptors} descriptors more than after "
            f"a third ({len(measured)} brokers seen for {_SEEN_SECONDS} s)",
            f"≤ 40 MB; ≤ {MOST_GROWTH_KB} kB, ≤ {MOST_GROWTH_DESCRIPTORS}; at least one measured",
            judge(
                most <= MOST_KB and kb <= MOST_GROWTH_KB and descriptors <= MOST_GROWTH_DESCRIPTORS,
                most > 0 and bool(measured),
            ),
        ),
    ]


def _watch(place: Ground, seconds: int) -> tuple[dict[int, list[tuple[int, int]]], list[str]]:
    """Call once a second; return each broker's memory and descriptors, and what went wrong."""
    sizes: dict[int, list[tuple[int, int]]] = {}
    wrong: list[str] = []
    began = time.monotonic()
    for second in range(seconds):
        time.sleep(max(0.0, began + second - time.monotonic()))
        command = helper(second % ROLES)
        answer = place.run(*command)
        why = str(answer) if answer.code else wrong_in(place, answer, command)
        wrong += [why] if why else []
        for broker in broker_ids(place.home):
            size = (resident_kb(broker), count_descriptors(broker))
            if all(size):  # it may end while it is measured
                sizes.setdefault(broker, []).append(size)
    return sizes, wrong


def _growth(seen: list[tuple[int, int]]) -> tuple[int, int]:
    """Return how much the last third's least is above the first third's most, in kB and number."""
    third = len(seen) // 3
    early, late = seen[:third], seen[-third:]
    kb, descriptors = (
        max(0, min(size[at] for size in late) - max(size[at] for size in early)) for at in (0, 1)
    )
    return kb, descriptors
