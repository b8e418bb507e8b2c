"""The sign-in dialog: both flows through a real Identity Center, and giving up."""

import signal
import socket
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ssohelper.actions import login
from ssohelper.actions import login_ui as waiting_for_a_person
from ssohelper.actions.login import LoginOptions
from ssohelper.app import App
from ssohelper.errors import Interrupted
from ssohelper.tui.screens.sessions import SessionsScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from ssohelper.tui.widgets.qr import QrCode
from tests.conftest import SCRIPT
from tests.people import sign_in, target_of
from tests.tui.driving import Person, drive
from tests.tui.terminal import Terminal
from tests.tui.world import Afternoon, Silent, until

LEAVES_THE_SCREEN = b"\x1b[?1049l"


def waiting(_seconds: float) -> None:
    """Poll at once: the emulator's interval is a second of a person's time."""
    threading.Event().wait(0.01)


def with_a_browser(world: Afternoon) -> Path:
    """Make BROWSER a program that only notes the address; returns the notes."""
    notes, program = world.home / "opened", world.home / "fake-browser"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {notes}\n')
    program.chmod(0o755)
    world.environ["BROWSER"] = str(program)
    return notes


def kept_tokens(world: Afternoon) -> int:
    folder = world.home / ".aws" / "sso" / "cache"
    return sum("accessToken" in path.read_text() for path in folder.glob("*.json"))


async def open_dialog(person: Person) -> SignInScreen:
    await person.press("f3")
    await person.sees("signed out")
    await person.press("down", "s")
    await person.meets(SignInScreen)
    screen = person.app.screen
    assert isinstance(screen, SignInScreen)
    return screen


