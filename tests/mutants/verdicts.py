"""The sample and the verdict of each change, in a file of JSON lines: a run can be continued."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

PACKAGES = ("core", "stores", "actions", "wire", "cli")


class Verdict(NamedTuple):
    """What the tests said. `name` is that of `named_mutants`; it stays while the line stays."""

    module: str
    name: str
    outcome: str  # "killed", "survived" or "timeout"
    seconds: float
    tests: int
    killed_by: str


class Verdicts:
    """The verdicts on one sample of changed lines: whether a test noticed each change.

    Two figures are counted: how many changes were noticed at the first try, and how many were at the
    last. Between the two, tests may have been written, or given more time.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sample: list[tuple[str, str]] = []
        self._first: dict[tuple[str, str], str] = {}
        self._last: dict[tuple[str, str], str] = {}
        for line in path.read_text().splitlines() if path.exists() else ():
            record = json.loads(line)
            if "sample" in record:
                self.sample = [(module, name) for module, name in record["sample"]]
            else:
                self._count(record["module"], record["name"], record["outcome"])

    def save_sample(self, sample: Sequence[tuple[str, str]]) -> None:
        """Write which changes belong to the sample: it stays when the product changes."""
        self.sample = list(sample)
        self._append({"sample": self.sample})

    def is_pending(self, module: str, name: str, *, again: bool) -> bool:
        """Return whether this change has no verdict; with `again`, whether it survived."""
        return self._last.get((module, name)) == ("survived" if again else None)

    def add(self, verdict: Verdict) -> None:
        self._count(verdict.module, verdict.name, verdict.outcome)
        self._append(verdict._asdict())

    def progress_line(self, verdict: Verdict, line: int) -> str:
        """Return what is printed after this verdict: how far the run is, and what was tested."""
        noticed = sum(outcome != "survived" for outcome in self._last.values())
        return (
            f"[{len(self._last)} of {len(self.sample)}, {noticed} killed] {verdict.outcome} "
            f"{verdict.module}:{line}: {verdict.name} ({verdict.tests} tests, {verdict.seconds} s)"
        )

    def print_table(self) -> None:
        """Print the share of changes that a test noticed, per package; a timeout is noticed."""
        print("package   changes  killed at first        now")
        for package in (*PACKAGES, ""):
            own = [one for one in self._last if one[0].startswith(f"ssohelper/{package}")]
            if own:
                first, last = (
                    sum(outcomes[one] != "survived" for one in own)
                    for outcomes in (self._first, self._last)
                )
                shares = [f"{count:5} {100 * count / len(own):5.1f} %" for count in (first, last)]
                print(f"{package or 'all':8} {len(own):8}  {shares[0]:>15}  {shares[1]}")

    def _count(self, module: str, name: str, outcome: str) -> None:
        self._first.setdefault((module, name), outcome)
        self._last[module, name] = outcome

    def _append(self, record: dict[str, object]) -> None:
        with open(self.path, "a") as file:
            file.write(json.dumps(record) + "\n")
