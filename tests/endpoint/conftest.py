"""Fixtures of the endpoint's tests."""

from collections.abc import Iterator

import pytest

from ssohelper.emulator.server import Emulator
from tests.conftest import Home
from tests.endpoint.world import Served, prepared, served, small_center


@pytest.fixture
def emulator(home: Home) -> Iterator[Emulator]:
    """A small Identity Center; `home` has a signed-in session and the profile `job`."""
    with small_center() as running:
        prepared(home, running)
        yield running


@pytest.fixture
def endpoint(home: Home, emulator: Emulator) -> Iterator[Served]:
    with served(home, emulator) as running:
        yield running
