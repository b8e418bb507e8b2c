"""Change one line at a time and run the nearest tests: which changes does no test notice?

N: how many changes (200 when unset). SEED: repeats a sample. ONLY: packages or modules, such as
`core stores/files`. Each lane works in a clone of this checkout below .cache/mutants, with an
environment of its own, so the checkout itself never changes.
"""

import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import NamedTuple

from tests.mutants.nearest import nearest_tests
from tests.mutants.operators import Mutant, sampled_from

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "stores", "actions", "wire", "cli")
LANES = 2
LIMIT_SECONDS = 240


class Verdict(NamedTuple):
    module: str
    mutant: Mutant
    outcome: str  # killed, survived, timeout


def main() -> int:
    count = int(os.environ.get("N") or 200)
    seed = os.environ.get("SEED") or str(int(time.time()))
    only = tuple((os.environ.get("ONLY") or " ".join(PACKAGES)).split())
    modules = {
        path.relative_to(ROOT).as_posix(): path.read_text()
        for path in sorted((ROOT / "ssohelper").rglob("*.py"))
        if path.relative_to(ROOT / "ssohelper").as_posix().startswith(only)
    }
    print(f"seed {seed}: {count} changes in {len(modules)} modules; tests after {LIMIT_SECONDS} s")
    lanes: Queue[Path] = Queue()
    for number in range(LANES):
        lanes.put(prepare_lane(number))
    with ThreadPoolExecutor(LANES) as pool:
        sample = list(sampled_from(modules, random.Random(seed), count))
        verdicts = list(pool.map(lambda one: judge(lanes, *one), sample))
    print_table(verdicts)
    return 0


def prepare_lane(number: int) -> Path:
    """Clone HEAD below .cache/mutants, with an environment of its own."""
    folder = ROOT / ".cache" / "mutants" / str(number)
    if not folder.exists():
        subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
    for argv in (
        ["git", "fetch", "-q"],
        ["git", "reset", "-q", "--hard", "origin/HEAD"],
        ["make", "-s", "dev-env"],
    ):
        subprocess.run(argv, cwd=folder, check=True)
    return folder


def judge(lanes: "Queue[Path]", module: str, mutant: Mutant) -> Verdict:
    """Run the nearest tests with this change in place, and take the change out again."""
    lane = lanes.get()
    path = lane / module
    source = path.read_bytes()
    try:
        path.write_bytes(mutant.applied_to(source))
        outcome = run_tests(lane, module)
    finally:
        path.write_bytes(source)
        lanes.put(lane)
    verdict = Verdict(module, mutant, outcome)
    if outcome == "survived":
        print(f"survived: {module}:{mutant.line}: {mutant.what}: {mutant.text[:60]!r}", flush=True)
    return verdict


def run_tests(lane: Path, module: str) -> str:
    tests = nearest_tests(lane, module)
    argv = [".venv/bin/python", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    if not tests:
        return "survived"
    compiled = [".venv/bin/python", "-m", "compileall", "-q", "-f", module]
    subprocess.run(compiled, cwd=lane, check=False, capture_output=True)
    process = subprocess.Popen(
        argv,
        cwd=lane,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return "killed" if process.wait(LIMIT_SECONDS) else "survived"
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait()
        return "timeout"


def print_table(verdicts: list[Verdict]) -> None:
    """Print the share of changes that a test noticed, per package; a timeout counts as noticed."""
    for package in (*PACKAGES, ""):
        own = [one for one in verdicts if one.module.startswith(f"ssohelper/{package}")]
        if own:
            noticed = sum(one.outcome != "survived" for one in own)
            share = 100 * noticed / len(own)
            print(f"{package or 'all':8} {noticed:5} of {len(own):5} noticed  {share:5.1f} %")


if __name__ == "__main__":
    sys.exit(main())
