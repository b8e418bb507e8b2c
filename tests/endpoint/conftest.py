"""Fixtures of the endpoint's tests."""

from collections.abc import Iterator

import pytest

from ssohelper.emulator.server import Emulator
from tests.endpoint.world import Served, prepared, served, small_center


@pytest.fixture
def emulator(home) -> Iterator[Emulator]:
    """A small Identity Center; `home` has a signed-in session and the profile `job`."""
    with small_center() as running:
        prepared(home, running)
        yield running


@pytest.fixture
def endpoint(home, emulator) -> Iterator[Served]:
    with served(home, emulator) as running:
        yield running
