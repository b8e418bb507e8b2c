"""Orders the tests for pytest-xdist: slow and quick ones mixed, and quick ones at the end.

Its scheduler `worksteal` gives each worker an equal part of the list, and lets a worker without
tests take some of another's. In the order of the files most tests that wait are in one part: at
some time all workers wait, and at the end some have nothing to do.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest

# Folders of which every test takes some milliseconds.
_QUICK = ("wire", "broker", "fastpath", "core")


def order_for_workers(items: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """Return the tests in parts with nearly the same number of tests, one part for each worker.

    The tests of a file stay together, since they share fixtures. The order is always the same.
    """
    by_file = [list(tests) for _, tests in itertools.groupby(items, lambda item: item.path)]
    parts: list[list[pytest.Item]] = [[] for _ in range(workers)]

    def quick_last(tests: Sequence[pytest.Item]) -> tuple[bool, str]:
        path = tests[0].path  # the names of files mix the folders
        return path.relative_to(Path(__file__).parent).parts[0] in _QUICK, path.name

    for tests in sorted(by_file, key=quick_last):
        min(parts, key=len).extend(tests)
    return list(itertools.chain.from_iterable(parts))
