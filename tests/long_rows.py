"""Rows of a parametrized test that are too long for `make test`, and run in `make torture`."""

from collections.abc import Sequence
from typing import Any

import pytest


def long_after(count: int, rows: Sequence[Any]) -> list[Any]:
    """Return the rows for `parametrize`; those after the first `count` have the mark `long`.

    A plain tuple is a row of several arguments.
    """
    marked = (row if type(row) is tuple else (row,) for row in rows[count:])
    return [*rows[:count], *(pytest.param(*row, marks=pytest.mark.long) for row in marked)]
