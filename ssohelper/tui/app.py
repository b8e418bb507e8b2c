"""The full-screen program: which screens there are and how one comes to them.

Screens' modules are imported when they are first shown.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from textual.binding import BindingType
from textual.screen import Screen

from ssohelper.app import App
from ssohelper.errors import LoginRequired
from ssohelper.tui import themes
from ssohelper.tui.base import HouseApp
from ssohelper.tui.bindings import bound

if TYPE_CHECKING:
    from textual.command import Provider


class Place(NamedTuple):
    """A screen's or dialog's module under ssohelper.tui.screens, and its class."""

    module: str
    name: str

    def find(self) -> Callable[..., Screen[Any]]:
        module = import_module(f"ssohelper.tui.screens.{self.module}")
        found: Callable[..., Screen[Any]] = getattr(module, self.name)
        return found


SCREENS: dict[str, Place] = {
    "accounts": Place("accounts", "AccountsScreen"),
    "sessions": Place("sessions", "SessionsScreen"),
    "profiles": Place("profiles", "ProfilesScreen"),
}
_FIRST = "accounts"
_SIGN_IN = Place("sign_in", "SignInScreen")
_HELP = Place("help", "HelpScreen")


def _maker(place: Place) -> Callable[[], Screen[Any]]:
    return lambda: place.find()()


def _palette() -> type[Provider]:
    found: type[Provider] = import_module("ssohelper.tui.commands").Commands
    return found


class HelperApp(HouseApp[str]):
    """The program; ends with the command line that a person should type next, or None."""

    TITLE = "ssohelper"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS = {_palette}  # noqa: RUF012
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        name: _maker(place) for name, place in SCREENS.items() if name != _FIRST
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        bound("app.help", priority=True),
        bound("app.commands", "command_palette", priority=True, show=False),
        *(bound(f"app.{name}", f"go('{name}')", priority=True, show=False) for name in SCREENS),
        bound("app.quit", priority=True),
    ]

    def __init__(self, house: App) -> None:
        super().__init__(house)
        # Before it runs: a theme that changes later is computed twice, and settings that cannot
        # be read are exit 3 here as everywhere.
        themes.dress(self, house)

    def get_default_screen(self) -> Screen[Any]:
        # Not a mode like the others: Input asks for the shown screen before a mode has one.
        return SCREENS[_FIRST].find()()

    def on_ready(self) -> None:
        # switch_mode comes back only to a mode that has a maker, and add_mode refuses this one's name.
        self._modes[self.DEFAULT_MODE] = _maker(SCREENS[_FIRST])

    def action_go(self, name: str) -> None:
        """Show a screen of SCREENS; what stands open over the present one stays there."""
        self.clear_notifications()  # what was said of one screen would stand over another
        self.switch_mode(self.DEFAULT_MODE if name == _FIRST else name)

    def action_help(self) -> None:
        """Show the words and keys of the screen or dialog on top; from help, go back."""
        if hasattr(self.screen, "HELP_TEXT"):
            self.push_screen(_HELP.find()(self.screen))
        elif type(self.screen) is _HELP.find():
            self.pop_screen()

    def action_help_quit(self) -> None:
        """Leave by ctrl+c, as from the picker, where it copies nothing: Textual would say how to."""
        self.exit()

    def sign_in(self, session_name: str, why: LoginRequired) -> None:
        """Offer the sign-in that something needs."""
        session = self.house.config.read().sso_session(session_name)
        if session is None or self.screen.is_modal:
            self.failed(why)
        else:
            # Not in the corner, where it would stand over the code.
            self.push_screen(_SIGN_IN.find()(session, why=why))


def run(house: App | None = None) -> HelperApp:
    """Run it to its end and return it: `return_value`, `crash` and `ended_by` tell how it ended.

    Raises: ConfigInvalid, before it begins, for settings that cannot be read.
    """
    made: list[HelperApp] = []

    def warn(message: str) -> None:
        for helper in made:
            helper.hand_over(helper.warned, message)

    helper = HelperApp(house or App(warn=warn))
    made.append(helper)
    helper.run()
    return helper
