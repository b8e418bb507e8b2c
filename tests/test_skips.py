"""A missing program fails a test in CI; a test that needs root is left out without it."""

import os
import re
import sys
from pathlib import Path

import pytest

from tests.long_rows import long_after
from tests.programs import run_program

_ROOT = Path(__file__).parent.parent
_TESTS = """\
import os
import pytest
from tests.programs import require_program

def test_that_skips():
    require_program("no-such-program")

@pytest.mark.skipif(True, reason="elsewhere")
def test_that_is_marked():
    pass

@pytest.mark.xfail
def test_that_is_expected_to_fail():
    assert False

@pytest.mark.needs_root
def test_that_needs_root():
    assert os.geteuid() == 0
"""


@pytest.mark.parametrize(
    "is_root", [pytest.param(True, marks=[pytest.mark.needs_root, pytest.mark.long]), False]
)
@pytest.mark.parametrize("is_ci", long_after(1, [True, False]))
def test_a_missing_program_fails_a_test_in_ci(is_ci, is_root, tmp_path):
    (tmp_path / "conftest.py").write_text(
        "from tests.conftest import pytest_collection_modifyitems, pytest_runtest_makereport\n"
        + ("" if is_root else "import os\nos.geteuid = lambda: 1000\n")
    )
    (tmp_path / "test_some.py").write_text(_TESTS)
    done = run_program(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "."],
        {"PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT)} | ({"CI": "1"} if is_ci else {}),
        cwd=tmp_path,
    )
    summary = done.stdout.splitlines()[-1]
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", summary)}
    skips = {"failed": 1, "skipped": 1} if is_ci else {"skipped": 2}
    root = {"passed": 1} if is_root else {"deselected": 1}
    counts.pop("warning", None)  # of pytest: these files do not declare the marker
    assert counts == {**skips, **root, "xfailed": 1}, done.stdout
