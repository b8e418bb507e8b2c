"""Change one line at a time and run the tests that reach it: which changes does no test notice?

N: how many changes (200 when unset). SEED: repeats a sample, and continues it where it stopped.
ONLY: packages or modules, such as `core stores/files`. LANES: how many at once (1 when unset).
AGAIN=1: run the changes that survived again, with the tests of today. BUDGET: seconds of tests for
one change (12 when unset). What is committed counts: each lane is a clone below .cache/mutants,
with an environment of its own, so the checkout itself never changes.
"""

import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

from tests.mutants.lanes import Lane, recorded_reach
from tests.mutants.operators import Mutant, named_mutants, sampled_from
from tests.mutants.reach import BUDGET_SECONDS, chosen_tests
from tests.mutants.verdicts import PACKAGES, Verdict, Verdicts

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".cache" / "mutants"


def main() -> int:
    count = int(os.environ.get("N") or 200)
    seed = os.environ.get("SEED") or str(int(time.time()))
    only = tuple((os.environ.get("ONLY") or " ".join(PACKAGES)).split())
    again = bool(os.environ.get("AGAIN"))
    if changed := git("status", "--porcelain", "ssohelper", "tests"):
        print(f"not committed, so not tested:\n{changed}", file=sys.stderr)
    lanes = [Lane(ROOT, FOLDER / str(n)) for n in range(int(os.environ.get("LANES") or 1))]
    tests = recorded_reach(lanes, FOLDER)
    modules = sources(lanes[0].folder, only)
    verdicts = Verdicts(FOLDER / f"seed-{seed}.jsonl")
    if len(verdicts.sample) != count:
        verdicts.save_sample(list(sampled_from(modules, random.Random(seed), count)))
    changes = {module: named_mutants(source) for module, source in modules.items()}
    present = [one for one in verdicts.sample if one[1] in changes.get(one[0], {})]
    pending = [one for one in present if verdicts.is_pending(*one, again=again)]
    print(
        f"seed {seed}: {count} changes of {len(modules)} modules, {len(pending)} to run; "
        f"{count - len(present)} whose line has changed since the sample was drawn; "
        f"{len(tests)} tests; verdicts in {verdicts.path.relative_to(ROOT)}",
        flush=True,
    )
    free: Queue[Lane] = Queue()
    for lane in lanes:
        free.put(lane)

    def judge_one(one: tuple[str, str]) -> Verdict:
        module, name = one
        return judge(free, tests, modules[module], module, name, changes[module][name])

    with ThreadPoolExecutor(len(lanes)) as pool:
        for verdict in pool.map(judge_one, pending):
            verdicts.add(verdict)
            line = changes[verdict.module][verdict.name].line
            print(verdicts.progress_line(verdict, line), flush=True)
    verdicts.print_table()
    return 0


def git(*argv: str) -> str:
    return subprocess.check_output(["git", *argv], cwd=ROOT, text=True).strip()


def sources(root: Path, only: tuple[str, ...]) -> dict[str, str]:
    """Return the committed modules whose path below ssohelper begins with one of `only`."""
    return {
        path.relative_to(root).as_posix(): path.read_text()
        for path in sorted((root / "ssohelper").rglob("*.py"))
        if path.relative_to(root / "ssohelper").as_posix().startswith(only)
    }


def judge(free: "Queue[Lane]", tests, source: str, module, name, mutant: Mutant) -> Verdict:
    """Run the tests that reach this change, in the next free lane."""
    budget = float(os.environ.get("BUDGET") or BUDGET_SECONDS)
    chosen = chosen_tests(tests, module, source, mutant.line, budget)
    if not chosen:
        return Verdict(module, name, "survived", 0.0, 0, "no test reaches it")
    lane = free.get()
    try:
        changed = mutant.applied_to(source.encode()).decode()
        outcome, seconds = lane.run(module, changed, chosen)
    finally:
        free.put(lane)
    killed_by = "" if outcome in ("survived", "timeout") else outcome
    said = outcome if not killed_by else "killed"
    return Verdict(module, name, said, seconds, len(chosen), killed_by)


if __name__ == "__main__":
    sys.exit(main())
