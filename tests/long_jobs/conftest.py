"""Fixtures for the tests of long jobs."""

from collections.abc import Iterator

import pytest

from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from tests.long_jobs.world import Job


@pytest.fixture
def job(home) -> Iterator[Job]:
    with Emulator(World.of_size(4, 1)) as running:
        running.auto_approve = "ana"
        running.faults.sign_in_seconds = 90 * 24 * 3600
        yield Job(home, running)
