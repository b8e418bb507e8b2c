"""Visits every screen and dialog in one seeded home, and takes each at many sizes."""

import asyncio
import os
import random
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.widgets import Input

from ssohelper.actions import roles
from ssohelper.app import App
from ssohelper.core.filter_rows import filter_rows_of_listing
from ssohelper.core.grants import TerminalSession
from ssohelper.errors import AwsUnreachable
from ssohelper.system import terminal_session
from ssohelper.tui.base import TuiApp
from ssohelper.tui.full_screen import FullScreenApp
from ssohelper.tui.picker import FilterPicker, RolePicker, SessionPicker
from ssohelper.tui.screens import history
from ssohelper.tui.screens.ask import AskScreen
from ssohelper.tui.screens.command_line import CommandScreen, RunScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.console_chooser import ConsoleChooser
from ssohelper.tui.screens.help import HelpScreen
from ssohelper.tui.screens.history import HistoryScreen
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.progress import refresh_list
from ssohelper.tui.screens.report import DiffScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from ssohelper.tui.screens.set_up import SetUpScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from tests.tui.cells import PALETTES, Frame, Palette, take_frame
from tests.tui.driving import User, wait_until_drawn
from tests.tui.world import DemoHome, demo_home, listing_of, until

Size = tuple[int, int]

SIZES: tuple[Size, ...] = ((40, 12), (80, 24), (100, 30), (140, 40), (200, 60))
# The size at which the screens are visited, and the one at which everything fits.
_VISITED, WHOLE = (100, 30), (200, 60)
# The palettes of the samples: of the screens of each program, in the order of `_visits`.
_SAMPLED = tuple(
    palette
    for name in ("ansi-light", "truecolor", "256", "no-color", "ansi-dark", "ansi-light")
    for palette in PALETTES
    if palette.name == name
)
SEED = 17
_SETTINGS = """\
guard.rules = ["*/DatabaseAdmin"]
colors."*prod*" = "red"
colors."*dev*" = "green"
colors."*test*" = "yellow"
"""
_OTHER_PROFILE = """
[profile by-hand]
sso_session = corp
sso_account_id = 000040000001
sso_role_name = ReadOnlyAccess
region = eu-west-1
"""
_WORDS = ("payments", "orders", "search", "billing", "mobile", "identity", "warehouse", "video")
_STAGES = ("prod", "dev", "test", "staging", "eu-central-1-disaster-recovery", "東京")


# Gives the sizes of the next screen; its argument is how many frames were taken before.
Sizes = Callable[[int], Sequence[Size]]


class Camera:
    """Takes the current screen at several sizes in one palette. `frames` are all that were taken."""

    def __init__(
        self, app: TuiApp[Any], pilot: Pilot[Any], palette: Palette, sizes: Sizes, taken: int = 0
    ) -> None:
        self._app, self._pilot = app, pilot
        self._palette, self._sizes = palette, sizes
        self._taken = taken
        self.frames: list[Frame] = []

    async def take(self, name: str) -> None:
        """Take the screen at each size, and go back to the first size."""
        for field in self._app.screen.query(Input):
            field.cursor_blink = False
        for size in self._sizes(self._taken + len(self.frames)):
            await self._resize(size)
            self.frames.append(await self._frame_at_rest(name, self._palette))
        await self._resize(_VISITED)

    async def _resize(self, size: Size) -> None:
        if self._app.size != size:
            await self._pilot.resize_terminal(*size)

    async def _frame_at_rest(self, name: str, palette: Palette) -> Frame:
        """Return the frame when it has all lines of its size, and no longer changes."""
        while True:
            await wait_until_drawn(self._pilot)
            frame = take_frame(self._app, name, palette)
            if len(frame.lines) >= frame.height:
                return frame


Visit = Callable[[User, Camera], Awaitable[None]]


def take_tour(palette: Palette, sizes: Sequence[Size] = SIZES) -> list[Frame]:
    """Return a frame of every screen and dialog at each of these sizes, in one palette."""
    return _take([palette], lambda _taken: sizes)


def take_samples() -> list[Frame]:
    """Return one frame of every screen and dialog, in which sizes and palettes take turns."""
    return _take(_SAMPLED, lambda taken: SIZES[taken % len(SIZES) :][:1])


def _take(palettes: Sequence[Palette], sizes: Sizes) -> list[Frame]:
    frames: list[Frame] = []
    with seeded_home() as world:
        for number, (make, visit) in enumerate(_visits(world)):
            palette = palettes[number % len(palettes)]
            with _terminal(palette):
                app = make()
                if isinstance(app, FullScreenApp):
                    app.theme = palette.theme
                frames += asyncio.run(_run(app, visit, palette, sizes, len(frames)))
    return frames


