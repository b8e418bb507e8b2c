"""A desktop with an unlocked keyring in the test's home."""

from collections.abc import Iterator

import pytest

from ssohelper.emulator.server import Emulator
from tests.conftest import Home
from tests.keyring.desktop import Desktop, run_desktop
from tests.keyring.world import World, folder_in_memory


@pytest.fixture
def desktop(home: Home) -> Iterator[Desktop]:
    with run_desktop(home.path / "desktop", home.env) as running:
        yield running


@pytest.fixture
def world(home: Home, emulator: Emulator, desktop: Desktop) -> Iterator[World]:
    with folder_in_memory() as runtime:
        yield World(home, emulator, desktop, runtime)
