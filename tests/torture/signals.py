"""Signals at random moments of a token renewal under rotation: the sign-in must survive."""

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import NamedTuple

from tests.processes import broker_ids
from tests.torture.ground import PATIENCE_SECONDS, Ground, ground, helper, wait_for
from tests.torture.rows import Dice, Row, first_of, judge

ROUNDS, LEAST_ROUNDS, AT_ONCE = 200, 16, 2
LATENCY_SECONDS = 0.06
_REFRESH = "CreateToken.refresh_token"
# Nothing reached AWS for so long: the renewal has ended, or never began.
_QUIET_SECONDS = 0.6
_TOLD = re.compile("answer.*(lost|never)|(lost|never).*answer")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
# A kill -9 of the broker has a budget of its own, so it gets a third of the rounds.
_CASES = [
    *((target, number) for target in ("caller", "group", "broker") for number in _SIGNALS),
    *[("broker", signal.SIGKILL)] * 4,
]


# /token is under way in a tenth of a renewal only, so half of the moments count from its arrival:
# until the answer, the writing and the rename are over.
_AFTER_ARRIVAL_SECONDS = 0.12


class _Plan(NamedTuple):
    """What is sent to which process, and when."""

    target: str
    number: signal.Signals
    is_warm: bool  # what an earlier call started still runs
    after_arrival: bool  # the moment counts from /token's arrival at AWS, not from the start
    moment: float


class _Round(NamedTuple):
    """One signal, and what a fresh caller found afterwards."""

    target: str
    number: signal.Signals
    was_running: bool  # the process that the signal was meant for
    was_in_flight: bool  # /token was asked and the new token not yet written
    code: int
    err: str

    @property
    def is_lost(self) -> bool:
        return self.code == 4

    def __str__(self) -> str:
        return f"{self.number.name} to the {self.target}: exit {self.code} {self.err[:160]!r}"


def signals_in_renewal(dice: Dice) -> list[Row]:
    """INT, TERM, HUP, KILL of caller, group and broker at random moments of a renewal"""
    number, chance = dice.count(ROUNDS, LEAST_ROUNDS), dice.of("signals")
    spans = {is_warm: _measure_span(is_warm) for is_warm in (False, True)}
    plans = []
    for at in range(number):
        is_warm, after_arrival = chance.random() < 0.5, chance.random() < 0.5
        longest = _AFTER_ARRIVAL_SECONDS if after_arrival else spans[is_warm]
        moment = chance.uniform(0, longest)
        plans.append(_Plan(*_CASES[at % len(_CASES)], is_warm, after_arrival, moment))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        rounds = list(pool.map(_play, plans))
    return [
        _row_of_callers([one for one in rounds if one.target != "broker"], spans),
        _row_of_brokers([one for one in rounds if one.target == "broker"]),
    ]