def visit_programs(
    world: DemoHome,
    make_user: Callable[[Any, Pilot[Any]], User],
    make_camera: Callable[[TuiApp[Any], Pilot[Any]], Camera],
) -> None:
    """Visit every screen and dialog as this user, with a camera of one's own."""

    async def run(app: TuiApp[Any], visit: Visit) -> None:
        app.animation_level = "none"
        app.note_seconds = 600.0
        async with app.run_test(size=_VISITED) as pilot:
            await visit(make_user(app, pilot), make_camera(app, pilot))

    for make, visit in _visits(world):
        with _terminal(PALETTES[0]):
            asyncio.run(run(make(), visit))


def _visits(world: DemoHome) -> Iterator[tuple[Callable[[], TuiApp[Any]], Visit]]:
    """Yield the programs, each with the function that visits its screens."""
    services = world.app(monotonic=lambda: 0.0)
    empty = world.home / "empty"
    nothing = App({"HOME": str(empty), "SSOHELPER_HOME": str(empty / "own")}, clock=world.clock)
    yield lambda: FullScreenApp(services), _visit_accounts
    yield lambda: FullScreenApp(services), _visit_others
    yield lambda: FullScreenApp(nothing), _visit_empty
    rows = roles.read_roles(services).rows
    states = [(session, "valid") for session in services.config.read().sso_sessions()]
    listing = services.directory.load("corp")
    assert listing is not None
    yield lambda: RolePicker(services, rows, typed="prod"), _visit_picker("role-picker")
    yield lambda: SessionPicker(services, states), _visit_picker("session-picker")
    filters = filter_rows_of_listing(listing)
    yield lambda: FilterPicker(services, filters), _visit_picker("filter-picker")


@contextmanager
def seeded_home() -> Iterator[DemoHome]:
    """Make the demo's home with enough more accounts that no list fits on a screen."""
    dice = random.Random(SEED)
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        demo_home(Path(folder)) as world,
        mock.patch.object(history, "time_of_day_text", return_value="14:30:00"),
        mock.patch.object(
            terminal_session,
            "find_terminal_session",
            return_value=TerminalSession(os.getpid(), 1, "pts/0"),
        ),
    ):
        organization = world.emulator.world
        for number in range(60):
            account = f"00007{number:07d}"
            name = f"{dice.choice(_WORDS)}-{dice.choice(_STAGES)}-{number}"
            organization.add_account(account, name, email=f"aws+{number}@example.com")
            for role in dice.sample(("ReadOnlyAccess", "Developer", "DatabaseAdmin"), 2):
                organization.assign("ana", role, account)
        services = world.app()
        services.directory.save("corp", listing_of(organization))
        services.locations.settings_file.parent.mkdir(parents=True, exist_ok=True)
        services.locations.settings_file.write_text(_SETTINGS)
        yield world


@contextmanager
def _terminal(palette: Palette) -> Iterator[None]:
    variables = {"TERM": "xterm-256color"}
    if not palette.has_256:
        variables["COLORTERM"] = "truecolor"
    if palette.no_color:
        variables["NO_COLOR"] = "1"
    with mock.patch.dict(os.environ):
        for name in ("COLORTERM", "NO_COLOR"):
            os.environ.pop(name, None)
        os.environ.update(variables)
        yield


async def _run(
    app: TuiApp[Any], visit: Visit, palette: Palette, sizes: Sizes, taken: int
) -> list[Frame]:
    app.animation_level = "none"
    app.note_seconds = 600.0
    async with app.run_test(size=_VISITED) as pilot:
        camera = Camera(app, pilot, palette, sizes, taken)
        await visit(User(app, pilot), camera)
    return camera.frames


