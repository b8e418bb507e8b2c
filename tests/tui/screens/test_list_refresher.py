"""A refresh of a list that ends while another screen or a dialog is shown."""

import threading
from typing import Any

import pytest

from ssohelper.actions import directory
from ssohelper.app import App
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.tui.list_states import Watcher
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.progress import list_roles
from tests.tui.driving import User, run_scenario
from tests.tui.gates import Gate
from tests.tui.gates import gate as gate  # a fixture
from tests.tui.screens.test_set_up import quick
from tests.tui.screens.test_ticked_sign_ins import two_signed_out_sessions
from tests.tui.world import DemoHome, until


def test_profiles_plans_with_a_list_that_comes_while_it_is_shown(world, monkeypatch):
    fetch, may_end = directory.fetch_listing, threading.Event()

    def fetch_when_allowed(*arguments: Any, **more: Any) -> Listing:
        if more.get("refresh"):
            may_end.wait(5)
        return fetch(*arguments, **more)

    monkeypatch.setattr(directory, "fetch_listing", fetch_when_allowed)

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        user.app.services.directory.forget("corp")
        await user.press("f5", "f4")
        await user.wait_for_text("no list of roles yet")
        may_end.set()
        await user.wait_for_text("17 to add")

    run_scenario(world.app(sleep=quick), scenario)


def behind_gate(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let listings wait. Return a list of those of corp."""
    fetch, asked = directory.fetch_listing, list[str]()

    def note_listing(services: App, session: SsoSession, **more: Any) -> Listing:
        if session.name == "corp":
            asked.append(session.name)
        return fetch(services, session, **more)

    monkeypatch.setattr(directory, "fetch_listing", note_listing)
    gate.put_before(directory, "fetch_listing")
    return asked


def test_a_dialog_waits_for_the_listing_that_runs_and_asks_nothing_itself(world, gate, monkeypatch):
    asked = behind_gate(gate, monkeypatch)

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("f5", "f4")
        await until(lambda: user.app.list_states.running)
        await user.wait_for_screen(ProfilesScreen)
        await user.wait_for_text("17 to add")
        user.app.services.directory.forget("corp")
        await user.press("space", "A")
        await user.wait_for_busy_screen("listing the accounts")
        gate.open()
        await user.wait_for_screen(ConfirmScreen)
        await until(lambda: not user.app.list_states.running)

    run_scenario(world.app(sleep=quick), scenario)
    assert len(asked) == 1


@pytest.mark.parametrize("has_left", [False, True])
def test_a_listing_that_ends_after_the_user_has_left_is_told_to_no_screen(
    world: DemoHome, monkeypatch: pytest.MonkeyPatch, has_left: bool
) -> None:
    fetch, may_end, threads = directory.fetch_listing, threading.Event(), list[threading.Thread]()

    def fetch_when_allowed(*arguments: Any, **more: Any) -> Listing:
        threads.append(threading.current_thread())
        assert may_end.wait(60)
        return fetch(*arguments, **more)

    monkeypatch.setattr(directory, "fetch_listing", fetch_when_allowed)

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        told = list[object]()
        session = user.app.services.config.read().sso_session("corp")
        assert session
        list_roles(
            user.app, session, Watcher(lambda *_: None, told.append, lambda *_: told.append("no"))
        )
        await until(lambda: threads)
        if has_left:
            monkeypatch.setattr(type(user.app), "return_code", 0)
        may_end.set()
        await until(lambda: not any(thread.is_alive() for thread in threads))
        later = threading.Event()
        user.app.call_later(later.set)  # what the thread has asked for is done before
        await until(later.is_set)
        assert len(told) == (0 if has_left else 1)

    run_scenario(world.app(sleep=quick), scenario)


def test_a_refresh_names_all_sessions_that_need_a_sign_in(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press("f5")
        await user.wait_for_message("not refreshed, because not signed in:", '"corp"', '"lab"')

    run_scenario(two_signed_out_sessions(world), scenario)


def test_each_refresh_names_the_sessions_that_need_a_sign_in_once(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        for count in (1, 2):
            await user.press("f5")
            await until(lambda count=count: user.messages.count("not refreshed") == count)
            last = user.app.messages.all[-1].text
            assert (last.count('"corp"'), last.count('"lab"')) == (1, 1)

    run_scenario(two_signed_out_sessions(world), scenario)
