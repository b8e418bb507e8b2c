"""The homes of these tests: `world` for programs in this process, `shell` for real ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ssohelper.emulator.server import Emulator
from tests.cli.listing_world import Shell
from tests.conftest import Home
from tests.tui.parsed_css import share_parsed_css
from tests.tui.world import DemoHome, demo_home

share_parsed_css()


@pytest.fixture
def world(home: Home, tmp_path: Path) -> Iterator[DemoHome]:
    with demo_home(tmp_path / "user") as made:
        yield made


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """Signed in, with a saved list of roles."""
    with Emulator() as emulator:
        made = Shell(tmp_path, emulator)
        assert made.run("list").returncode == 0
        yield made
