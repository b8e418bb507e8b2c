"""With other keys for every action, no screen, dialog, help or message names a default key."""

import ast
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from string import ascii_letters
from typing import Any

import pytest
from textual.pilot import Pilot

from ssohelper.app import App
from ssohelper.core.key_names import parse_keys
from ssohelper.core.keymap import BINDABLE
from ssohelper.errors import LoginRequired
from ssohelper.tui import typing_pause
from ssohelper.tui.base import TuiApp
from ssohelper.tui.full_screen import FullScreenApp
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.ask import AskScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.help import HelpScreen
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.report import ReportScreen
from ssohelper.tui.screens.set_up import SetUpScreen
from ssohelper.tui.screens.set_up_steps import FilterChoiceScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from ssohelper.tui.widgets.role_list import RoleList
from tests.conftest import Home
from tests.long_rows import long_after
from tests.tui.cells import PALETTES
from tests.tui.driving import User, read_screen, run_scenario
from tests.tui.test_keys_and_themes import settle
from tests.tui.tour import WHOLE, Camera, seeded_home, visit_programs
from tests.tui.world import DemoHome, until

TUI = Path(typing_pause.__file__).parent
# A key for each action that no other action, screen or text field has.
_MODIFIERS = ("alt", "ctrl", "alt+ctrl", "alt+ctrl+shift")
_NAMED = ("insert", "delete", *(f"f{number}" for number in range(1, 13) if number != 3))
_FREE = [
    *(f"alt+{letter}" for letter in ascii_letters if letter not in "bf"),
    *(f"{modifiers}+{key}" for modifiers in _MODIFIERS for key in _NAMED),
]
assert len(_FREE) >= len(BINDABLE)
CHANGED = dict(zip(BINDABLE, (parse_keys(key)[0] for key in _FREE), strict=False))
SETTINGS = "".join(f'keys.{name} = "{key}"\n' for name, key in CHANGED.items())
# Default keys as a text names them. Letters are words too: they count only where a key is named.
_LETTERS = "".join(
    {key for each in BINDABLE.values() for key in each.keys.split(",") if len(key) == 1}
)
NAMED_KEY = re.compile(
    r"(?<![\w+-])(F\d{1,2}|\^[a-z]\b|[Cc]trl\+\w|[Ee]sc(ape)?\b|[Ee]nter\b|⏎|[Tt]ab\b|shift\+)"
    rf"|\([{_LETTERS}]\)|\b([Pp]ress|then) [{_LETTERS}]\b|(^|·|│|┃) ?[{_LETTERS}]: "
)
# What texts say about keys that no setting changes; docs/how-to/tui.md has them all.
FIXED = re.compile(
    r"esc cancels it|esc: (close|leave|do not wait)|enter: back|\^z|\^u (clears the search|all of)|\^w deletes"
    r"|tab: (go to the next part|nex)|[Tt]ab goes to the next|[Ee]nter: ?(\w+)?"
    r"|press [Ee]nter|enter (continues|closes)|Enter closes|what to type next. Enter"
)


def find_default_keys(text: str) -> list[str]:
    """Return the lines that name a default key which a setting has replaced."""
    return [line for line in text.splitlines() if NAMED_KEY.search(FIXED.sub("", line))]


# The keys that the tour presses for actions only, and for nothing else.
_ACTIONS_KEY = re.compile(r"f\d+|ctrl\+[^u]|[a-zA-Z]|home")


class ChangedUser(User):
    """A user who presses the changed key for each action of which the default key is asked for."""

    async def press(self, *keys: str) -> None:
        for key in keys:
            if _ACTIONS_KEY.fullmatch(key):  # the action's screen may come a little later
                await until(lambda key=key: self._changed(key) != key)  # type: ignore[misc]
            await self.pilot.press(self._changed(key))

    async def wait_for_text(self, *texts: str) -> None:
        """Wait for what is beside the keys in these texts."""
        beside = [NAMED_KEY.sub("\n", text).split("\n") for text in texts]
        await super().wait_for_text(*(part for parts in beside for part in parts))

    def _changed(self, key: str) -> str:
        for found in self.app.screen.active_bindings.values():
            name = found.binding.id or ""
            if name in BINDABLE and key in parse_keys(BINDABLE[name].keys):
                return CHANGED[name]
        return key


