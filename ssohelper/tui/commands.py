"""The command palette: every action of the screen, with its key.

A line has the name of the command line that does the same, if there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from ssohelper.actions import own_settings
from ssohelper.core.keymap import ACTIONS, REMOVING
from ssohelper.core.text import show
from ssohelper.tui.themes import NAMES, textual_theme_name

if TYPE_CHECKING:
    from textual.screen import Screen

    from ssohelper.tui.app import FullScreenApp

# The widest default key, in ACTIONS, takes three columns; a key that the user sets may take more.
_KEY_WIDTH = 4


class Command(NamedTuple):
    """A line of the command palette.

    `name` is a command line without `ssohelper`, or an action's label. `run` does the same in this
    program. `action` is the action in `core.keymap` that the line runs, if any.
    """

    name: str
    description: str
    run: Callable[[], Any]
    action: str = ""


class Palette(CommandPalette):
    """Textual's command palette, in readable colours, and low enough for 12 lines."""

    CLOSES_WITH_SCREEN = True
    # Textual's search icon is an emoji, which many terminals draw too wide. The lines that Textual
    # draws around the palette are black.
    CSS = """
    Palette #--input { border: hkey $primary; }
    Palette #--input SearchIcon { display: none; }
    Palette #--input CommandInput { padding: 0 1; border: none; height: 1; }
    Palette > Vertical { margin-top: 1; width: 100; max-width: 100%; }
    Palette CommandList { border-top: none; border-bottom: hkey $primary; }
    """
    # The first list is made before `CSS` has been read: the tasks of a new screen run at once.
    DEFAULT_CSS = """
    Palette > .command-palette--help-text { text-style: not bold; }
    """


class Commands(Provider):
    """Offers the commands that the current screen's `palette()` returns, then its other actions."""

    async def discover(self) -> Hits:
        """Yield all commands, for an empty search."""
        for command, line in self._commands_with_palette_lines():
            yield DiscoveryHit(Content(line), command.run, command.name, show(command.description))

    async def search(self, query: str) -> Hits:
        """Yield the commands that match by key, name or description."""
        matcher = self.matcher(query)
        for command, line in self._commands_with_palette_lines():
            text = f"{line}  {show(command.description)}"
            score = matcher.match(text)
            if score > 0:
                yield Hit(score, Content(line), command.run, text, show(command.description))

    def _commands_with_palette_lines(self) -> Iterator[tuple[Command, str]]:
        """Yield each command with the text of its palette line, which begins with the key."""
        app: FullScreenApp = self.app  # type: ignore[assignment]
        for command in list_commands(app, self.screen):
            key = app.key_of(command.action) if command.action else ""
            yield command, f"{key:<{_KEY_WIDTH}} {show(command.name)}"


def list_commands(app: FullScreenApp, screen: Screen[Any]) -> list[Command]:
    """Return the palette's commands on this screen: each action that is enabled is among them.

    The screen's most important action comes first; those that remove something come last among the
    screen's.
    """
    palette: Callable[[], list[Command]] | None = getattr(screen, "palette", None)
    named = [*(palette() if palette else ())]
    common = commands_of_all_screens(app)
    known = {command.action for command in (*named, *common)} | {"app.commands"}
    for found in screen.active_bindings.values():
        name = found.binding.id or ""
        if name in ACTIONS and name not in known and found.enabled:
            known.add(name)
            run = partial(app.run_action, found.binding.action, found.node)
            named.append(Command(ACTIONS[name].label, ACTIONS[name].description, run, name))
    ranks = {name: rank for rank, name in enumerate(ACTIONS)}
    named.sort(
        key=lambda one: (one.action in REMOVING, ranks.get(one.action, len(ranks)))  # stable
    )
    return [*named, *common]


def make_palette_commands(
    scope: str, command_lines: Mapping[str, str], run: Callable[[str], Any]
) -> list[Command]:
    """Return a palette command for each action in `command_lines`.

    `command_lines` has the command line that does the same as the action `SCOPE.NAME`, by NAME. To
    run a command of the palette, `run(NAME)` is called.
    """
    return [
        Command(line, ACTIONS[f"{scope}.{name}"].description, partial(run, name), f"{scope}.{name}")
        for name, line in command_lines.items()
    ]


def commands_of_all_screens(app: FullScreenApp) -> list[Command]:
    """Return the palette's commands that all screens have."""
    screens = [
        Command(
            f"{ACTIONS[f'app.{name}'].label} screen",
            ACTIONS[f"app.{name}"].description,
            partial(app.run_action, f"app.go('{name}')"),
            f"app.{name}",
        )
        for name in ("accounts", "sessions", "profiles")
    ]
    themes = [
        Command(f"config set theme {name}", "use these colours", partial(set_theme, app, name))
        for name in NAMES
    ]
    others = [
        Command(
            ACTIONS[f"app.{name}"].label,
            ACTIONS[f"app.{name}"].description,
            partial(app.run_action, f"app.{name}"),
            f"app.{name}",
        )
        for name in ("messages", "help", "quit")
    ]
    suspend = Command(
        "Suspend", "stop ssohelper; fg continues it", app.action_suspend_process, "app.suspend"
    )
    return [*screens, *themes, *others, suspend]


def set_theme(app: FullScreenApp, name: str) -> None:
    """Show the program in this theme from now on, and save the theme in the settings."""
    app.theme = textual_theme_name(app, name, is_light=app.background.is_light)
    services = app.services
    app.run_in_background(
        lambda: own_settings.change_setting(services, "theme", ("theme",), name),
        lambda _done: app.show_done(f"theme {name}", f"ssohelper config set theme {name}"),
    )
