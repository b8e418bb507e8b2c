"""python -m tests.fuzz: lanes side by side for S seconds; prints what broke a promise, exit 1."""

import json
import os
import subprocess
import sys
import time
from collections import Counter

# Of a run 20 ms are work and 0.5 s are waits between tries, so many fit on two cores.
LANES = 10
_PROMISES = ("EXIT", "TRACEBACK", "CRASH LOG", "HANG", "WRONG ROLE", "EXPIRED KEYS", "LOST",
             "CONTROL CHARACTER", "OUTPUT")  # fmt: skip


def run(seed: str, seconds: float, most: int, lanes: int = LANES) -> tuple[int, list[str], str]:
    """Return how many mutations ran, the findings, and a line about the run."""
    command = [sys.executable, "-m", "tests.fuzz.lane", seed]
    each = -(-most // lanes)
    running = [
        subprocess.Popen(
            [*command, str(number), str(lanes), str(seconds), str(each)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(lanes)
    ]
    ran, longest, findings = 0, 0.0, []
    codes: Counter[str] = Counter()
    for process in running:
        lines = process.communicate()[0].splitlines()
        said = [json.loads(line) for line in lines]
        findings += [each["finding"] for each in said if "finding" in each]
        ends = [each for each in said if "ran" in each]
        if process.returncode or not ends:
            findings.append(f"LANE ended with {process.returncode}")
        for end in ends:
            ran, longest = ran + end["ran"], max(longest, end["longest"])
            codes.update(end["codes"])
    spread = ", ".join(f"{code}: {count}" for code, count in sorted(codes.items()))
    return ran, findings, f"longest run {longest:.1f} s; exit codes {spread}"


def main() -> int:
    seconds = float(os.environ.get("S") or 300)
    seed = os.environ.get("SEED") or str(int(time.time()))
    print(f"fuzz: {seconds:.0f} s, seed {seed}, {LANES} lanes", flush=True)
    ran, findings, about = run(seed, seconds, 10**9)
    for finding in findings:
        print(finding)
    counts = Counter(finding.split(" | ")[0] for finding in findings)
    print(f"{ran} mutations; {about}")
    for promise in _PROMISES:
        broken = sum(count for what, count in counts.items() if what.startswith(promise))
        print(f"  {promise.lower():20} {broken}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
