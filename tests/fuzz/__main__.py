"""python -m tests.fuzz: lanes side by side; prints what broke a promise, exit 1.

S: seconds (300 when unset, without a limit where N is set). N: how many mutations. SEED: repeats them.
"""

import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

from tests.fuzz import forkserver
from tests.fuzz.lane import LaneResult, run_lane

# A run takes some 40 ms of processor time, and waits 0.5 s between tries: many fit on two cores.
LANES = 20
# So few find nothing: a machine that is too slow has tried nothing.
LEAST = 500
_PROMISES = ("EXIT", "TRACEBACK", "CRASH LOG", "HANG", "WRONG ROLE", "EXPIRED KEYS", "LOST",
             "CONTROL CHARACTER", "OUTPUT")  # fmt: skip


def main() -> int:
    count = int(os.environ.get("N") or 0)
    seconds = float(os.environ.get("S") or (10**6 if count else 300))
    seed = os.environ.get("SEED") or str(int(time.time()))
    ends_at, lanes = time.monotonic() + seconds, min(LANES, count or LANES)
    print(f"fuzz: {f'{count} mutations' if count else f'{seconds:.0f} s'}, seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as home:
        # Nothing of the user's own is read by what is imported.
        os.environ.clear()
        os.environ.update(HOME=home, PATH="/usr/bin:/bin", AWS_EC2_METADATA_DISABLED="true")
        forkserver.import_everything()
        with ProcessPoolExecutor(lanes, multiprocessing.get_context("fork")) as pool:
            more = map(repeat, (lanes, ends_at, count or 10**9))
            results = list(pool.map(run_lane, repeat(seed), range(lanes), *more))
    return report(results, min(count or LEAST, LEAST))


def report(results: list[LaneResult], least: int) -> int:
    """Print the findings and a table of the promises; return the exit code."""
    ran = sum(result.ran for result in results)
    findings = [finding for result in results for finding in result.findings]
    codes: Counter[int] = sum((result.codes for result in results), Counter())
    for finding in findings:
        print(finding)
    longest = max(result.longest for result in results)
    spread = ", ".join(f"{code}: {count}" for code, count in sorted(codes.items()))
    print(f"{ran} mutations; longest run {longest:.1f} s; exit codes {spread}")
    for promise in _PROMISES:
        broken = sum(finding.startswith(promise) for finding in findings)
        print(f"  {promise.lower():20} {broken}")
    if ran < least:
        print(f"too few: {ran} of at least {least} mutations ran")
    return 1 if findings or ran < least else 0


if __name__ == "__main__":
    sys.exit(main())