class Reader(Camera):
    """Reads each screen, and its help, instead of taking pictures. `found` are default keys."""

    def __init__(self, app: TuiApp[Any], pilot: Pilot[Any], found: list[str]) -> None:
        super().__init__(app, pilot, PALETTES[0], lambda _taken: (WHOLE,))
        self.app, self.pilot, self.found = app, pilot, found

    async def take(self, name: str) -> None:
        await self.pilot.pause()
        self.read(name)
        screen = self.app.screen
        if isinstance(self.app, FullScreenApp) and hasattr(screen, "HELP_TEXT"):
            await self.pilot.press(CHANGED["app.help"])
            await until(lambda: isinstance(self.app.screen, HelpScreen))
            await self.pilot.pause()
            self.read(f"help of {name}")
            await self.pilot.press(CHANGED["app.help"])
            await until(lambda: not isinstance(self.app.screen, HelpScreen))

    def read(self, name: str) -> None:
        texts = [read_screen(self.app), *(message.line for message in self.app.messages.all)]
        self.found += [f"{name}: {line}" for line in find_default_keys("\n".join(texts))]


@pytest.mark.long
def test_no_screen_dialog_or_help_names_a_key_that_was_changed(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typing_pause, "PAUSE_SECONDS", 0.0)
    found: list[str] = []
    with seeded_home() as world:
        settings_file = world.app().locations.settings_file
        settings_file.write_text(settings_file.read_text() + SETTINGS)
        empty = world.home / "empty" / "own"
        own = App({"HOME": str(empty.parent), "SSOHELPER_HOME": str(empty)}).locations
        own.settings_file.parent.mkdir(parents=True)
        own.settings_file.write_text(SETTINGS)
        visit_programs(world, ChangedUser, lambda app, pilot: Reader(app, pilot, found))
    assert found == []


def _other_dialogs(world: DemoHome) -> Iterator[tuple[Any, str]]:
    """Yield dialogs in states that the tour does not visit, each with a text of it."""
    session = world.app().config.read().sso_session("lab")
    assert session is not None
    yield (
        ConfirmScreen("Really?", lines=[[("a", "")]], other=[[("b", "")]], can_choose=True),
        "Choose",
    )
    yield FilterChoiceScreen([]), "profiles for which"
    yield AskScreen("New name", "", ""), "New name"
    yield ReportScreen("Done", ["all is well"]), "all is well"
    yield SetUpScreen(), "Set up another session"
    why = LoginRequired("the sign-in has ended")
    yield SignInScreen(session, why=why), "PQRS"


@pytest.mark.long
@pytest.mark.parametrize("size", [WHOLE, (70, 40)])
def test_no_other_dialog_names_a_key_that_was_changed(
    world: DemoHome, size: tuple[int, int]
) -> None:
    settle(world, SETTINGS)
    found: list[str] = []

    async def scenario(user: User) -> None:
        reader = Reader(user.app, user.pilot, found)
        await user.wait_for_text("type to search")
        for dialog, text in _other_dialogs(world):
            user.app.push_screen(dialog)
            await user.wait_for_text(text)
            reader.read(text)
            await user.pilot.press(CHANGED["app.help"])
            await user.wait_for_screen(HelpScreen)
            await user.pilot.pause()
            reader.read(f"help of {text}")
            user.app.pop_screen()
            user.app.pop_screen()
            await user.wait_for_screen(AccountsScreen)

    run_scenario(world.app(), scenario, size=size)
    assert found == []


def _show_home_without_list(world: DemoHome) -> None:
    world.app().directory.forget("corp")
    shutil.rmtree(world.home / ".aws" / "sso")  # else it would be listed at once
    _remove_profiles(world)


def _show_home_without_roles(world: DemoHome) -> None:
    services = world.app()
    listing = services.directory.load("corp")
    assert listing is not None
    for name in ("corp", "lab"):
        services.directory.save(name, listing._replace(accounts=()))
    _remove_profiles(world)


