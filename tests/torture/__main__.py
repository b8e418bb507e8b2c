"""Run the rows and print one table; exit code 1 when a target is missed.

S: the size of the run (1000, the whole, when unset). SEED: repeats a run. ROWS: some of them.
"""

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.torture import (
    broker_life,
    bursts,
    chained,
    chained_lives,
    clock_jumps,
    crowds,
    endpoint,
    faults,
    foreign,
    guards,
    helper_runs,
    journals,
    kills,
    lives,
    long_tests,
    mixed,
    proxies,
    random_faults,
    regions,
    returns,
    schedules,
    sign_outs,
    signals,
    stampede,
    sweep,
    tokens,
    two_days,
)
from tests.torture.ground import (
    FULL_SECONDS,
    LONGEST_SECONDS,
    Dice,
    Row,
    Skipped,
    clean_environment,
)

Make = Callable[[Dice], Row | list[Row]]

# One by one: each takes the whole machine.
HEAVY: tuple[Make, ...] = (
    stampede.one_role,
    stampede.many_roles,
    stampede.revoked,
    stampede.shared_refusals,
    crowds.crowd_of_roles,
    chained.chained_aliases,
    crowds.role_limit,
    crowds.black_hole_crowd,
    returns.back_after_outage,
    regions.two_regions,
    signals.signals_in_renewal,
    mixed.mixed_clients,
    random_faults.random_faults,
    foreign.foreign_writer,
    sign_outs.sign_outs,
    kills.random_kills,
    journals.journal_crowd,
    journals.journal_of_issues,
    guards.guard_matrix,
    guards.allow_list_matrix,
    endpoint.endpoint_crowd,
    schedules.simulated_schedules,
    bursts.bursts_of_keys,
    long_tests.long_tests,
)
# Together: they mostly wait, and what they count does not depend on the machine's speed.
WAITING: tuple[Make, ...] = (
    faults.stopped_broker,
    faults.each_fault,
    proxies.proxy_answers,
    faults.black_hole,
    faults.outage,
    lives.boto3_job,
    lives.nobody_waits,
    chained_lives.chained_lives,
    helper_runs.helper_runs,
    clock_jumps.clock_jumps,
    sweep.kill_sweep,
    endpoint.endpoint_clients,
    endpoint.endpoint_sleep,
    tokens.slow_token,
    tokens.nothing_spent,
    broker_life.broker_remains,
)
# Only when named: they take 16 min and 10 min, and need the machine for themselves.
ALONE: tuple[Make, ...] = (endpoint.endpoint_day, two_days.two_day_batch)


def main() -> int:
    seed = int(os.environ.get("SEED") or int.from_bytes(os.urandom(3), "big"))
    dice = Dice(seed, float(os.environ.get("S") or FULL_SECONDS))
    wanted = os.environ.get("ROWS", "").split()
    unknown = set(wanted) - {row.__name__ for row in HEAVY + WAITING + ALONE}
    if unknown:
        print(f"no such rows: {' '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    clean_environment()
    began = time.monotonic()
    rows: list[Row] = []
    for row in (*HEAVY, *ALONE):
        if row.__name__ in wanted or (not wanted and row not in ALONE):
            rows += made(row, dice)
    with ThreadPoolExecutor(len(WAITING)) as pool:
        chosen = [row for row in WAITING if not wanted or row.__name__ in wanted]
        for found in pool.map(lambda row: made(row, dice), chosen):
            rows += found
    rows += longest_run(dice)
    left = broker_life.brokers_left()
    rows += [left] if left else []
    print_table(rows)
    missed = [row for row in rows if not row.met]
    print(f"seed {seed}, {time.monotonic() - began:.0f} s; repeat with: make torture SEED={seed}")
    return 1 if missed else 0


def longest_run(dice: Dice) -> list[Row]:
    """Return the longest run over all rows with faults that were made."""
    if not dice.longest:
        return []
    row = max(dice.longest, key=lambda name: dice.longest[name])
    seconds = dice.longest[row]
    return [
        Row(
            f"the longest of {sum(dice.noted.values())} runs in {len(dice.noted)} rows with faults",
            f"{seconds:.1f} s, in {row}",
            f"≤ {LONGEST_SECONDS:.0f} s",
            seconds <= LONGEST_SECONDS,
        )
    ]


def made(row: Make, dice: Dice) -> list[Row]:
    """Run one row; one that could not run is said, and a crash of it is a miss."""
    what = (row.__doc__ or row.__name__).splitlines()[0]
    began = time.monotonic()
    try:
        found = row(dice)
    except Skipped as reason:
        found = Row(what, f"not run: {reason}", "", not os.environ.get("CI"))
    except Exception as error:
        found = Row(what, f"{type(error).__name__}: {error}", "runs to its end", False)
    took = time.monotonic() - began
    print(f"{took:5.0f} s  {row.__name__}: {what}", file=sys.stderr, flush=True)
    rows = found if isinstance(found, list) else [found]
    for each in rows:  # the table comes at the end, which is 30 min away
        print(f"         {each.what}: {each.figure}", file=sys.stderr, flush=True)
    return rows


def print_table(rows: list[Row]) -> None:
    whats = max((len(row.what) for row in rows), default=0)
    for row in rows:
        mark = "ok    " if row.met else "MISSED"
        print(f"{mark} {row.what:<{whats}}  {row.figure}  [target: {row.target}]")


if __name__ == "__main__":
    sys.exit(main())
