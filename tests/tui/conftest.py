"""The afternoon of tests/tui/world.py, for every test of the full screen that wants it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Home
from tests.tui.world import DemoHome, demo_home


@pytest.fixture
def world(home: Home, tmp_path: Path) -> Iterator[DemoHome]:
    with demo_home(tmp_path / "person") as made:
        yield made
