"""A pytest plugin (`-p tests.few_cases`) for runs that cost much per test.

Of a parametrized test whose cases take 0.3 s or more, four run and the others are skipped.
"""

import time
from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

_SLOW_SECONDS = 0.3
_MOST_CASES = 4
_slow_cases: Counter[str] = Counter()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if _slow_cases[_test_name(item)] >= _MOST_CASES:
        pytest.skip("enough cases of it have run")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    started = time.monotonic()
    result = yield
    _slow_cases[_test_name(item)] += time.monotonic() - started > _SLOW_SECONDS
    return result


def _test_name(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]
