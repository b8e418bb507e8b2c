"""The command palette. Each of its lines has the name of the command line that does the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from ssohelper.actions import own_settings
from ssohelper.core.keymap import ACTIONS
from ssohelper.core.text import show
from ssohelper.tui.themes import NAMES, name_for

if TYPE_CHECKING:
    from ssohelper.tui.app import FullScreenApp


class Command(NamedTuple):
    """A line of the command palette.

    `name` is a command line without `ssohelper`. `run` does the same in this program.
    """

    name: str
    description: str
    run: Callable[[], Any]


class Commands(Provider):
    """Offers the commands that the current screen's `palette()` returns, then the common ones."""

    async def discover(self) -> Hits:
        """Yield all commands, for an empty search."""
        for command in self._commands():
            yield DiscoveryHit(
                Content(show(command.name)), command.run, command.name, show(command.description)
            )

    async def search(self, query: str) -> Hits:
        """Yield the commands that match."""
        matcher = self.matcher(query)
        for command in self._commands():
            text = f"{show(command.name)}  {show(command.description)}"
            score = matcher.match(text)
            if score > 0:
                yield Hit(
                    score, Content(show(command.name)), command.run, text, show(command.description)
                )

    def _commands(self) -> list[Command]:
        palette: Callable[[], list[Command]] | None = getattr(self.screen, "palette", None)
        return [*(palette() if palette else ()), *common_commands(self.app)]  # type: ignore[arg-type]


def common_commands(app: FullScreenApp) -> list[Command]:
    """Return the palette's commands that all screens have."""
    screens = [
        Command(
            f"{ACTIONS[f'app.{name}'].label} screen",
            ACTIONS[f"app.{name}"].description,
            partial(app.run_action, f"app.go('{name}')"),
        )
        for name in ("accounts", "sessions", "profiles")
    ]
    themes = [
        Command(f"config set theme {name}", "use these colours", partial(set_theme, app, name))
        for name in NAMES
    ]
    return [
        *screens,
        *themes,
        Command("Help", ACTIONS["app.help"].description, partial(app.run_action, "app.help")),
        Command("Quit", ACTIONS["app.quit"].description, partial(app.run_action, "app.quit")),
    ]


def set_theme(app: FullScreenApp, name: str) -> None:
    """Show the program in this theme from now on, and save the theme in the settings."""
    app.theme = name_for(app, name, is_light=app.background.is_light)
    services = app.services
    app.run_in_background(
        lambda: own_settings.change(services, "theme", ("theme",), name),
        lambda _done: app.show_done(f"theme {name}", f"ssohelper config set theme {name}"),
    )
