"""Run schedules of the simulator, or show one: python -m tests.simulator --seed N --trace"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
import time
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor

from tests.simulator import bugs, schedule

_CHUNK = 100
_MOST_FOR_A_BUG = 3000


def main() -> int:
    """Run schedules; print the seeds that broke a rule, and how to repeat them."""
    options = _options()
    logging.disable(logging.CRITICAL)
    if options.trace:
        return _show(options.seed, options.plant)
    first = options.seed if options.seed is not None else int.from_bytes(os.urandom(4), "big")
    if options.plant:
        return _find_bug(options.plant, first, options.count or _MOST_FOR_A_BUG)
    began = time.monotonic()
    made, failed = _run_many(first, options.count, options.seconds, options.processes)
    took = time.monotonic() - began
    for seed, violations in failed[: options.show]:
        print(f"seed {seed}: {violations[0].splitlines()[0]}")
        print(f"  repeat: python -m tests.simulator --seed {seed} --trace")
    print(
        f"{made} schedules from seed {first} in {took:.1f} s ({made / took * 60:,.0f} a minute): "
        f"{len(failed)} with violations"
    )
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--seed", type=int, help="the first seed; drawn when left out")
    parser.add_argument("--trace", action="store_true", help="run one seed and show what happens")
    parser.add_argument("--plant", metavar="BUG", help="plant a bug, run until it is found")
    parser.add_argument("--count", type=int, help="how many schedules")
    parser.add_argument("--seconds", type=float, help="for how long")
    parser.add_argument("--show", type=int, default=20, help="how many failed seeds to print")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    if options.trace and options.seed is None:
        parser.error("--trace needs --seed")
    if options.count is None and options.seconds is None and options.plant is None:
        options.count = 300
    return options


def _show(seed: int, plant: str | None) -> int:
    with bugs.planted(plant) if plant else contextlib.nullcontext():
        outcome = schedule.run(seed, is_traced=True)
    schedule.clean_up()
    print("\n".join(outcome.trace))
    for violation in outcome.violations:
        print(f"VIOLATION: {violation}")
    return 1 if outcome.violations else 0


def _find_bug(name: str, first: int, most: int) -> int:
    """Run until the planted bug is found; exit code 1 when it is not."""
    began = time.monotonic()
    with bugs.planted(name):
        for seed in range(first, first + most):
            violations = schedule.run(seed).violations
            if violations:
                break
    schedule.clean_up()
    took = time.monotonic() - began
    if not violations:
        print(f"not found in {most} schedules: {name}")
        return 1
    print(f"found in schedule {seed - first + 1} ({took:.1f} s): {name}: {violations[0]}")
    return 0


def _run_many(
    first: int, most: int | None, seconds: float | None, processes: int
) -> tuple[int, list[tuple[int, list[str]]]]:
    """Return how many schedules were run, and the failed ones."""
    ends_at = time.monotonic() + seconds if seconds is not None else float("inf")
    end = first + most if most is not None else sys.maxsize
    running: deque[Future] = deque()
    start, failed = first, []
    with ProcessPoolExecutor(processes) as pool:
        while (start < end and time.monotonic() < ends_at) or running:
            if start < end and time.monotonic() < ends_at and len(running) <= processes:
                size = min(_CHUNK, end - start)
                running.append(pool.submit(run_chunk, start, size))
                start += size
            else:
                failed += running.popleft().result()
    return start - first, failed


def run_chunk(start: int, size: int) -> list[tuple[int, list[str]]]:
    """Run some schedules; return the failed ones."""
    logging.disable(logging.CRITICAL)
    failed = []
    for seed in range(start, start + size):
        outcome = schedule.run(seed)
        if outcome.violations:
            failed.append((seed, outcome.violations))
    schedule.clean_up()
    return failed


if __name__ == "__main__":
    sys.exit(main())