async def _visit_accounts(user: User, camera: Camera) -> None:
    """Visit the Accounts screen and its dialogs."""
    press, take = user.press, camera.take

    async def search(text: str) -> None:
        await press("ctrl+u")
        await user.type(text)
        await user.wait_for_text(text)

    await user.wait_for_text("━", "? Help")
    await take("accounts-tree")
    await press("ctrl+d")
    await take("accounts-other-details")
    await press("ctrl+d", "ctrl+g")
    await user.wait_for_text("○ tree")
    await take("accounts-flat")
    await press("ctrl+g")
    await user.type("pay prod")
    await user.wait_for_text("● tree", "pay prod")
    await take("search")
    await press("tab", "tab")
    await take("ticks")
    await press("escape", "escape")
    await user.type("nothinglikethis")
    await user.wait_for_text("nothinglikethis")
    await take("search-nothing")
    await search("'readonly prod")
    await press("f6")
    await _see(user, camera, ConsoleChooser, "console-chooser", "Console of")
    await press("escape")
    await search("'database prod")
    await press("f7")
    await _see(user, camera, AskScreen, "grant", "guards the role")
    await press("escape")
    await search("'readonly prod")
    await press("f10")
    await _see(user, camera, CommandScreen, "command-line", "Command to run as")
    await user.type("sh -c 'echo $AWS_ACCOUNT_ID; exit 3'")
    await press("enter")
    await user.wait_for_text("1 of 1 ended: 1 failed")
    await _see(user, camera, RunScreen, "run", "exit 3")
    await press("escape")
    error = "the access portal in us-east-1 cannot be reached (no route to it)"
    user.app.show_warning("the browser could not be started: open the address yourself")
    user.app.show_done("copied: 000040000001", "ssohelper list 000040000001")
    user.app.show_error(AwsUnreachable(error, hint="try again later: ssohelper list --refresh"))
    await user.wait_for_text("cannot be reached")
    await take("error")
    await press("ctrl+l", "down")
    await _see(user, camera, HistoryScreen, "history", "14:30:00")
    await press("escape", "f1")
    await _see(user, camera, HelpScreen, "help", "quit, and use this role")
    await press("escape", "ctrl+u", "colon")
    await _see(user, camera, CommandPalette, "palette", "ssohelper")


async def _visit_others(user: User, camera: Camera) -> None:
    """Visit the Sessions and Profiles screens and their dialogs."""
    press = user.press
    await press("f3")
    await _see(user, camera, SessionsScreen, "sessions", "signed in")
    await press("x")
    await _see(user, camera, ConfirmScreen, "confirm", "Sign out")
    await press("n")
    await user.wait_for_screen(SessionsScreen)
    user.app.push_screen(AskScreen("Default region", "eu-west-1", ""))
    await _see(user, camera, AskScreen, "ask", "Default region")
    await press("escape", "S")
    await _see(user, camera, SetUpScreen, "set-up", "Set up another session")
    await press("escape", "f1")
    await _see(user, camera, HelpScreen, "help-sessions", "three clocks")
    await press("escape", "down", "n")
    await _see(user, camera, SignInScreen, "sign-in", "PQRS")
    await press("B")
    await _see(user, camera, SessionsScreen, "sessions-signing-in", "10:00 left")
    await press("n")
    await user.wait_for_screen(SignInScreen)
    await press("escape")
    await user.wait_for_screen(SessionsScreen)
    await press("f4")
    await user.wait_for_screen(ProfilesScreen)
    await until(lambda: getattr(user.app.screen, "is_planned", False))
    await camera.take("profiles")
    await press("ctrl+d")
    await _see(user, camera, DiffScreen, "diff", "+credential_process")
    await press("escape", "space", "A")
    await _see(user, camera, ConfirmScreen, "plan-question", "write ~/.aws/config?")
    await press("n")
    await user.wait_for_screen(ProfilesScreen)
    with user.app.services.locations.aws_config_file.open("a") as config:
        config.write(_OTHER_PROFILE)
    await press("f2", "f4")
    await user.wait_for_text("1 profile of other tools: ssohelper profile sync")
    await camera.take("profiles-of-other-tools")
    session = user.app.services.config.read().sso_session("corp")
    assert session is not None
    user.app.busy.start("profiles.apply", partial(refresh_list, user.app, session))
    await user.wait_for_busy_screen("listing the accounts", " of ")
    await camera.take("progress")


async def _visit_empty(user: User, camera: Camera) -> None:
    """Visit the screens of a home without a session."""
    await user.wait_for_text("No session is set up yet.")
    await camera.take("empty-accounts")
    await user.press("f3")
    await user.wait_for_screen(SessionsScreen)
    await user.wait_for_text("No session is set up yet.")
    await camera.take("empty-sessions")
    await user.press("f4")
    await user.wait_for_screen(ProfilesScreen)
    await user.wait_for_text("Set up a session first")
    await camera.take("empty-profiles")


async def _see(user: User, camera: Camera, kind: type, name: str, text: str) -> None:
    await user.wait_for_screen(kind)
    await user.wait_for_text(text)
    await camera.take(name)


def _visit_picker(name: str) -> Visit:
    async def visit(user: User, camera: Camera) -> None:
        await user.wait_for_text(" · esc: ")
        await camera.take(name)

    return visit
