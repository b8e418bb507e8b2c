"""What the rows of the table are made of: the size and the seed of a run, answers, verdicts."""

import random
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

# What a whole run takes on two cores.
FULL_SECONDS = 1800.0
# The contract: non-interactive, whatever happens.
LONGEST_SECONDS = 20.0


class Answer(NamedTuple):
    """The output and exit code of one process."""

    code: int
    out: str
    err: str
    began: float
    ended: float

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    def __str__(self) -> str:
        return f"exit {self.code} {self.err.strip()[:160]!r}"


class Row(NamedTuple):
    """One line of the table. `met` is None if the machine was too slow to measure it."""

    what: str
    figure: str
    target: str
    met: bool | None


def print_table(rows: list[Row]) -> None:
    whats = max((len(row.what) for row in rows), default=0)
    for row in rows:
        mark = {True: "ok", False: "MISSED", None: "not measured"}[row.met]
        print(f"{mark:<12} {row.what:<{whats}}  {row.figure}  [target: {row.target}]")


def first_of(faults: Iterable[object]) -> str:
    """Return the end of a figure: the first of these faults, if there is one."""
    return next((f"; first: {fault}" for fault in faults), "")


def judge(kept: bool, is_measured: bool) -> bool | None:
    """Return whether a target is met: None if nothing broke, and too little happened to break it."""
    return (is_measured or None) if kept else False


class Skipped(Exception):
    """Raised if this machine cannot run a row; the message says what is missing."""


class Dice:
    """The seed and the size of a run; a row has a generator of its own, so rows repeat alone.

    Rows with faults note their answers here: one figure is the longest over all of them.
    """

    def __init__(self, seed: int, seconds: float) -> None:
        self.seed = seed
        self.scale = min(1.0, seconds / FULL_SECONDS)
        self.longest: dict[str, float] = {}
        self.noted: Counter[str] = Counter()

    def note(self, row: str, *answers: Answer) -> None:
        """Note how long the answers of a row with faults took."""
        longest = max((answer.seconds for answer in answers), default=0.0)
        self.longest[row] = max(longest, self.longest.get(row, 0.0))
        self.noted[row] += len(answers)

    def of(self, row: str) -> random.Random:
        return random.Random(f"{self.seed}-{row}")

    def count(self, full: int, least: int) -> int:
        """Return how many of a row's `full` number this run makes."""
        return max(least, min(full, round(full * self.scale)))