def _row_of_callers(rounds: list[_Round], spans: dict[bool, float]) -> Row:
    lost = [one for one in rounds if one.is_lost]
    refused = [one for one in rounds if one.code and not one.is_lost]
    running = sum(one.was_running for one in rounds)
    in_flight = sum(one.was_in_flight for one in rounds)
    return Row(
        f"{len(rounds)} signals to a caller or its group in a renewal of {spans[False]:.2f} s, or "
        f"{spans[True]:.2f} s after an earlier call",
        f"{len(lost)} sign-ins lost, {len(refused)} later callers refused otherwise; {running} hit "
        f"a running caller, {in_flight} while /token was asked" + first_of(lost + refused),
        "0, 0",
        judge(not lost and not refused, in_flight >= len(rounds) // 8),
    )


def _row_of_brokers(rounds: list[_Round]) -> Row:
    kills = [one for one in rounds if one.number == signal.SIGKILL]
    lost = [one for one in rounds if one.is_lost]
    lost_by_kill = [one for one in lost if one.number == signal.SIGKILL]
    untold = [one for one in lost if not _TOLD.search(one.err)]
    refused = [one for one in rounds if one.code and not one.is_lost]
    hit = sum(one.was_running for one in rounds)
    in_flight = sum(one.was_in_flight for one in rounds if one.was_running)
    return Row(
        f"{len(rounds)} signals to the broker, {len(kills)} of them KILL",
        f"{hit} brokers were hit, {in_flight} while /token was asked; {len(lost_by_kill)} sign-ins "
        f"lost by KILL, {len(lost) - len(lost_by_kill)} by others; {len(untold)} not told as a "
        f"lost answer; {len(refused)} later callers refused otherwise" + first_of(lost + refused),
        "≤ 1 in 200 by KILL, 0 by others, 0, 0",
        judge(
            len(lost_by_kill) <= max(1, len(kills) // 200)
            and len(lost) == len(lost_by_kill)
            and not untold
            and not refused,
            hit >= len(rounds) // 2 and in_flight >= len(rounds) // 8,
        ),
    )


def _measure_span(is_warm: bool) -> float:
    """Return how long a whole renewal takes, from the caller's start to its end."""
    took = []
    for _ in range(3):
        with ground() as place:
            _prepare(place, is_warm)
            took.append(place.run(*helper()).seconds)
    return median(took)


def _prepare(place: Ground, is_warm: bool) -> None:
    """Leave a token that must be renewed; `is_warm`: what an earlier call started still runs."""
    place.emulator.faults.set(
        latency_seconds={"*": LATENCY_SECONDS}, rotation="strict", strict_revokes_session=True
    )
    if is_warm:
        place.sign_in()
        place.run(*helper(1))
    place.sign_in(expires_in=-60)
    place.emulator.reset_counters()


def _play(plan: _Plan) -> _Round:
    with ground() as place:
        _prepare(place, plan.is_warm)
        before = place.token_file.read_bytes()
        with place.start(helper(), start_new_session=True) as caller:
            send = _sender(place, plan, caller)
            if plan.after_arrival:
                wait_for(lambda: place.emulator.counters[_REFRESH], PATIENCE_SECONDS, 0.001)
            time.sleep(plan.moment)
            asked = place.emulator.counters[_REFRESH]
            was_in_flight = asked > 0 and place.token_file.read_bytes() == before
            was_running = send()
            caller.wait(PATIENCE_SECONDS)
        _wait_until_quiet(place)
        fresh = place.run(*helper())
    return _Round(
        plan.target, plan.number, was_running, was_in_flight, fresh.code, fresh.err.strip()
    )


def _sender(place: Ground, plan: _Plan, caller: "subprocess.Popen[bytes]") -> Callable[[], bool]:
    """Return what sends the signal; it returns whether there was a process to send it to."""
    if plan.target == "broker":
        # One that starts for this call is waited for: its renewal comes after that.
        wait_for(lambda: broker_ids(place.home) or caller.poll() is not None)
        found = broker_ids(place.home)[:1]

        def send() -> bool:
            running = [broker for broker in broker_ids(place.home) if broker in found]
            for broker in running:
                os.kill(broker, plan.number)
            return bool(running)

        return send

    def send_to_caller() -> bool:
        was_running = caller.poll() is None
        with contextlib.suppress(ProcessLookupError):  # raised if the whole process group has ended
            if plan.target == "group":
                os.killpg(caller.pid, plan.number)
            elif was_running:
                caller.send_signal(plan.number)
        return was_running

    return send_to_caller


def _wait_until_quiet(place: Ground) -> None:
    """Wait until nothing has reached AWS for a while."""
    last, since = place.emulator.counters, time.monotonic()
    ends_at = since + PATIENCE_SECONDS
    while time.monotonic() < min(since + _QUIET_SECONDS, ends_at):
        time.sleep(0.05)
        if place.emulator.counters != last:
            last, since = place.emulator.counters, time.monotonic()
