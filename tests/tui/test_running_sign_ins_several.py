"""Several sign-ins that run at once, in the background: how they are shown and how they end."""

import re
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import urlopen

import pytest

from ssohelper.tui.full_screen import FullScreenApp
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from tests.long_rows import long_after
from tests.people import redirect_target_of, sign_in
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_sign_in import callback_port, listens, waiting, with_a_browser
from tests.tui.screens.test_ticked_sign_ins import two_signed_out_sessions
from tests.tui.world import DemoHome, until


def opened(notes: Path) -> list[str]:
    return notes.read_text().split() if notes.exists() else []


async def leave_running(user: User, screen: type) -> None:
    await user.press("B")
    await user.wait_for_screen(screen)


def assert_all_ended(app: FullScreenApp, session_name: str, port: int) -> None:
    """Assert that the end of the program stops the sign-in: its callback server and its thread.

    Other threads of this process are not looked at: a refresh of a role list may still run.
    """
    assert app.sign_ins[session_name].end_now in app.end_work
    attempt = app.sign_ins[session_name]._attempt
    assert attempt is not None
    assert listens(port)
    for end in tuple(app.end_work):
        end()
    assert not listens(port)
    assert attempt.has_ended.wait(60)  # the end is asked for, and not waited for


def refuse(address: str) -> None:
    """Refuse the sign-in, as a user on AWS's page does."""
    query = parse_qs(urlsplit(redirect_target_of(address)).query)
    answer = urlencode({"error": "access_denied", "state": query["state"][0]})
    try:
        urlopen(f"{query['redirect_uri'][0]}?{answer}", timeout=30).close()
    except HTTPError as refused:
        refused.close()


def test_a_refused_sign_in_in_the_background_is_named_once(world: DemoHome) -> None:
    notes = with_a_browser(world)

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("signed out")
        await user.press("down", "n")
        await user.wait_for_text("/authorize?")
        await until(lambda: opened(notes))
        await leave_running(user, SessionsScreen)
        [url] = opened(notes)
        user.app.run_in_background(lambda: refuse(url))
        await user.wait_for_text(
            '✗ the sign-in to "lab" was refused in the browser (access_denied)'
        )
        assert user.messages.count("the sign-in to") == 1

    run_scenario(world.app(), scenario, size=(80, 24))


@pytest.mark.long
def test_sign_ins_go_on_in_the_background_one_for_each_session(world: DemoHome) -> None:
    notes = with_a_browser(world)
    services = two_signed_out_sessions(world, sleep=waiting)
    world.remember_user("lab", "ana")

    async def ask_who_i_am_after_it(user: User) -> None:
        await user.press(*"payments-dev developer", "f8")
        await user.wait_for_text('Sign in to "corp"', "/authorize?", "for browser, ")
        assert re.search(r"\b(10:00|9:\d\d) left", user.screen)
        await leave_running(user, AccountsScreen)
        await user.press("f8")  # F8 goes back to the sign-in that runs
        await user.wait_for_text("Background (B)", "/authorize?")
        await leave_running(user, AccountsScreen)
        [url] = opened(notes)
        user.app.run_in_background(lambda: sign_in(url, "ana"))
        next_step = 'signed in: space w (Who am I) on payments-dev/Developer ("corp" as "ana")'
        await user.wait_for_text(next_step)
        assert len(next_step) + 3 <= 80  # it is read whole in 80 columns, with the sign before it
        await user.press(*" !x")  # what is typed stays in the search, and nothing opens over it
        await user.wait_for_text("payments-dev developer !x")
        assert isinstance(user.app.screen, AccountsScreen)

    async def run_two(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("signed in")
        await user.press("N")
        await user.wait_for_text("/authorize?")
        await leave_running(user, SessionsScreen)
        await user.press("down", "n")
        await user.wait_for_text("/authorize?")
        await until(lambda: len(opened(notes)) == 3)
        assert len({callback_port(url) for url in opened(notes)}) == 3
        await user.press("D")
        await user.wait_for_text("PQRS-TVWX")
        await leave_running(user, SessionsScreen)
        await until(lambda: len(re.findall(r"◌ .* signing in .* \d+:\d\d left", user.screen)) == 2)
        await user.wait_for_text("A sign-in runs. Press n to see or stop it.")
        await user.press("n")
        await user.wait_for_text("PQRS-TVWX")
        assert world.emulator.counters["StartDeviceAuthorization"] == 1
        await leave_running(user, SessionsScreen)

    async def fail_and_retry(user: User) -> None:
        world.emulator.faults.fail("CreateToken", "AccessDeniedException", times=1)
        world.emulator.faults.set(user_code="ABCD-EFGH")
        await user.wait_for_message('the sign-in to "lab" failed: ', "retry: space 2, then n")
        await user.wait_for_text("signed out")
        await user.press("f2")
        await user.wait_for_screen(AccountsScreen)
        await user.press("ctrl+u", *"lab readonly", "f8")
        await user.wait_for_text('Sign in to "lab"', "/authorize?")
        await user.press("D")
        await user.wait_for_text("ABCD-EFGH")
        await leave_running(user, AccountsScreen)

    async def answer_its_question(user: User) -> None:
        world.emulator.approve_device("ABCD-EFGH", "ben")
        await user.wait_for_message('the sign-in to "lab" asks something: space 2, then n')
        await user.press("f3")
        await user.wait_for_text("asks something")
        await user.press("n")
        await user.wait_for_screen(ConfirmScreen)
        await user.press("y")
        await user.wait_for_text("signed in · ⏎")
        await user.press("enter")
        await user.wait_for_message(
            'space 1, then space w (Who am I) on lab/ReadOnlyAccess ("lab" as "ben")'
        )

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await ask_who_i_am_after_it(user)
        await run_two(user)
        await fail_and_retry(user)
        await answer_its_question(user)
        assert [*user.app.sign_ins] == ["corp"]
        assert "arn:" not in user.messages  # no action has started without a key

    app = run_scenario(services, scenario, end_work=False)
    assert_all_ended(app, "corp", callback_port(opened(notes)[1]))


@pytest.mark.long
def test_the_role_of_enter_is_named_after_a_sign_in_that_went_on(world: DemoHome) -> None:
    services = two_signed_out_sessions(world, sleep=waiting)

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.press(*"payments-dev developer", "f8")
        await user.wait_for_text("PQRS-TVWX")
        await leave_running(user, AccountsScreen)
        await user.press("enter")
        await user.wait_for_text("PQRS-TVWX", 'the sign-in to "corp" is still')
        await leave_running(user, AccountsScreen)
        world.emulator.approve_device("PQRS-TVWX", "ana")
        await user.wait_for_text("signed in: ⏎ (Use) on payments-dev/Developer")

    assert run_scenario(services, scenario).return_value is None


@pytest.mark.parametrize(
    ("key", "done"),
    long_after(
        1, [("X", 'the sign-in to "lab" was stopped'), ("x", "; its running sign-in was stopped")]
    ),
)
def test_a_change_of_a_session_says_that_its_sign_in_was_stopped(world, key, done):
    services = two_signed_out_sessions(world, sleep=waiting)

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("signed out")
        await user.press("down", "n")
        await user.wait_for_text("PQRS-TVWX")
        await leave_running(user, SessionsScreen)
        await user.press(key)
        await user.wait_for_screen(ConfirmScreen)
        await user.press("y")
        await user.wait_for_message(done)
        assert not user.app.sign_ins

    run_scenario(services, scenario)
