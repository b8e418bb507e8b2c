"""A short run of the mutator, always the same mutations; `make fuzz` runs it for longer."""

import sys

import pytest

from tests.fuzz import __main__ as fuzz

_SEED = "1"
_MUTATIONS = 40


@pytest.mark.skipif(sys.platform != "linux", reason="forks and reads /proc")
@pytest.mark.long
def test_damaged_files_and_answers_break_no_promise() -> None:
    ran, findings, about = fuzz.run(_SEED, 600, _MUTATIONS, lanes=1)
    assert findings == []
    assert ran == _MUTATIONS, about
