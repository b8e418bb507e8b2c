"""A home with a guarded role."""

from collections.abc import Iterator

import pytest

from tests.guards.world import Guarded


@pytest.fixture
def guarded(home, emulator) -> Iterator[Guarded]:
    made = Guarded(home, emulator)
    yield made
    made.close()
