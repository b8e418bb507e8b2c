"""Each promise of SECURITY.md names tests that exist, and that `make test` runs."""

import ast
import functools
import re
from pathlib import Path

import pytest

from tests.long_rows import is_long

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "SECURITY.md").read_text()
# The mutator damages files in many processes: only `make torture` runs it.
_LONG = ["test_damaged_files_and_answers_break_no_promise"]
NAMED = re.findall(r"`(tests/[^`\s]+\.py)::([^`\s]+)`", PAGE)


def test_each_row_of_a_promise_names_one():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "::" in line]
    promises = PAGE.partition("## What is defended")[2].partition("## What is not")[0]
    lines = [line for line in promises.splitlines() if line.startswith("| ")]
    assert [line for line in lines if line not in rows and line != "| promise | test |"] == []
    assert len(rows) >= 15


@functools.cache
def parsed(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


@pytest.mark.parametrize(("path", "name"), NAMED, ids=lambda text: text)
def test_it_is_there(path, name):
    module = parsed(path)
    nodes = module.body
    *classes, function = name.split("::")
    for each in classes:
        [found] = [node for node in nodes if isinstance(node, ast.ClassDef) and node.name == each]
        nodes = found.body
    [test] = [node for node in nodes if isinstance(node, ast.FunctionDef) and node.name == function]
    assert is_long(module, test) == (function in _LONG)
