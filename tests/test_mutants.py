"""The changes that `make mutants` makes, and the tests that it chooses."""

import os
import subprocess
import sys

import pytest

from tests.mutants.operators import mutants_of, named_mutants
from tests.mutants.reach import RecordedTest, chosen_tests
from tests.mutants.verdicts import Verdict, Verdicts

SOURCE = '''"""Docstring."""
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

LIMIT: int = 5

def f(a: int, b: bool = True) -> "int | None":
    """Docstring."""
    if (a < LIMIT) and b:
        print(a)
        _log.info(a - 1)
        return a - 1
    return None
'''
SOURCE_LINES = {text.strip(): number for number, text in enumerate(SOURCE.splitlines(), 1)}


def test_each_kind_of_change_is_made_where_code_runs():
    changed = {one.applied_to(SOURCE.encode()).decode() for one in mutants_of(SOURCE)}
    for before, after in (
        ("int = 5", "int = (5 + 1)"),
        ("bool = True", "bool = False"),
        ("if (a < LIMIT) and b:", "if not ((a < LIMIT) and b):"),
        ("(a < LIMIT)", "(a <= LIMIT)"),
        (") and b", ") or b"),
        ("print(a)", "pass"),
        ("return a - 1", "return None"),
        ("return a - 1", "return a + 1"),
        ("return a - 1", "return a - (1 + 1)"),
    ):
        assert SOURCE.replace(before, after) in changed, before
    assert len(changed) == 9


def test_a_changes_name_stays_when_other_lines_change():
    named = named_mutants(SOURCE)
    assert sorted(named.values()) == mutants_of(SOURCE)
    moved = SOURCE.replace("import os\n", "import os, sys\n# A comment.\n")
    assert list(named_mutants(moved)) == list(named)
    edited = named_mutants(SOURCE.replace("print(a)", "print(b)"))
    assert len(set(named) - set(edited)) == 1
    assert len(named_mutants("f(1, 1)\nf(1, 1)\n")) == len(mutants_of("f(1, 1)\nf(1, 1)\n"))


def reaching(name: str, seconds: float, lines: list[int], elsewhere: int = 0) -> RecordedTest:
    other = {"ssohelper/other.py": list(range(elsewhere))} if elsewhere else {}
    return RecordedTest(f"{name}::test", seconds, {"ssohelper/core/text.py": lines, **other})


def test_tests_that_reach_the_changed_statement_run_the_likeliest_first():
    tests = [
        reaching("tests/cli/test_far.py", 1.0, [13, 14, 16], elsewhere=3000),
        reaching("tests/core/test_table.py", 0.1, [13, 14, 16], elsewhere=9),
        reaching("tests/core/test_text.py", 0.1, [13, 14, 16]),
        reaching("tests/core/test_text_too.py", 0.1, [13, 17]),
    ]
    chosen = chosen_tests(tests, "ssohelper/core/text.py", SOURCE, SOURCE_LINES["return a - 1"])
    assert [test.file for test in chosen] == [
        "tests/core/test_text.py", "tests/core/test_table.py", "tests/cli/test_far.py"
    ]  # fmt: skip


def test_the_tests_of_one_change_stay_within_the_budget():
    line = SOURCE_LINES["return a - 1"]
    tests = [reaching(f"tests/core/test_{number}.py", 3.0, [line]) for number in range(9)]
    assert len(chosen_tests(tests, "ssohelper/core/text.py", SOURCE, line, budget=7.0)) == 2
    assert len(chosen_tests(tests, "ssohelper/core/text.py", SOURCE, line, budget=1.0)) == 1


def test_a_stopped_run_is_continued_and_survivors_are_run_again(tmp_path, capsys):
    path = tmp_path / "seed.jsonl"
    module, names = "ssohelper/core/a.py", ("killed", "survivor", "new")
    verdicts = Verdicts(path)
    verdicts.save_sample([(module, name) for name in names])
    verdicts.add(Verdict(module, "killed", "killed", 0.1, 1, "FAILED t"))
    verdicts.add(Verdict(module, "survivor", "survived", 0.1, 1, ""))

    def pending(*, again: bool) -> list[str]:
        found = Verdicts(path)
        return [name for one, name in found.sample if found.is_pending(one, name, again=again)]

    assert pending(again=False) == ["new"]
    assert pending(again=True) == ["survivor"]
    verdicts.add(Verdict(module, "survivor", "timeout", 0.1, 1, ""))
    assert pending(again=True) == []
    verdicts.print_table()
    assert capsys.readouterr().out.splitlines()[1].split() == [
        "core", "2", "1", "50.0", "%", "2", "100.0", "%"
    ]  # fmt: skip


@pytest.mark.skipif(sys.version_info < (3, 12), reason="needs sys.monitoring")
def test_lines_are_recorded_for_the_test_that_runs_in_programs_that_it_starts_or_forks(tmp_path):
    product, folder = tmp_path / "product", tmp_path / "reach"
    product.mkdir()
    folder.mkdir()
    (product / "one.py").write_text("def f():\n    return 1\n")
    program = (
        "import os, subprocess, sys; from tests.mutants.tracer import Tracer\n"
        f"tracer = Tracer({str(product)!r}, {str(folder)!r})\n"
        "if sys.argv[1:]:\n"
        " tracer.join(); import one; one.f(); print('ready', flush=True)\n"
        " if sys.stdin.readline() and not os.fork(): one.f(); os._exit(0)\n"
        " os.wait()\n"
        "else:\n"
        " tracer.start()\n"
        " tracer.follow('1'); import one; one.f()\n"
        " tracer.follow('2'); one.f()\n"
        " argv = [sys.executable, '-c', sys.orig_argv[2], 'child']\n"
        " tracer.follow('3')\n"
        " child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        " child.stdout.readline(); tracer.follow('4'); child.communicate(b'go\\n')\n"
    )
    path = os.pathsep.join([str(product), *sys.path])
    argv = [sys.executable, "-c", program]
    subprocess.run(argv, env={**os.environ, "PYTHONPATH": path}, check=True, timeout=60)
    lines = {file.stem: sorted(set(file.read_text().split())) for file in folder.glob("*.lines")}
    assert lines == {
        "1": ["one.py:1", "one.py:2"], "2": ["one.py:2"], "3": ["one.py:1", "one.py:2"],
        "4": ["one.py:2"],
    }  # fmt: skip
