"""The fixture `world`: a home of tests/tui/world.py with its Identity Center."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Home
from tests.tui.parsed_css import share_parsed_css
from tests.tui.world import DemoHome, demo_home

share_parsed_css()


@pytest.fixture
def world(home: Home, tmp_path: Path) -> Iterator[DemoHome]:
    with demo_home(tmp_path / "user") as made:
        yield made
