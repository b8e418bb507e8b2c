"""The sign-in dialog: both flows with an emulated Identity Center, and cancelling."""

import signal
import socket
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ssohelper.tui.screens.sessions import SessionsScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from tests.conftest import SCRIPT
from tests.long_rows import long_after
from tests.people import redirect_target_of, sign_in
from tests.tui.driving import User, run_scenario
from tests.tui.terminal import Terminal
from tests.tui.world import DemoHome, until

LEAVES_THE_SCREEN = b"\x1b[?1049l"


def waiting(_seconds: float) -> None:
    """Poll at once: without it the emulator lets each test wait a second."""
    threading.Event().wait(0.01)


def with_a_browser(world: DemoHome) -> Path:
    """Make BROWSER a program that only writes the address to a file; return the file."""
    notes, program = world.home / "opened", world.home / "fake-browser"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {notes}\n')
    program.chmod(0o755)
    world.environ["BROWSER"] = str(program)
    return notes


def kept_tokens(world: DemoHome) -> int:
    folder = world.home / ".aws" / "sso" / "cache"
    return sum("accessToken" in path.read_text() for path in folder.glob("*.json"))


async def open_dialog(user: User) -> SignInScreen:
    await user.press("f3")
    await user.wait_for_text("signed out")
    await user.press("down", "n")
    await user.wait_for_screen(SignInScreen)
    screen = user.app.screen
    assert isinstance(screen, SignInScreen)
    return screen


