"""Orders the tests for pytest-xdist: each worker begins with slow tests and ends with quick ones.

Its scheduler `worksteal` gives each worker an equal part of the list, and lets a worker without
tests take some of another's. In the order of the files most slow tests are in one part: they are
left for the end, when some workers have nothing to do.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest

# Folders with slow tests, and folders with quick ones. All others are between.
_SLOW, _QUICK = ("tui", "guards", "cli", "shell"), ("wire", "broker", "fastpath", "core")


def order_for_workers(items: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """Return the tests in parts of nearly equal length, one for each worker.

    The tests of a file stay together, since they share fixtures. The order is always the same.
    """
    by_file = [list(tests) for _, tests in itertools.groupby(items, lambda item: item.path)]
    parts: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for tests in sorted(by_file, key=lambda tests: _rank(tests[0].path)):
        min(parts, key=len).extend(tests)
    return list(itertools.chain.from_iterable(parts))


def _rank(path: Path) -> int:
    folder = path.relative_to(Path(__file__).parent).parts[0]
    if folder in _SLOW:
        return _SLOW.index(folder)
    return len(_SLOW) + (_QUICK.index(folder) + 1 if folder in _QUICK else 0)
