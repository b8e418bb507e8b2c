"""The command palette: every action of the screen that is shown, named as the command line does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from ssohelper.core.keymap import ACTIONS
from ssohelper.core.text import show
from ssohelper.tui.themes import NAMES

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp


class Command(NamedTuple):
    """A line of the palette: the command line without `ssohelper`, what it does, what is called."""

    name: str
    what: str
    run: Callable[[], Any]


class Commands(Provider):
    """What the screen's `palette()` offers, then what every screen offers."""

    async def discover(self) -> Hits:
        for command in self._offered():
            yield DiscoveryHit(
                Content(show(command.name)), command.run, command.name, show(command.what)
            )

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in self._offered():
            text = f"{show(command.name)}  {show(command.what)}"
            score = matcher.match(text)
            if score > 0:
                yield Hit(score, Content(show(command.name)), command.run, text, show(command.what))

    def _offered(self) -> list[Command]:
        palette: Callable[[], list[Command]] | None = getattr(self.screen, "palette", None)
        return [*(palette() if palette else ()), *common_commands(self.app)]  # type: ignore[arg-type]


def common_commands(app: TuiApp[Any]) -> list[Command]:
    """Return what is offered on every screen."""
    places = [
        Command(
            f"{ACTIONS[f'app.{name}'].label} screen",
            ACTIONS[f"app.{name}"].what,
            partial(app.run_action, f"app.go('{name}')"),
        )
        for name in ("accounts", "sessions", "profiles")
    ]
    themes = [
        Command(f"config set theme {name}", "colours", partial(set_theme, app, name))
        for name in NAMES
    ]
    return [
        *places,
        *themes,
        Command("Help", ACTIONS["app.help"].what, partial(app.run_action, "app.help")),
        Command("Quit", ACTIONS["app.quit"].what, partial(app.run_action, "app.quit")),
    ]


def set_theme(app: TuiApp[Any], name: str) -> None:
    """Show the theme now, and keep it in the settings."""
    app.theme = NAMES[name]
    services = app.services
    app.run_in_background(
        lambda: services.settings_store.set(("theme",), name, services.deadline()),
        lambda _done: app.show_done(f"theme {name}", f"ssohelper config set theme {name}"),
    )
