"""Run the rows and print one table; exit code 1 when a target is missed.

S: about how many seconds (1000, the whole, when unset). SEED: repeats a run. ROWS: some of them.
"""

import os
import sys
import time
from collections.abc import Callable

from tests.torture import faults, foreign, kills, lives, mixed, stampede, sweep
from tests.torture.ground import FULL_SECONDS, Dice, Row, Skipped, clean_environment

ROWS: tuple[Callable[[Dice], Row | list[Row]], ...] = (
    stampede.one_role,
    stampede.many_roles,
    stampede.revoked,
    stampede.shared_refusals,
    mixed.mixed_clients,
    faults.lock_holder,
    faults.random_faults,
    faults.black_hole,
    faults.outage,
    foreign.foreign_writer,
    lives.boto3_job,
    lives.nobody_waits,
    kills.random_kills,
    sweep.kill_sweep,
)


def main() -> int:
    seed = int(os.environ.get("SEED") or int.from_bytes(os.urandom(3), "big"))
    dice = Dice(seed, float(os.environ.get("S") or FULL_SECONDS))
    wanted = os.environ.get("ROWS", "").split()
    clean_environment()
    began = time.monotonic()
    rows: list[Row] = []
    for row in ROWS:
        if not wanted or row.__name__ in wanted:
            rows += made(row, dice)
    print_table(rows)
    missed = [row for row in rows if not row.met]
    print(f"seed {seed}, {time.monotonic() - began:.0f} s; repeat with: make torture SEED={seed}")
    return 1 if missed else 0


def made(row: Callable[[Dice], Row | list[Row]], dice: Dice) -> list[Row]:
    """Run one row; one that could not run is said, and a crash of it is a miss."""
    what = (row.__doc__ or row.__name__).splitlines()[0]
    began = time.monotonic()
    print(f"{row.__name__}: {what} …", file=sys.stderr, end="", flush=True)
    try:
        found = row(dice)
    except Skipped as reason:
        found = Row(what, f"not run: {reason}", "", not os.environ.get("CI"))
    except Exception as error:
        found = Row(what, f"{type(error).__name__}: {error}", "runs to its end", False)
    print(f" {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return found if isinstance(found, list) else [found]


def print_table(rows: list[Row]) -> None:
    whats = max((len(row.what) for row in rows), default=0)
    for row in rows:
        mark = "ok    " if row.met else "MISSED"
        print(f"{mark} {row.what:<{whats}}  {row.figure}  [target: {row.target}]")


if __name__ == "__main__":
    sys.exit(main())
