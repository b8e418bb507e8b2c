"""Lets actions of the full screen wait until a test lets them go on."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.tui.driving import User


class Gate:
    """Lets functions wait, in the threads that call them, until the test opens the gate."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch, self._is_open, self.entered = monkeypatch, threading.Event(), threading.Event()

    def put_before(self, module: Any, name: str) -> None:
        original = getattr(module, name)

        def wait_and_call(*arguments: Any, **more: Any) -> Any:
            self.entered.set()
            assert self._is_open.wait(60)
            return original(*arguments, **more)

        self._patch.setattr(module, name, wait_and_call)

    def open(self) -> None:
        self._is_open.set()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate(monkeypatch)
    yield made
    made.open()


async def start_slow_profile_action(user: User) -> None:
    """Press F9 on a role whose plan is behind a gate; return when the program says that it waits."""
    await user.wait_for_text("role keys")
    await user.press(*"payments-dev developer", "f9")
    await user.wait_for_busy_screen("Profile", "waiting for AWS", "cancel")