def test_a_device_code_is_shown_with_its_qr_code_and_signs_in(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        dialog = await open_dialog(person)
        await person.sees("PQRS-TVWX", "device.sso.us-east-1", "Go on only if you started this")
        assert dialog.query_one(QrCode).display
        assert "█▀▀▀▀▀█" in person.screen
        world.emulator.approve_device("PQRS-TVWX", "ana")
        await person.hears('signed in to "lab"', "$ ssohelper login lab")
        await person.meets(SessionsScreen)

    drive(world.app(sleep=waiting), scenario, size=(80, 24))
    assert kept_tokens(world) == 2
    assert world.emulator.counters["authorize"] == 0


def test_the_code_is_left_out_where_it_would_not_be_whole(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        dialog = await open_dialog(person)
        await person.sees("PQRS-TVWX")
        assert not dialog.query_one(QrCode).display
        await person.pilot.resize_terminal(90, 30)
        await until(lambda: dialog.query_one(QrCode).display)

    drive(world.app(sleep=waiting), scenario, size=(70, 30))


def test_what_must_be_read_is_read_in_a_small_terminal(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await open_dialog(person)
        await person.sees("and if the page shows this very code:", "PQRS-TVWX", "waiting for you")
        await person.press("escape")

    drive(world.app(sleep=waiting), scenario, size=(44, 12))


def test_a_browser_is_opened_once_and_what_it_brings_back_signs_in(world: Afternoon) -> None:
    notes = with_a_browser(world)

    async def scenario(person: Person) -> None:
        await open_dialog(person)
        await person.sees("Sign in in a browser on this machine", "/authorize?")
        await until(notes.exists)
        [url] = notes.read_text().split()
        person.app.in_background(lambda: sign_in(url, "ana"))
        await person.hears('signed in to "lab"')

    drive(world.app(), scenario)
    assert len(notes.read_text().split()) == 1
    assert kept_tokens(world) == 2


def test_giving_up_ends_the_wait_and_keeps_nothing(world: Afternoon) -> None:
    notes = with_a_browser(world)

    async def scenario(person: Person) -> None:
        await open_dialog(person)
        await until(notes.exists)
        await person.press("escape")
        await person.meets(SessionsScreen)
        [url] = notes.read_text().split()
        await until(lambda: not listens(callback_port(url)))
        assert not any("login" in thread.name for thread in threading.enumerate())
        # The lock is free: the next sign-in does not wait for the one that was given up.
        await person.press("s")
        await person.meets(SignInScreen)
        await person.sees("/authorize?")

    drive(world.app(), scenario)
    assert kept_tokens(world) == 1


def test_a_code_that_is_confirmed_after_giving_up_signs_nobody_in(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await open_dialog(person)
        await person.sees("PQRS-TVWX")
        await person.press("escape")
        asked = world.emulator.counters["CreateToken.device_code"]
        world.emulator.approve_device("PQRS-TVWX", "ana")
        await person.pilot.pause(0.3)
        assert world.emulator.counters["CreateToken.device_code"] <= asked + 1

    drive(world.app(sleep=waiting), scenario)
    assert kept_tokens(world) == 1


@pytest.mark.parametrize(("key", "said"), [("y", 'as "ben"'), ("n", "is not kept")])
def test_another_person_than_last_time_is_asked_about(
    world: Afternoon, key: str, said: str
) -> None:
    async def scenario(person: Person) -> None:
        await open_dialog(person)
        await person.sees("PQRS-TVWX")
        world.emulator.approve_device("PQRS-TVWX", "ben")
        await person.sees('Keep the sign-in of "ben"? Last time "ana" signed in here.')
        assert kept_tokens(world) == 1
        await person.press(key)
        await (person.hears if key == "y" else person.sees)(said)

    world.remember_user("lab", "ana")
    drive(world.app(sleep=waiting), scenario)
    assert kept_tokens(world) == (2 if key == "y" else 1)
    assert world.emulator.counters["Logout"] == (0 if key == "y" else 1)


def test_the_browser_is_opened_again_at_a_new_address(world: Afternoon) -> None:
    notes = with_a_browser(world)

    async def scenario(person: Person) -> None:
        await open_dialog(person)
        await until(notes.exists)
        await person.press("o")
        await until(lambda: len(notes.read_text().split()) == 2)
        first, second = notes.read_text().split()
        assert "state" not in first + second
        assert target_of(second) == target_of(first)
        await person.press("escape")

    drive(world.app(), scenario)


def test_d_changes_to_a_device_code(world: Afternoon) -> None:
    with_a_browser(world)

    async def scenario(person: Person) -> None:
        await open_dialog(person)
        await person.sees("/authorize?", "Device code (d)")
        await person.press("d")
        await person.sees("PQRS-TVWX")
        assert "Device code (d)" not in person.screen

    drive(world.app(), scenario)


def test_what_aws_refuses_is_said_in_the_dialog(world: Afternoon) -> None:
    world.emulator.faults.fail("StartDeviceAuthorization", "AccessDeniedException", times=9)

    async def scenario(person: Person) -> None:
        await open_dialog(person)
        await person.sees("refused", "Give up (esc)")
        await person.press("escape")
        await person.meets(SessionsScreen)

    drive(world.app(), scenario)


def test_a_sign_in_that_lasts_asks_nobody(world: Afternoon) -> None:
    async def scenario(person: Person) -> None:
        await person.press("f3")
        await person.sees("signed in")
        await person.press("s")
        await person.hears('already signed in to "corp"', "$ ssohelper login corp")

    drive(world.app(), scenario)
    assert world.emulator.counters["StartDeviceAuthorization"] == 0


class GivesUp(Silent):
    """A person who gives up when the code is shown."""

    def __init__(self) -> None:
        self.given_up = False

    def show_code(self, authorization: object) -> None:
        self.given_up = True

    def show_page(self, url: str) -> None:
        self.given_up = True

    def is_cancelled(self) -> bool:
        return self.given_up


@pytest.mark.parametrize("device_code", [True, False])
def test_giving_up_is_no_news_for_another_login_that_waits(
    world: Afternoon, device_code: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Were it not heard, this would end soon, and otherwise.
    monkeypatch.setattr(waiting_for_a_person, "_PERSON_SECONDS", 3.0)
    world.emulator.faults.set(expires_in=3)
    house = App(world.environ)
    session = house.config.read().sso_session("lab")
    assert session is not None
    with pytest.raises(Interrupted, match='"lab" was given up'):
        login.log_in(house, session, GivesUp(), LoginOptions(device_code=device_code))
    assert house.sign_in_failures.load("lab", house.now()) is None


def callback_port(url: str) -> int:
    """Return the port of the page that the browser is given: the callback comes there too."""
    port = urlsplit(url).port
    assert port is not None
    return port


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class TestAtARealTerminal:
    """The real program in a pty, a sign-in standing open when it ends."""

    @pytest.mark.parametrize("way", ["ctrl+q", "SIGTERM"])
    def test_the_terminal_is_as_before_and_nobody_listens_any_more(
        self, world: Afternoon, way: str
    ) -> None:
        notes = with_a_browser(world)
        environ = {**world.environ, "LANG": "C.UTF-8", "TERM": "xterm-256color"}
        terminal = Terminal([SCRIPT], environ, size=(100, 30))
        try:
            terminal.until("F3 Sessions")
            terminal.send("\x1bOR")
            terminal.until("press s to sign in")
            terminal.send("G")
            terminal.until("You are signed out.")
            terminal.send("s")
            terminal.until("/authorize?")
            terminal.until(notes.exists)
            port = callback_port(notes.read_text().split()[0])
            assert listens(port)
            if way == "ctrl+q":
                terminal.send("\x11")
            else:
                terminal.child.kill(signal.SIGTERM)
            assert terminal.wait() == (0 if way == "ctrl+q" else -signal.SIGTERM)
        finally:
            terminal.close()
        assert LEAVES_THE_SCREEN in terminal.raw[-600:]
        assert not listens(port)
        assert kept_tokens(world) == 1