def test_a_device_code_is_shown_with_its_qr_code_and_signs_in(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        dialog = await open_dialog(user)
        await user.wait_for_text(
            "PQRS-TVWX", "device.sso.us-east-1", "Confirm only if you started this"
        )
        assert dialog.query_one("#qr").display
        assert "█▀▀▀▀▀█" in user.screen
        world.emulator.approve_device("PQRS-TVWX", "ana")
        await user.close_sign_in()
        await user.wait_for_message('signed in to "lab"', "$ ssohelper login lab")
        await user.wait_for_screen(SessionsScreen)

    run_scenario(world.app(sleep=waiting), scenario, size=(80, 24))
    assert kept_tokens(world) == 2
    assert world.emulator.counters["authorize"] == 0


def test_the_qr_code_is_hidden_if_it_does_not_fit(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        dialog = await open_dialog(user)
        await user.wait_for_text("PQRS-TVWX")
        assert not dialog.query_one("#qr").display
        await user.pilot.resize_terminal(90, 30)
        await until(lambda: dialog.query_one("#qr").display)

    run_scenario(world.app(sleep=waiting), scenario, size=(70, 30))


def test_the_browser_is_opened_once_and_its_callback_signs_in(world: DemoHome) -> None:
    notes = with_a_browser(world)

    async def scenario(user: User) -> None:
        await open_dialog(user)
        await user.wait_for_text("Sign in with a browser on this machine", "/authorize?")
        assert "signed out" in user.screen  # the screen below
        await until(notes.exists)
        [url] = notes.read_text().split()
        user.app.run_in_background(lambda: sign_in(url, "ana"))
        await user.close_sign_in()
        await user.wait_for_message('signed in to "lab"')

    run_scenario(world.app(), scenario)
    assert len(notes.read_text().split()) == 1
    assert kept_tokens(world) == 2


def test_cancel_ends_the_wait_and_saves_nothing(world: DemoHome) -> None:
    notes = with_a_browser(world)

    async def scenario(user: User) -> None:
        await open_dialog(user)
        await until(notes.exists)
        await user.press("escape")
        await user.wait_for_screen(SessionsScreen)
        [url] = notes.read_text().split()
        await until(lambda: not listens(callback_port(url)))
        # The lock is free: the next sign-in does not wait for the cancelled one.
        await user.press("n")
        await user.wait_for_screen(SignInScreen)
        await user.wait_for_text("/authorize?")

    run_scenario(world.app(), scenario)
    assert kept_tokens(world) == 1


def test_a_code_that_is_confirmed_after_the_cancel_does_not_sign_in(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await open_dialog(user)
        await user.wait_for_text("PQRS-TVWX")
        await user.press("escape")
        asked = world.emulator.counters["CreateToken.device_code"]
        world.emulator.approve_device("PQRS-TVWX", "ana")
        await user.pilot.pause(0.3)
        assert world.emulator.counters["CreateToken.device_code"] <= asked + 1

    run_scenario(world.app(sleep=waiting), scenario)
    assert kept_tokens(world) == 1


@pytest.mark.parametrize(("key", "said"), [("y", 'as "ben"'), ("n", "was discarded")])
def test_a_sign_in_of_another_user_must_be_confirmed(world: DemoHome, key: str, said: str) -> None:
    async def scenario(user: User) -> None:
        await open_dialog(user)
        await user.wait_for_text("PQRS-TVWX")
        world.emulator.approve_device("PQRS-TVWX", "ben")
        await user.wait_for_text(
            '"ben" signed in to "lab"; last time it was "ana"', "keep this sign-in?"
        )
        assert kept_tokens(world) == 1
        await user.press(key)
        if key == "y":
            await user.close_sign_in()
        await (user.wait_for_message if key == "y" else user.wait_for_text)(said)

    world.remember_user("lab", "ana")
    run_scenario(world.app(sleep=waiting), scenario)
    assert kept_tokens(world) == (2 if key == "y" else 1)
    assert world.emulator.counters["Logout"] == (0 if key == "y" else 1)


def test_o_opens_the_browser_again_with_a_new_address(world: DemoHome) -> None:
    notes = with_a_browser(world)

    async def scenario(user: User) -> None:
        await open_dialog(user)
        await until(notes.exists)
        await user.press("O")
        await until(lambda: len(notes.read_text().split()) == 2)
        first, second = notes.read_text().split()
        assert "state" not in first + second
        assert redirect_target_of(second) == redirect_target_of(first)
        await user.press("escape")

    run_scenario(world.app(), scenario)


def test_d_switches_to_a_device_code_and_closes_the_port_of_the_callback(world: DemoHome) -> None:
    notes = with_a_browser(world)

    async def scenario(user: User) -> None:
        await open_dialog(user)
        await user.wait_for_text("/authorize?", "Device code (D)")
        await until(lambda: len(notes.read_text().split()) == 1)
        await user.press("D")
        await user.wait_for_text("PQRS-TVWX")
        assert "Device code (D)" not in user.screen
        await until(lambda: len(notes.read_text().split()) == 2)
        callback, code_page = map(callback_port, notes.read_text().split())
        await until(lambda: not listens(callback))
        # This one has only the page that brings the browser to AWS's page with the code.
        assert listens(code_page)
        await user.press("escape")
        await until(lambda: not listens(code_page))

    run_scenario(world.app(), scenario)


def test_the_dialog_shows_what_aws_refuses(world: DemoHome) -> None:
    world.emulator.faults.fail("StartDeviceAuthorization", "AccessDeniedException", times=9)

    async def scenario(user: User) -> None:
        await open_dialog(user)
        await user.wait_for_text("refused", "Cancel (esc)")
        await user.press("escape")
        await user.wait_for_screen(SessionsScreen)

    run_scenario(world.app(), scenario)


def test_a_valid_sign_in_is_not_asked_for_again(world: DemoHome) -> None:
    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("signed in")
        await user.press("n")
        await user.close_sign_in()
        await user.wait_for_message('already signed in to "corp"', "$ ssohelper login corp")

    run_scenario(world.app(), scenario)
    assert world.emulator.counters["StartDeviceAuthorization"] == 0


def callback_port(url: str) -> int:
    """Return the port of the local server whose page the browser opens; it takes the callback."""
    port = urlsplit(url).port
    assert port is not None
    return port


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class TestInAPty:
    """The program in a pty, ended while the sign-in dialog is open."""

    @pytest.mark.parametrize("way", long_after(1, ["SIGTERM", "ctrl+q"]))
    def test_the_terminal_is_restored_and_the_port_is_closed(self, world, way):
        notes = with_a_browser(world)
        environ = {**world.environ, "LANG": "C.UTF-8", "TERM": "xterm-256color"}
        terminal = Terminal([SCRIPT], environ, size=(100, 30))
        try:
            terminal.until("Sign-ins")
            terminal.send("\x1bOR")
            terminal.until("signed out")
            terminal.send("G")
            terminal.until("You are signed out.")
            terminal.send("n")
            terminal.until("/authorize?")
            terminal.until(notes.exists)
            port = callback_port(notes.read_text().split()[0])
            assert listens(port)
            if way == "ctrl+q":  # the sign-in goes on in the background until then
                terminal.send("B")
                terminal.until("signing in")
                terminal.send("\x11")
                terminal.until("is still running and would stop: leave?")
                terminal.send("y")
            else:
                terminal.child.kill(signal.SIGTERM)
            assert terminal.wait() == (0 if way == "ctrl+q" else -signal.SIGTERM)
        finally:
            terminal.close()
        assert LEAVES_THE_SCREEN in terminal.raw[-600:]
        assert not listens(port)
        assert kept_tokens(world) == 1
