"""The command palette: every action of the screen, with its key.

A line has the name of the command line that does the same, if there is one. The line below it has
the action's label in the footer, and its explanation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.events import Click, Event, Mount

from ssohelper.actions import own_settings
from ssohelper.core.keymap import ACTIONS, REMOVING
from ssohelper.core.search import Index
from ssohelper.core.text import show
from ssohelper.tui.themes import NAMES, textual_theme_name
from ssohelper.tui.widgets.key_bar import labels_of_actions_on_ticked_rows

if TYPE_CHECKING:
    from textual.screen import Screen

    from ssohelper.tui.base import TuiApp
    from ssohelper.tui.full_screen import FullScreenApp

# The widest default key, in ACTIONS, takes three columns; a key that the user sets may take more.
_KEY_WIDTH = 4
# Actions that are not named on other screens: they move in a list, or leave it.
_ONLY_SEEN_THERE = frozenset(
    f"{scope}.{name}"
    for scope in ("accounts", "sessions", "profiles")
    for name in ("back", "leave", "quit", "help", "open", "tick", "fold", "unfold")
)
# Command lines by which users look for actions of other screens.
_COMMAND_LINES = {
    "sessions.sign_in": "login",
    "sessions.sign_out": "logout",
    "sessions.set_up": "setup",
    "sessions.forget": "cache clear",
    "sessions.rename": "session rename",
    "sessions.remove": "session rm",
    "profiles.apply": "profile sync",
    "profiles.undo": "profile undo",
    "profiles.remove": "profile rm",
}


class Command(NamedTuple):
    """A line of the command palette.

    `name` is a command line without `ssohelper`, or an action's label. `run` does the same in this
    program. `action` is the action in `core.keymap` that the line runs, if any, `label` its label
    in the footer, and `key` its key.
    """

    name: str
    description: str
    run: Callable[[], Any]
    action: str = ""
    label: str = ""
    key: str = ""

    @property
    def line(self) -> str:
        """Return the palette's line: the key, and the name."""
        return f"{self.key:<{_KEY_WIDTH}} {show(self.name)}"

    @property
    def explanation(self) -> str:
        """Return the line below: the footer's label if it is new there, and the description."""
        texts = (self.name, self.description)
        is_there = any(text.casefold().startswith(self.label.casefold()) for text in texts)
        return f"{'' if is_there else f'{self.label}: '}{show(self.description)}"


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

    async def on_event(self, event: Event) -> None:
        # A click on another screen's name may have closed the palette before it was mounted: Textual
        # would look for the screen below it, which it no longer has. The second click of a double
        # click beside the palette would close another dialog.
        if not isinstance(event, (Mount, Click)) or self in self.app.screen_stack:
            await super().on_event(event)


class Commands(Provider):
    """Offers the commands that the current screen's `palette()` returns, then its other actions."""

    async def discover(self) -> Hits:
        """Yield all commands, for an empty search."""
        for command in self._commands():
            yield DiscoveryHit(
                Content(command.line), command.run, command.name, command.explanation
            )

    async def search(self, query: str) -> Hits:
        """Yield the commands that match by name, label, key or description, the best with score 1."""
        app: FullScreenApp = self.app  # type: ignore[assignment]
        commands = self._commands()
        found = search_commands(commands, query, commands_of_other_screens(app, commands))
        for place, command in enumerate(found):
            score = 1 - place / len(found)
            yield Hit(score, Content(command.line), command.run, command.name, command.explanation)

    def _commands(self) -> list[Command]:
        app: FullScreenApp = self.app  # type: ignore[assignment]
        return list_commands(app, self.screen)


def search_commands(
    commands: Sequence[Command], query: str, elsewhere: Sequence[Command] = ()
) -> list[Command]:
    """Return the commands that match, best first; of equal matches, the one that is first in the list.

    First those whose footer label, name or key has every word as a whole, then those that need
    their description too; then those `elsewhere`, on other screens. Matches that leave characters
    out come last: the letters of `add` are also in "cached and".
    """
    labels, names, keys, descriptions = (
        [command.label for command in commands],
        [command.name for command in commands],
        [command.key for command in commands],
        [command.description for command in commands],
    )
    by_name = Index([labels, names, keys], fuzzy_columns=(0, 1))
    by_all = Index([labels, names, keys, descriptions])
    whole = dict.fromkeys([*by_name.search(query), *by_all.search(query)])
    with_gaps = [number for number in by_name.search(query, fuzzy=True) if number not in whole]
    others = Index([[one.name for one in elsewhere]]).search(query)
    return [
        *(commands[number] for number in whole),
        *(elsewhere[number] for number in others),
        *(commands[number] for number in with_gaps),
    ]


def commands_of_other_screens(app: FullScreenApp, here: Iterable[Command]) -> list[Command]:
    """Return a command for each action of the other screens that no command `here` is like.

    It says on which screen the action is, and goes to that screen.
    """
    labels = {command.label for command in here}
    found: list[Command] = []
    for scope in ("accounts", "sessions", "profiles"):
        key, screen = app.key_of(f"app.{scope}"), ACTIONS[f"app.{scope}"].label
        go = partial(app.run_action, f"app.go('{scope}')")
        for name, action in ACTIONS.items():
            is_there = name.startswith(f"{scope}.") and scope != app.current_mode
            if is_there and action.label not in labels and name not in _ONLY_SEEN_THERE:
                also = f" ({_COMMAND_LINES[name]})" if name in _COMMAND_LINES else ""
                what = f"{action.label}{also} is on {key} {screen}"
                found.append(Command(what, action.description, go, key=key))
    return found


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
    return [*_with_labels_and_keys(app, screen, [*named, *common])]


def _with_labels_and_keys(
    app: FullScreenApp, screen: Screen[Any], commands: Iterable[Command]
) -> Iterable[Command]:
    """Yield the commands with the labels that the footer shows now, and with their keys."""
    with_ticks = labels_of_actions_on_ticked_rows(screen)
    for command in commands:
        name = command.action
        label = with_ticks.get(name) or (ACTIONS[name].label if name in ACTIONS else "")
        yield command._replace(label=label, key=app.key_of(name) if name else "")


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


def run_on_same_target(
    app: TuiApp[Any], find_target: Callable[[], object], run: Callable[[str], Any]
) -> Callable[[str], Any]:
    """Return `run`, which does nothing but say so if `find_target()` is another one than now.

    The list below the palette may be read again while the palette is open: its lines name what was
    under the cursor before.
    """
    target = find_target()

    def run_if_same(name: str) -> Any:
        if find_target() == target:
            return run(name)
        return app.show_warning("nothing was done: the list has changed while the palette was open")

    return run_if_same


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
