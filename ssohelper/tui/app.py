"""The full-screen program: which screens there are and how one comes to them.

Screens' modules are imported when they are first shown.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.screen import Screen

from ssohelper.app import App
from ssohelper.tui.base import HouseApp


class Place(NamedTuple):
    """A screen: its module under ssohelper.tui.screens, its class, its title, its key."""

    module: str
    name: str
    title: str
    key: str


SCREENS: dict[str, Place] = {
    "accounts": Place("accounts", "AccountsScreen", "Accounts", "f2"),
}


def _maker(place: Place) -> Callable[[], Screen[Any]]:
    def make() -> Screen[Any]:
        module = import_module(f"ssohelper.tui.screens.{place.module}")
        screen: Screen[Any] = getattr(module, place.name)()
        return screen

    return make


class HelperApp(HouseApp[str]):
    """The program; ends with the command line that a person should type next, or None."""

    TITLE = "ssohelper"
    ENABLE_COMMAND_PALETTE = True
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        name: _maker(place) for name, place in SCREENS.items()
    }
    DEFAULT_MODE = "accounts"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Quit", id="app.quit", priority=True),
        *(
            Binding(place.key, f"go('{name}')", place.title, id=f"app.{name}", priority=True)
            for name, place in SCREENS.items()
        ),
    ]

    def action_go(self, name: str) -> None:
        """Show a screen of SCREENS; what stands open over the present one stays there."""
        self.switch_mode(name)


def run(house: App) -> HelperApp:
    """Run it to its end and return it: `return_value`, `crash` and `ended_by` tell how it ended."""
    helper = HelperApp(house)
    helper.run()
    return helper
