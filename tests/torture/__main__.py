"""Run the rows and print one table; exit code 1 when a target is missed or was not measured.

S: how many seconds the run may take, and its size (all of each row, and no limit, when unset).
SEED: repeats a run. ROWS: some of them.
"""

import contextlib
import math
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.torture import (
    broker_life,
    chained,
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
    proxies,
    random_faults,
    regions,
    returns,
    sign_outs,
    signals,
    stampede,
    suites,
    sweep,
    tokens,
    two_days,
)
from tests.torture.ground import HOME_PREFIX, clean_environment, programs_of_rows
from tests.torture.rows import FULL_SECONDS, LONGEST_SECONDS, Dice, Row, Skipped, print_table

Make = Callable[[Dice], Row | list[Row]]

# One by one: each takes the whole machine.
HEAVY: tuple[Make, ...] = (
    stampede.one_role, stampede.many_roles, stampede.revoked, stampede.shared_refusals,
    crowds.crowd_of_roles, chained.chained_aliases, crowds.role_limit, crowds.black_hole_crowd,
    returns.back_after_outage, regions.two_regions, signals.signals_in_renewal,
    foreign.mixed_clients, random_faults.random_faults, foreign.foreign_writer, sign_outs.sign_outs,
    kills.random_kills, journals.journal_crowd, journals.journal_of_issues, guards.guard_matrix,
    guards.allow_list_matrix, endpoint.endpoint_crowd, suites.simulated_schedules,
    suites.bursts_of_keys, sweep.kill_sweep, faults.each_fault, suites.long_tests,
)  # fmt: skip
# The rows of a group run together: they mostly wait. All at once, 62 processes wanted the two
# cores (vmstat), and calls ran out of time for that reason alone.
WAITING: tuple[tuple[Make, ...], ...] = (
    (faults.stopped_broker, faults.black_hole, tokens.slow_token, endpoint.endpoint_sleep),
    (lives.boto3_job, lives.nobody_waits, proxies.proxy_answers, tokens.nothing_spent),
    (clock_jumps.clock_jumps, faults.outage, broker_life.broker_remains),
    (chained.chained_lives, helper_runs.helper_runs, endpoint.endpoint_clients),
)
# Only when named: they take 16 min and 10 min, and need the machine for themselves.
ALONE: tuple[Make, ...] = (endpoint.endpoint_day, two_days.two_day_batch)
_UNDO_SECONDS = 10.0


def main() -> int:
    seed = int(os.environ.get("SEED") or int.from_bytes(os.urandom(3), "big"))
    seconds = float(os.environ.get("S") or math.inf)
    ends_at, dice = time.monotonic() + seconds, Dice(seed, min(seconds, FULL_SECONDS))
    wanted = os.environ.get("ROWS", "").split()
    groups = (*((row,) for row in (*HEAVY, *ALONE)), *WAITING)
    unknown = set(wanted) - {row.__name__ for group in groups for row in group}
    if unknown:
        print(f"no such rows: {' '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    clean_environment()
    began = time.monotonic()
    rows: list[Row] = []
    for group in groups:
        chosen = [r for r in group if r.__name__ in wanted or (not wanted and r not in ALONE)]
        rows += measure(chosen, dice, ends_at)
    rows += longest_run(dice)
    left = broker_life.brokers_left(max(0.0, ends_at - time.monotonic()))
    rows += [left] if left else []
    print_table(rows)
    print(f"seed {seed}, {time.monotonic() - began:.0f} s; repeat with: make torture SEED={seed}")
    return 0 if all(row.met for row in rows) else 1


def measure(makes: Iterable[Make], dice: Dice, ends_at: float) -> list[Row]:
    """Run rows side by side, each in a process, and end those that have not ended at this time."""
    fork = multiprocessing.get_context("fork")
    running: list[tuple[Make, BaseProcess, Connection]] = []
    rows: list[Row] = []
    for make in makes:
        ours, theirs = fork.Pipe(duplex=False)
        if time.monotonic() < ends_at:
            process = fork.Process(target=_send_rows, args=(make, dice, theirs))
            process.start()
            running.append((make, process, ours))
        else:
            rows.append(_row_without_time(make))
        theirs.close()
    try:
        for make, process, ours in running:
            left = None if ends_at == math.inf else max(0.0, ends_at - time.monotonic())
            if not ours.poll(left):
                rows.append(_row_without_time(make))
                continue
            try:
                found, longest, noted = ours.recv()
            except EOFError:
                process.join()
                rows.append(Row(make.__name__, f"exit {process.exitcode}", "to its end", False))
                continue
            process.join()
            rows += found
            dice.longest.update(longest)
            dice.noted.update(noted)
    finally:
        end_rows([process for _, process, _ in running if process.is_alive()])
    return rows


def _row_without_time(make: Make) -> Row:
    return Row((make.__doc__ or make.__name__).splitlines()[0], "no time left", "", None)


def _send_rows(make: Make, dice: Dice, connection: Connection) -> None:
    os.setsid()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    dice.longest, dice.noted = {}, Counter()
    connection.send((made(make, dice), dice.longest, dice.noted))


def end_rows(processes: list[BaseProcess]) -> None:
    """End rows and what they started. They have a few seconds to undo their mounts and folders."""
    ends_at = time.monotonic() + _UNDO_SECONDS
    for process in processes:
        process.terminate()
    while any(process.is_alive() for process in processes):
        _kill_programs_of_rows()  # a row may wait for them
        time.sleep(0.1)
        if time.monotonic() > ends_at:
            break
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid or 0, signal.SIGKILL)
        process.join()
    if processes:
        _kill_programs_of_rows()
        for folder in Path(tempfile.gettempdir()).glob(f"{HOME_PREFIX}*"):
            shutil.rmtree(folder, ignore_errors=True)


def _kill_programs_of_rows() -> None:
    for pid, _ in programs_of_rows():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def longest_run(dice: Dice) -> list[Row]:
    """Return the longest run over all rows with faults that were made."""
    if not dice.longest:
        return []
    row, seconds = max(dice.longest.items(), key=lambda item: item[1])
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


if __name__ == "__main__":
    sys.exit(main())
