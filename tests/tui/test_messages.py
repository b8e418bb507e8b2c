"""The message line, the history of messages, and the lasting marks of lists."""

from datetime import datetime

import pytest

from ssohelper.core.text import show
from ssohelper.errors import LocalState, LoginRequired, NoConnection, Throttled
from ssohelper.tui.list_states import ListStates, age_text
from ssohelper.tui.messages import Kind, Message, Messages
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.history import HistoryScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from ssohelper.tui.widgets.message_line import MessageLine, fitted_message
from ssohelper.tui.widgets.role_pane import RolePane
from tests.long_rows import long_after
from tests.tui.cells import PALETTES, take_frame
from tests.tui.driving import User, run_scenario
from tests.tui.looks import check
from tests.tui.screens.test_sign_in import waiting
from tests.tui.world import NOW, DemoHome, until

ERROR = LocalState("the disk is full", hint="free some space")


def message_line(user: User) -> str:
    """Return the text of the line above the footer."""
    # Each line of the screen ends with a line feed.
    lines = [line for line in user.screen.split("\n") if line]
    return lines[-2].strip()


async def wait_for_line(user: User, text: str) -> None:
    await until(lambda: message_line(user) == text)


@pytest.mark.long
def test_a_note_ends_and_an_error_stays_until_an_action(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        user.app.show_error(ERROR)
        await wait_for_line(user, "✗ the disk is full · free some space")
        user.app.note_seconds = 0.01
        user.app.show_done("copied: x")
        await until(lambda: not user.app.messages.shown or user.app.messages.shown.more)
        await wait_for_line(user, "✗ the disk is full · free some space")
        await user.press("down", "p", "backspace", "f1", "escape", "ctrl+l", "escape")
        await wait_for_line(user, "✗ the disk is full · free some space")
        await user.press("ctrl+g")
        await wait_for_line(user, "")

    run_scenario(world.app(), scenario, size=(80, 24))


def test_a_note_is_shown_in_place_of_an_error_until_it_ends() -> None:
    messages = Messages()
    error, note = Message(NOW, Kind.ERROR, "the disk is full"), Message(NOW, Kind.NOTE, "copied: x")
    messages.add(error)
    messages.add(note)
    assert messages.shown is note
    messages.hide_note(note)
    assert messages.shown is error


@pytest.mark.parametrize("click", ["#to-sessions", "#group"])
def test_a_click_on_an_action_ends_an_error_too(world: DemoHome, click: str) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        user.app.show_error(ERROR)
        await wait_for_line(user, "✗ the disk is full · free some space")
        await user.pilot.click(click)
        await wait_for_line(user, "")

    run_scenario(world.app(), scenario, size=(80, 24))


def test_a_message_covers_nothing_and_is_cut_with_a_mark(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("? Help")
        user.app.show_warning("w" * 200)
        await until(lambda: message_line(user).startswith("▲ www"))
        assert message_line(user).endswith("w…")
        line, pane = (user.app.screen.query_one(kind).region for kind in (MessageLine, RolePane))
        assert line.y == user.app.size.height - 2
        assert pane.bottom <= line.y

    run_scenario(world.app(), scenario, size=(80, 12))


FULL = '"/home/ana/.local/state/ssohelper/usage.json" cannot be written: No space left on device'


@pytest.mark.parametrize(
    ("width", "text", "more", "shown"),
    [
        (100, FULL, "", FULL),
        (77, FULL, "", '"/home/…/usage.json" cannot be written: No space left on device'),
        (60, FULL, "", '"…/usage.json" cannot be written: No space left on device'),
        (66, FULL, "see", '"…/usage.json" cannot be written: No space left on device · see'),
        (60, FULL, "see", '"…/usage.json" cannot be written: No space left on device ·…'),
        # A part of a command line is of no use.
        (
            60,
            "copied the account id",
            "$ ssohelper console --print payments-prod",
            "copied the account id",
        ),
        (22, "copied the account id", "$ ls", "copied the account id"),
        (30, "copied the account id", "$ ls", "copied the account id · $ ls"),
        (37, FULL, "", '"…/usage.js…: No space left on device'),
        (25, FULL, "", '"…/us…: No space left on…'),
        (40, "~/.aws/cli/x/config has changed", "", "~/.aws/cli/x/config has changed"),
        (28, "~/.aws/cli/x/config has changed", "", "~/.aws/…/config has changed"),
        (24, r'"C:\Users\ana\usage.json" is full', "", r'"…\usage.json" is full'),
        (22, "https://example.com/a/b is not there", "", "https://example.com/a…"),
        (1, FULL, "", "…"),
        (0, FULL, "", ""),
    ],
)
def test_a_cut_message_keeps_its_reason(width: int, text: str, more: str, shown: str) -> None:
    message = Message(NOW, Kind.ERROR, text, more)
    assert fitted_message(message, width) == shown.ljust(width)


@pytest.mark.parametrize("width", [46, 60, 77, 98])
@pytest.mark.parametrize(
    "beginning", ['already signed in to "demo"', 'the roles of "corp" are not listed by "ana"']
)
def test_a_session_s_name_is_not_cut_while_something_else_can_be(beginning, width):
    reason = "the access token lasts until 18:00:00, and the sign-in ends tomorrow at 09:00:00"
    shown = fitted_message(Message(NOW, Kind.NOTE, f"{beginning}: {reason}"), width)
    assert '"demo"' in shown or '"corp"' in shown
    assert shown.rstrip().endswith("…")
    assert ": the acc" in shown


def test_a_low_terminal_has_a_message_line_only_for_a_message(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await until(lambda: not user.app.screen.query_one(MessageLine).display)
        height = user.app.screen.query_one(RolePane).region.height
        user.app.show_error(ERROR)
        await wait_for_line(user, "✗ the disk is full · free some space")
        await until(lambda: user.app.screen.query_one(RolePane).region.height == height - 1)

    run_scenario(world.app(), scenario, size=(40, 12))


def test_the_history_says_that_it_is_empty_then_shows_and_copies_messages(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        await user.pilot.click(MessageLine)
        await user.wait_for_text("No message has been shown yet.")
        # The dialog is as high as the text that it shows.
        dialog = user.app.screen.query_one(".dialog")
        await until(lambda: dialog.outer_size.height == 9)
        await user.press("y", "q")
        await user.wait_for_screen(AccountsScreen)

        await user.wait_for_text("role keys")
        copied: list[str] = []
        user.app.copy_to_clipboard = copied.append  # type: ignore[method-assign]
        user.app.show_error(LocalState("long " * 40 + "end-of-it", hint="type: this"))
        user.app.show_done("copied: [b]x[/b]", "ssohelper list x")
        await user.press("ctrl+l")
        await user.wait_for_screen(HistoryScreen)
        at = datetime.fromtimestamp(NOW).strftime("%H:%M:%S")
        await user.wait_for_text(f"❯ {at}  · note", f"  {at}  ✗ error", "copied: [b]x[/b]")
        assert "end-of-it" not in user.screen
        await user.press("down")
        await user.wait_for_text("end-of-it", "type: this")
        await user.press("y")
        await until(lambda: copied == [show("long " * 40 + "end-of-it") + "\ntype: this"])
        await user.press("ctrl+l")
        await user.wait_for_screen(AccountsScreen)

    run_scenario(world.app(), scenario, size=(80, 24))


@pytest.mark.parametrize(
    "name", long_after(1, ["\x1b[31mred", "[@click=app.quit]x[/]", "a\nb\x07", "\u202egnp"])
)
def test_hostile_text_is_shown_and_never_acted_on(world: DemoHome, name: str) -> None:
    async def scenario(user: User) -> None:
        await user.wait_for_text("role keys")
        user.app.notify(name, title=name)
        user.app.show_error(LocalState(name, hint=name))
        await wait_for_line(user, f"✗ {show(name)} · {show(name)}")
        await user.pilot.click(MessageLine)
        await user.wait_for_text("✗ error", f"{show(name)} · {show(name)}", "· note")
        assert not {"\x1b", "\x07", "\u202e"} & set(user.screen)

    run_scenario(world.app(), scenario)


def test_a_dialog_has_a_line_of_its_own_and_no_toast_is_left(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("signed out")
        await user.press("down", "n")
        await user.wait_for_screen(SignInScreen)
        await user.wait_for_text("PQRS-TVWX")
        await user.press("y")
        await wait_for_line(user, "· copied the address, if the terminal allows it")
        user.app.notify("from Textual", severity="warning")
        await wait_for_line(user, "▲ from Textual")
        assert not user.app.screen.query("Toast")

    run_scenario(world.app(), scenario)


class TestLists:
    """The lasting mark: whether a list is old because its refresh failed."""

    @pytest.mark.long
    def test_offline_is_marked_on_every_screen_until_a_refresh_works(self, world, monkeypatch):
        services = world.app(sleep=lambda _seconds: None)
        world.config_file.write_text(world.config_file.read_text().split("[sso-session lab]")[0])
        world.clock.now += 7 * 60

        def refuse(*_arguments: object) -> None:
            raise ConnectionRefusedError

        async def scenario(user: User) -> None:
            await until(lambda: "✗" in message_line(user) and "▲ offline" in message_line(user))
            await user.press("ctrl+g")
            await wait_for_line(user, "▲ offline · list 14 min old")
            world.clock.now += 60
            user.app.show_done("copied: x")
            await until(lambda: message_line(user).endswith("▲ offline · list 15 min old"))
            assert message_line(user).startswith("· copied: x")
            for key in ("f4", "f3"):
                await user.press(key)
                await until(lambda: "▲ offline" in message_line(user))
            await user.wait_for_text("role list     offline · list 15 min old", "refused)")
            monkeypatch.undo()
            await user.press("f2")  # a minute after the failure, the list is asked for again
            await until(lambda: "▲ offline" not in user.screen)

        with monkeypatch.context() as patches:
            patches.setattr("ssohelper.wire.connection._connect_tcp", refuse)
            monkeypatch = patches
            run_scenario(services, scenario, size=(100, 30))

    @pytest.mark.long
    def test_a_new_sign_in_ends_offline_at_once(self, world, monkeypatch):
        world.clock.now += 7 * 60

        def refuse(*_arguments: object) -> None:
            raise ConnectionRefusedError

        async def scenario(user: User) -> None:
            await until(lambda: "▲ corp offline" in user.screen)
            patches.undo()
            await user.press("f3")
            await user.wait_for_text("role list     offline")
            await user.press("x")
            await user.wait_for_screen(ConfirmScreen)
            await user.press("y")
            await user.wait_for_text("You are signed out.")
            await user.press("n")
            await user.wait_for_text("PQRS-TVWX")
            world.emulator.approve_device("PQRS-TVWX", "ana")
            await user.close_sign_in()
            await user.wait_for_message("signed in to")
            await until(lambda: "offline" not in user.screen)

        with monkeypatch.context() as patches:
            patches.setattr("ssohelper.wire.connection._connect_tcp", refuse)
            run_scenario(world.app(sleep=waiting), scenario, size=(100, 30))

    def test_a_failed_refresh_is_marked_and_its_error_is_shown_once(self, world: DemoHome) -> None:
        services = world.app(sleep=lambda _seconds: None)
        world.clock.now += 7 * 60
        world.emulator.faults.set(down={"ListAccounts": 503})

        async def scenario(user: User) -> None:
            await user.wait_for_text("answered 503", "▲ corp refresh failed")
            await user.press("ctrl+g")
            await wait_for_line(user, "▲ corp: list 14 min old · last refresh failed")
            world.clock.now += 11 * 60
            world.emulator.reset_counters()
            await user.press("f3", "f2")  # coming back reads the lists again
            await until(lambda: world.emulator.counters["ListAccounts"])
            await user.wait_for_text("list 25 min old · last refresh failed")
            assert user.messages.count("answered 503") == 1

        run_scenario(services, scenario, size=(120, 30))

    def test_in_40_columns_the_mark_stays_beside_an_error_and_clocks_are_whole(self, world):
        services = world.app()
        world.clock.now -= 2 * 3600 + 60

        async def scenario(user: User) -> None:
            await user.press("f3")
            await user.wait_for_text("signed in", "7h 1m left")
            frame = take_frame(user.app, "sessions", PALETTES[0])
            assert not [found for found in check(frame) if found.rule == "cut number"]
            world.clock.now -= 58 * 60
            user.app.screen.read_clocks()  # type: ignore[attr-defined]
            await user.wait_for_text("7h 59m left")

            def shows_both() -> bool:
                # Each time, since a refresh of the list that ends now takes the mark away.
                user.app.list_states.note_failed_refresh("corp", LoginRequired("x"), NOW)
                user.app.show_error(ERROR)
                line = message_line(user)
                return line.startswith("✗ the disk") and line.endswith("▲ sign-in needed")

            await until(shows_both)

        run_scenario(services, scenario, size=(40, 12))

    def test_states(self) -> None:
        states = ListStates()
        states.set_listing_times(("corp", "lab"), {"corp": NOW})
        assert states.failure_note(NOW) is None
        assert states.note_failed_refresh("corp", NoConnection("x"), NOW + 60)
        assert not states.note_failed_refresh("corp", NoConnection("y"), NOW + 60)
        assert states.failure_note(NOW + 14 * 60) == (
            "corp: offline · list 14 min old",
            "corp offline",
            "offline",
        )
        assert states.note_failed_refresh("corp", Throttled("x"), NOW + 61)
        assert states.text_of_list("corp", NOW + 61) == "list 1 min old · last refresh failed"
        states.note_failed_refresh("lab", LoginRequired("x"), NOW)
        assert (
            states.text_of_list("lab", NOW) == ""
        )  # it has no list: the screens ask for the sign-in
        states.note_failed_refresh("lab", NoConnection("x"), NOW)
        found = states.failure_note(NOW + 7200)
        assert found == (
            "corp: list 2 h old · last refresh failed; lab: offline",
            "2 × lists not refreshed",
            "not refreshed",
        )
        states.note_successful_refresh("lab", NOW)
        # Another process has listed the session's roles.
        states.set_listing_times(("corp",), {"corp": NOW + 62})
        assert states.failure_note(NOW + 63) is None

    def test_the_sessions_of_one_organization_are_not_named(self) -> None:
        states = ListStates()
        states.set_listing_times(("corp",), {"corp": NOW})
        states.note_failed_refresh("corp", LoginRequired("x"), NOW)
        assert states.failure_note(NOW + 2 * 86400) == (
            "list 2 days old · sign-in needed",
            "sign-in needed",
            "sign-in needed",
        )

    def test_ages(self) -> None:
        assert [age_text(at) for at in (-5, 59, 3540, 3600, 172799, 172800)] == [
            "< 1 min", "< 1 min", "59 min", "1 h", "47 h", "2 days",
        ]  # fmt: skip
