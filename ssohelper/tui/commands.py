"""The command palette: every action of the screen, with its key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.events import Click, Event, Mount
from textual.widgets import Input

from ssohelper.actions import own_settings
from ssohelper.core.keymap import ACTIONS, REMOVING
from ssohelper.core.search import Index
from ssohelper.core.text import show
from ssohelper.tui.current_size import CurrentSizeMixin
from ssohelper.tui.keys import APP_ACTIONS, find_active_actions
from ssohelper.tui.themes import NAMES, textual_theme_name
from ssohelper.tui.widgets.key_bar import find_labels

if TYPE_CHECKING:
    from textual.screen import Screen

    from ssohelper.tui.dialog_app import DialogApp

# The cells of the longest key: Space, and a letter.
_KEY_WIDTH = 8
_NOT_LISTED = frozenset(["app.menu", "app.commands"])


class Command(NamedTuple):
    """A line of the command palette.

    `name` is a command line without `ssohelper`, or an action's label. `action` is the action in
    `core.keymap` that the line runs, if any, with its `label` and `key`.
    """

    name: str
    description: str
    run: Callable[[], Any]
    action: str = ""
    label: str = ""
    key: str = ""

    @property
    def line(self) -> str:
        return f"{self.key:<{_KEY_WIDTH}} {show(self.name)}"

    @property
    def explanation(self) -> str:
        """Return the line's description, after the footer's label unless name or text begins with
        it.
        """
        texts = (self.name, self.description)
        is_there = any(text.casefold().startswith(self.label.casefold()) for text in texts)
        return f"{'' if is_there else f'{self.label}: '}{show(self.description)}"


class Palette(CurrentSizeMixin, CommandPalette):
    """Textual's command palette, in readable colours, and low enough for a terminal of 12 lines."""

    CLOSES_WITH_SCREEN = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear_or_close", show=False, priority=True)
    ]
    # Textual's search icon is an emoji, which many terminals draw too wide. Textual would draw the
    # lines around the palette in black.
    CSS = """
    Palette #--input { border: hkey $primary; }
    Palette #--input SearchIcon { display: none; }
    Palette #--input CommandInput { padding: 0 1; border: none; height: 1; }
    Palette > Vertical { margin-top: 1; width: 100; max-width: 100%; }
    Palette CommandList { border-top: none; border-bottom: hkey $primary; }
    """
    # This rule must be in DEFAULT_CSS: Textual makes the first list before it has read `CSS`.
    DEFAULT_CSS = """
    Palette > .command-palette--help-text { text-style: not bold; }
    """

    async def on_event(self, event: Event) -> None:
        # If a click has closed the palette already, Mount and Click are ignored. At Mount, Textual
        # would look for the screen below the palette and find none; the second click of a double
        # click beside the palette would close another dialog. Textual raises NoWidget at a click
        # outside the screen, which may come right before the terminal shrinks.
        if isinstance(event, (Mount, Click)) and self not in self.app.screen_stack:
            return
        if isinstance(event, Click) and not self.region.contains_point(event.screen_offset):
            return
        await super().on_event(event)

    async def action_clear_or_close(self) -> None:
        """Clear what is typed. If there is nothing, close the palette as Textual does."""
        line = self.query_one(Input)
        if line.value:
            line.value = ""
        else:
            await self.run_action("escape")


class Commands(Provider):
    async def discover(self) -> Hits:
        for command in self._commands():
            yield DiscoveryHit(
                Content(command.line), command.run, command.name, command.explanation
            )

    async def search(self, query: str) -> Hits:
        """Yield the commands that match; the best has score 1."""
        app: DialogApp = self.app  # type: ignore[assignment]
        commands = self._commands()
        found = search_commands(commands, query, commands_of_other_screens(app, commands))
        for place, command in enumerate(found):
            score = 1 - place / len(found)
            yield Hit(score, Content(command.line), command.run, command.name, command.explanation)

    def _commands(self) -> list[Command]:
        app: DialogApp = self.app  # type: ignore[assignment]
        return list_commands(app, self.screen)


def search_commands(
    commands: Sequence[Command], query: str, elsewhere: Sequence[Command] = ()
) -> list[Command]:
    """Return the commands that match the query, best first.

    Equal matches keep their order.

    Matches of label, name or key come before those of a description, then commands `elsewhere`.
    Fuzzy matches come last: the letters of `add` are also in "cached and".
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


def commands_of_other_screens(app: DialogApp, here: Iterable[Command]) -> list[Command]:
    """Return a command for each action of the other screens, which goes to that screen.

    An action is left out if a command `here` has the same label.
    """
    labels = {command.label for command in here}
    found: list[Command] = []
    for name, action in ACTIONS.items():
        screen = name.partition(".")[0]
        is_listed = action.letter and "escape" not in action.keys and action.label not in labels
        if is_listed and f"app.{screen}" in APP_ACTIONS and screen != app.current_mode:
            words = takewhile(str.islower, action.command.partition("{")[0].split())
            also = f" ({' '.join(words)})" if action.command else ""
            key, there = app.key_of(f"app.{screen}"), ACTIONS[f"app.{screen}"].label
            what = f"{action.label}{also} is on {key} {there}"
            go = partial(app.run_action, f"app.go('{screen}')")
            found.append(Command(what, action.description, go, key=key))
    return found


def list_commands(app: DialogApp, screen: Screen[Any]) -> list[Command]:
    """Return the palette's commands on this screen, with each action that is possible.

    They are in the order of the table of actions; those that remove something are last.
    """
    applies: Callable[[str], bool] = getattr(screen, "applies", lambda _name: True)
    words: dict[str, str] = getattr(screen, "command_words", {})
    with_ticks = find_labels(screen)[0]
    found: dict[str, tuple[str, Any]] = {name: (run, app) for name, run in APP_ACTIONS.items()}
    for name, active in find_active_actions(screen).items():
        if active.enabled and applies(name):
            found[name] = active.binding.action, active.node
    commands = []
    for name, (run, node) in found.items():
        action = ACTIONS[name]
        label = with_ticks.get(name, action.label)
        line = fill_command(action.command, words) if name not in with_ticks else ""
        started = partial(app.run_action, run, node)
        key = app.key_of(name)
        commands.append(Command(line or label, action.description, started, name, label, key))
    ranks = {name: (name in REMOVING, rank) for rank, name in enumerate(ACTIONS)}
    commands.sort(key=lambda one: ranks[one.action])
    themes = [
        Command(f"config set theme {name}", "use these colours", partial(set_theme, app, name))
        for name in NAMES
    ]
    key, stop = app.key_of("app.suspend"), app.action_suspend_process
    suspend = Command("Suspend", "stop ssohelper; fg continues it", stop, "app.suspend", key=key)
    return [*(one for one in commands if one.action not in _NOT_LISTED), *themes, suspend]


def fill_command(command: str, words: Mapping[str, str]) -> str:
    """Return the command line with the words for its {names}, or "" if one has none."""
    try:
        return command.format_map(words)
    except KeyError:
        return ""


def set_theme(app: DialogApp, name: str) -> None:
    """Show the program in this theme from now on, and save the theme in the settings."""
    app.theme = textual_theme_name(app, name, is_light=app.background.is_light)
    services = app.services
    app.run_in_background(
        lambda: own_settings.change_setting(services, "theme", name),
        lambda _done: app.show_done(f"theme {name}", f"ssohelper config set theme {name}"),
    )
