"""The changes that `make mutants` makes, and the tests that it chooses."""

import random
from pathlib import Path

from tests.mutants.nearest import nearest_tests
from tests.mutants.operators import mutants_of, sampled_from, valid

ROOT = Path(__file__).resolve().parent.parent
SOURCE = '''"""Docstring."""
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

LIMIT: int = 5

def f(a: int, b: bool = True) -> "int | None":
    """Docstring."""
    if (a < LIMIT) and b:
        print(a)
        return a - 1
    return None
'''


def test_each_kind_of_change_is_made_where_code_runs() -> None:
    changed = {one.applied_to(SOURCE.encode()).decode() for one in mutants_of(SOURCE)}
    for before, after in {
        "int = 5": "int = (5 + 1)",
        "bool = True": "bool = False",
        "if (a < LIMIT) and b:": "if not ((a < LIMIT) and b):",
        "(a < LIMIT)": "(a <= LIMIT)",
        ") and b": ") or b",
        "print(a)": "pass",
        "return a - 1": "return None",
        "a - 1": "a + 1",
        "- 1": "- (1 + 1)",
    }.items():
        assert SOURCE.replace(before, after) in changed, before
    assert len(changed) == 9


def test_a_seed_repeats_a_sample_of_changes_that_compile() -> None:
    modules = {"m.py": SOURCE}
    first, again = (list(sampled_from(modules, random.Random("1"), 5)) for _ in range(2))
    assert first == again
    assert len(first) == 5
    assert all(valid(SOURCE.encode(), mutant) for _, mutant in first)


def test_the_tests_of_a_module_come_first() -> None:
    assert (
        nearest_tests(ROOT, "ssohelper/core/config_edit.py")[0] == "tests/core/test_config_edit.py"
    )
    chosen = nearest_tests(ROOT, "ssohelper/cli/profile_commands.py")
    assert any("profile" in name or "sync" in name for name in chosen)
