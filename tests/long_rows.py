"""Rows of a parametrized test that are too long for `make test`, and run in `make torture`."""

from collections.abc import Sequence
from typing import Any

import pytest


def long_after(count: int, rows: Sequence[Any]) -> list[Any]:
    """Return the rows for `parametrize`; those after the first `count` have the mark `long`."""
    return [*rows[:count], *(pytest.param(row, marks=pytest.mark.long) for row in rows[count:])]
