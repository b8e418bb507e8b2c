"""The command palette: every action of the screen, with its key."""

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
from ssohelper.tui.current_size import CurrentSizeMixin
from ssohelper.tui.themes import NAMES, textual_theme_name
from ssohelper.tui.widgets.key_bar import labels_with_ticks

if TYPE_CHECKING:
    from textual.screen import Screen

    from ssohelper.tui.dialog_app import DialogApp

# The widest default key, in ACTIONS, takes three columns; a key that the user sets may take more.
_KEY_WIDTH = 4
# Actions that the palette does not offer on other screens: they move in a list, or leave the list.
_ONLY_SEEN_THERE = frozenset(
    f"{scope}.{name}"
    for scope in ("accounts", "sessions", "profiles")
    for name in ("back", "leave", "quit", "help", "open", "tick", "fold", "unfold")
)
# Actions with the command lines by which users may search for them on other screens.
_COMMAND_LINES = {
    "sessions.sign_in": "login",
    "sessions.sign_out": "logout",
    "sessions.set_up": "setup",
    "sessions.remove": "session rm",
    "profiles.apply": "profile sync",
    "profiles.undo": "profile undo",
    "profiles.remove": "profile rm",
}


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


def list_commands(app: DialogApp, screen: Screen[Any]) -> list[Command]:
    """Return the palette's commands on this screen, with each enabled action.

    The most important come first, those that remove something last.
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
    named.sort(key=lambda one: (one.action in REMOVING, ranks.get(one.action, len(ranks))))
    return [*_with_labels_and_keys(app, screen, [*named, *common])]


def _with_labels_and_keys(
    app: DialogApp, screen: Screen[Any], commands: Iterable[Command]
) -> Iterable[Command]:
    with_ticks = labels_with_ticks(screen)
    for command in commands:
        name = command.action
        label = with_ticks.get(name) or (ACTIONS[name].label if name in ACTIONS else "")
        yield command._replace(label=label, key=app.key_of(name) if name else "")


def make_palette_commands(
    scope: str, command_lines: Mapping[str, str], run: Callable[[str], Any]
) -> list[Command]:
    return [
        Command(line, ACTIONS[f"{scope}.{name}"].description, partial(run, name), f"{scope}.{name}")
        for name, line in command_lines.items()
    ]


def run_on_same_target(
    app: DialogApp, find_target: Callable[[], object], run: Callable[[str], Any]
) -> Callable[[str], Any]:
    """Return `run`, but with a warning in place of the call if the target has changed since.

    The list may be read again while the palette is open, whose lines name the old row.
    """
    target = find_target()

    def run_if_same(name: str) -> Any:
        if find_target() == target:
            return run(name)
        return app.show_warning("nothing was done: the list has changed while the palette was open")

    return run_if_same


def commands_of_all_screens(app: DialogApp) -> list[Command]:
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


def set_theme(app: DialogApp, name: str) -> None:
    """Show the program in this theme from now on, and save the theme in the settings."""
    app.theme = textual_theme_name(app, name, is_light=app.background.is_light)
    services = app.services
    app.run_in_background(
        lambda: own_settings.change_setting(services, "theme", name),
        lambda _done: app.show_done(f"theme {name}", f"ssohelper config set theme {name}"),
    )
