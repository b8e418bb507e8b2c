"""Tests, and rows of them, that are too long for `make test`, and run in `make torture`."""

import ast
import itertools
from collections.abc import Sequence
from typing import Any

import pytest


def is_long(module: ast.Module, test: ast.FunctionDef) -> bool:
    """Return whether the whole test, or its whole module, has the mark `long`."""
    of_module = [
        ast.unparse(node.value)
        for node in module.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"
    ]
    of_test = [ast.unparse(decorator) for decorator in test.decorator_list]
    return "pytest.mark.long" in of_test or any("pytest.mark.long" in text for text in of_module)


def long_after(count: int, rows: Sequence[Any]) -> list[Any]:
    """Return the rows for `parametrize`; those after the first `count` have the mark `long`.

    A plain tuple is a row of several arguments.
    """
    marked = (row if type(row) is tuple else (row,) for row in rows[count:])
    return [*rows[:count], *(pytest.param(*row, marks=pytest.mark.long) for row in marked)]


def pairs_with_each_value_first(more: Sequence[Any], fewer: Sequence[Any]) -> list[Any]:
    """Return all pairs. The first `len(more)` have each value of `more` once, `fewer`'s in turn."""
    return sorted(
        itertools.product(more, fewer),
        key=lambda pair: (more.index(pair[0]) - fewer.index(pair[1])) % len(fewer),
    )