def _remove_profiles(world: DemoHome) -> None:
    sessions, _, _ = world.config_file.read_text().partition("[profile")
    world.config_file.write_text(sessions.partition("[sso-session lab]")[0])


def _break_config(world: DemoHome) -> None:
    world.config_file.write_text("[profile\n")


@pytest.mark.parametrize(
    ("change", "text"),
    long_after(
        2,
        [
            (_show_home_without_list, "No roles are listed yet"),
            (lambda _world: None, "not listed yet"),
            (_show_home_without_roles, "No role is assigned to you"),
            (_break_config, "Correct the error in the file"),
        ],
    ),
)
def test_no_empty_list_names_a_key_that_was_changed(
    world: DemoHome, change: Callable[[DemoHome], None], text: str
) -> None:
    settle(world, SETTINGS)
    change(world)
    found: list[str] = []

    async def scenario(user: User) -> None:
        reader = Reader(user.app, user.pilot, found)
        await user.wait_for_text(text)
        reader.read(text)

    run_scenario(world.app(), scenario, size=WHOLE)
    assert found == []


def test_the_keys_that_messages_and_buttons_name_act(world: DemoHome) -> None:
    """Copying the name of a role without a profile leads to a profile, and back, by its messages."""
    settle(world, SETTINGS)
    found: list[str] = []
    shown = {name: FullScreenApp(world.app()).key_of(name) for name in CHANGED}
    before = world.config_file.read_text()

    async def scenario(user: User) -> None:
        reader = Reader(user.app, user.pilot, found)

        async def press_key_named_after(text: str, names: str) -> None:
            """Press the changed key of each action, once the text is shown and then names it."""
            for name in names.split():
                await user.wait_for_text(text)
                assert shown[name] in user.screen.split(text, 1)[1], (name, user.screen)
            for name in names.split():
                await user.pilot.press(CHANGED[name])

        await user.wait_for_text("role keys")
        await user.type("'readonly 'orders-prod")
        await user.wait_for_text("1/21")
        await user.pilot.press(CHANGED["accounts.copy_profile"])
        await user.wait_for_text("this role has no profile yet")
        reader.read("a role without a profile")
        await press_key_named_after("press ", "accounts.profile")
        await user.wait_for_screen(ConfirmScreen)
        reader.read("question")
        await press_key_named_after("Yes (", "confirm.yes")
        await user.wait_for_message("1 profile added")
        await user.wait_for_screen(AccountsScreen)
        assert world.config_file.read_text() != before
        roles = user.app.screen.query_one(RoleList)
        await until(lambda: roles.row is not None and roles.row.profiles)
        await user.pilot.press(CHANGED["accounts.profile"])
        await user.wait_for_screen(ConfirmScreen)
        await press_key_named_after("Yes (", "confirm.yes")
        await user.wait_for_text("to undo: ")
        reader.read("how to undo")
        await press_key_named_after("to undo: ", "app.profiles profiles.undo")
        await user.wait_for_screen(ConfirmScreen)
        await press_key_named_after("Yes (", "confirm.yes")
        await user.wait_for_screen(ProfilesScreen)
        await until(lambda: "orders-prod.ReadOnlyAccess" in world.config_file.read_text())

    run_scenario(world.app(), scenario, size=(140, 40))
    assert found == []


# Strings of the full screen that name keys, none of which a setting changes.
_ABOUT_FIXED_KEYS = {
    "page down, ↓, j: more",
    "arrows, page up, page down, home, end",
}


@pytest.mark.parametrize("path", sorted(TUI.rglob("*.py")), ids=lambda path: path.stem)
def test_no_text_in_the_source_names_a_key_that_can_be_changed(path: Path) -> None:
    tree = ast.parse(path.read_text())
    comments = {
        id(body[0].value)
        for node in ast.walk(tree)
        if isinstance(body := getattr(node, "body", None), list)
        and body
        and isinstance(body[0], ast.Expr)
    }
    named = [
        (node.lineno, text)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(text := node.value, str)
        if id(node) not in comments and " " in text and "{\n" not in text and " { " not in text
        if text not in _ABOUT_FIXED_KEYS and find_default_keys(text)
    ]
    assert named == []
