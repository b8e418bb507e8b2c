"""The message line names a sign-in that goes on in the background, and the keys to come back to it."""

import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ssohelper.errors import LoginRequired, NoConnection
from ssohelper.tui.full_screen import FullScreenApp
from ssohelper.tui.running_sign_ins import Page, Question, RunningSignIn
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from ssohelper.tui.screens.sign_in import SignInScreen, find_sign_in
from ssohelper.tui.widgets import message_line as message_line_module
from ssohelper.tui.widgets.message_line import running_sign_ins_note
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_sign_in import waiting, with_a_browser
from tests.tui.screens.test_ticked_sign_ins import two_signed_out_sessions
from tests.tui.test_messages import message_line
from tests.tui.test_running_sign_ins_several import leave_running, opened, refuse
from tests.tui.world import DemoHome, until

NOTE = '▲ sign-in to "corp": waiting for browser · space 2, then n shows it'


@pytest.fixture(autouse=True)
def only_changes_update_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the redrawing every five seconds, which would hide that an event was lost."""
    monkeypatch.setattr(message_line_module, "_CHECK_SECONDS", 3600)


async def leave_sign_in_running(user: User) -> None:
    """Start an action that needs a sign-in, and let the sign-in go on without its dialog."""
    await user.wait_for_text("type to search")
    await user.press(*"payments-dev developer", "f8")
    await user.wait_for_screen(SignInScreen)
    await user.wait_for_text("/authorize?")
    assert "then n shows it" not in user.screen
    await leave_running(user, AccountsScreen)


@pytest.mark.parametrize(("columns", "lines"), long_after(1, [(80, 24), (120, 40), (200, 50)]))
def test_a_sign_in_in_the_background_is_named_until_the_user_stops_it(world, columns, lines):
    with_a_browser(world)

    async def scenario(user: User) -> None:
        await leave_sign_in_running(user)
        await until(lambda: message_line(user) == NOTE)
        await user.press("f3")
        await user.wait_for_text("A sign-in runs. Press n to see or stop it.")
        await user.press("n")
        await user.wait_for_screen(SignInScreen)
        await until(lambda: "then n shows it" not in user.screen)  # its dialog is shown
        await user.press("escape", "f2")
        await user.wait_for_screen(AccountsScreen)
        await until(lambda: "then n shows it" not in user.screen)

    run_scenario(two_signed_out_sessions(world, sleep=waiting), scenario, size=(columns, lines))


def test_the_name_of_a_sign_in_in_the_background_goes_when_it_fails(world: DemoHome) -> None:
    notes = with_a_browser(world)

    async def scenario(user: User) -> None:
        await leave_sign_in_running(user)
        await until(lambda: message_line(user) == NOTE)
        await until(lambda: opened(notes))
        user.app.run_in_background(lambda: refuse(opened(notes)[0]))
        await user.wait_for_text('✗ the sign-in to "corp" was refused in the browser')
        assert "then n shows it" not in user.screen

    run_scenario(two_signed_out_sessions(world, sleep=waiting), scenario, size=(80, 24))


def test_in_40_columns_the_message_line_names_the_sign_in_and_its_keys(world: DemoHome) -> None:
    with_a_browser(world)

    async def scenario(user: User) -> None:
        await leave_sign_in_running(user)
        await until(lambda: message_line(user) == "▲ corp sign-in · space 2, then n")
        user.app.show_done("copied: a text that takes the line")
        await until(lambda: message_line(user).endswith("▲ sign-in · space 2"))
        await user.pilot.resize_terminal(28, 16)
        await until(lambda: "copied: a text" in message_line(user))
        assert "space 2" not in message_line(user)

    run_scenario(two_signed_out_sessions(world, sleep=waiting), scenario, size=(40, 16))


def test_the_keys_of_the_note_show_the_sign_in_that_runs(world: DemoHome) -> None:
    with_a_browser(world)

    async def scenario(user: User) -> None:
        await user.wait_for_text("type to search")
        await user.press("f3")
        await user.wait_for_text("❯ ○ corp")
        await user.press("down", "n")
        await user.wait_for_text('Sign in to "lab"', "/authorize?")
        await leave_running(user, SessionsScreen)
        await user.press("up", "f2")
        await until(lambda: 'sign-in to "lab"' in message_line(user))
        await user.press("f3", "n")
        await user.wait_for_text('Sign in to "lab"')
        assert list(user.app.sign_ins) == ["lab"]

    run_scenario(two_signed_out_sessions(world, sleep=waiting), scenario, size=(80, 24))


def make_sign_ins(app: FullScreenApp) -> list[RunningSignIn]:
    """Return a sign-in to each session, with an attempt that does nothing."""
    sessions = app.services.config.read().sso_sessions()
    made = [find_sign_in(app, session) for session in sessions]
    for sign_in in made:
        attempt = SimpleNamespace(cancelled=threading.Event(), has_ended=threading.Event())
        sign_in._attempt = cast("Any", attempt)
    return made


def test_each_change_of_a_sign_in_is_shown_at_once(world: DemoHome) -> None:
    answers: list[bool] = []

    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        corp, _lab = make_sign_ins(user.app)
        corp.show_page(Page("asking AWS"))
        await user.pilot.pause()
        assert message_line(user) == ""
        for change, state in (
            (lambda: corp.keep(None), "asking AWS"),
            (lambda: corp.show_page(Page("waiting for you")), "waiting for you"),
            (lambda: corp.ask_question(Question("sure?", answers.append)), "asks something"),
            (lambda: corp.answer(True), "waiting for you"),
        ):
            change()
            note = f'▲ sign-in to "corp": {state} · space 2, then n shows it'
            await until(lambda note=note: message_line(user).endswith(note))
        user.app.messages.hide_alert()
        corp.stop()
        await until(lambda: message_line(user) == "")

    # In this width, the note is whole beside the warning that the sign-in asks something.
    run_scenario(world.app(), scenario, size=(140, 30))
    assert answers == [True]


def test_a_list_of_another_session_that_could_not_be_refreshed_is_named_before_it(world):
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        # The program's own first refresh of "lab" fails too, and would replace the error below.
        await until(lambda: "lab" in user.app.list_states._failures)
        corp, _lab = make_sign_ins(user.app)
        corp.show_page(Page("asking AWS"))
        corp.keep(None)
        for name, error in (("corp", LoginRequired("signed out")), ("lab", NoConnection("down"))):
            user.app.list_states.note_failed_refresh(name, error, world.clock)
        user.app.messages_changed.publish(None)
        sign_in = 'sign-in to "corp": asking AWS · space 2, then n shows it'
        await until(lambda: message_line(user) == f"▲ lab: offline; {sign_in}")
        await user.pilot.resize_terminal(60, 30)
        await until(lambda: message_line(user) == "▲ lab offline")
        corp.stop()
        await until(lambda: message_line(user).startswith("▲ corp: "))

    run_scenario(world.app(), scenario, size=(140, 30))


class TestNote:
    """The note of sign-ins, without a terminal."""

    @pytest.fixture
    def app(self, world: DemoHome) -> FullScreenApp:
        return FullScreenApp(world.app())

    def test_only_a_sign_in_that_runs_without_a_dialog_is_named(self, app: FullScreenApp) -> None:
        corp, _lab = make_sign_ins(app)
        corp.show_page(Page("asking AWS"))
        assert running_sign_ins_note(app) is None
        corp.keep(None)
        assert running_sign_ins_note(app) == (
            'sign-in to "corp": asking AWS · space 2, then n shows it',
            "corp sign-in · space 2, then n",
            "sign-in · space 2",
        )
        corp.add_dialog()
        assert running_sign_ins_note(app) is None
        corp.remove_dialog()
        assert running_sign_ins_note(app) is not None
        corp._attempt = None
        assert running_sign_ins_note(app) is None  # it has failed, and its dialog says why

    def test_several_sign_ins_are_counted(self, app: FullScreenApp) -> None:
        for sign_in in make_sign_ins(app):
            sign_in.keep(None)
        assert running_sign_ins_note(app) == (
            "2 sign-ins are running · space 2 shows them",
            "2 sign-ins are running",
            "2 sign-ins",
        )
