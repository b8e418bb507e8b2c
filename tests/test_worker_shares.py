"""The order of the tests in a run with several workers."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.worker_shares import order_for_workers

_TESTS = Path(__file__).parent


def _items(*files: tuple[str, int]) -> list[Any]:
    return [
        SimpleNamespace(path=_TESTS / name, number=number)
        for name, count in files
        for number in range(count)
    ]


_QUICK_FILES = [(f"core/test_{number}.py", 5) for number in range(12)]


def test_the_folders_are_mixed():
    slow = [(f"{folder}/test_{letter}.py", 1) for folder in ("cli", "tui") for letter in "abc"]
    ordered = order_for_workers(_items(*_QUICK_FILES, *slow), 1)
    folders = [item.path.parent.name for item in ordered]
    assert folders == ["cli", "tui"] * 3 + ["core"] * 60


def test_each_part_ends_with_quick_tests():
    items = _items(*_QUICK_FILES, ("test_top.py", 10), ("cli/test_a.py", 20), ("tui/test_b.py", 10))
    ordered = order_for_workers(items, 2)
    half = len(ordered) // 2
    assert len(ordered) == len(items)
    assert all(one in ordered for one in items)
    for part in (ordered[:half], ordered[half:]):
        assert part[0].path.parent.name != "core"
        assert part[-1].path.parent.name == "core"


def test_the_tests_of_a_file_stay_together_in_their_order():
    items = _items(("actions/test_a.py", 3), ("core/test_b.py", 4), ("wire/test_c.py", 2))
    ordered: list[Any] = [*order_for_workers(items, 3)]
    for name, count in (("test_a.py", 3), ("test_b.py", 4), ("test_c.py", 2)):
        places = [at for at, item in enumerate(ordered) if item.path.name == name]
        assert places == list(range(places[0], places[0] + count))
        assert [ordered[at].number for at in places] == list(range(count))
