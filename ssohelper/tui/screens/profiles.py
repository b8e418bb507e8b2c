"""The Profiles screen: all profiles of ~/.aws/config, with what the next sync does with them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from ssohelper.actions import adopting, setup_text
from ssohelper.actions.flows import profile_removal
from ssohelper.core import plan_text
from ssohelper.core.clock_text import ago_text
from ssohelper.core.text import count_text, show
from ssohelper.errors import SsoHelperError
from ssohelper.tui import background
from ssohelper.tui.dialog_app import DialogApp, MainScreen
from ssohelper.tui.keys import KeyOf, action_binding
from ssohelper.tui.profile_rows import Found, ProfileRow, read_profiles
from ssohelper.tui.screens import profile_actions
from ssohelper.tui.widgets.key_bar import KeyBar
from ssohelper.tui.widgets.lines import Chooser, Line, WrappedView
from ssohelper.tui.widgets.message_line import AgingLine, MessageLine
from ssohelper.tui.widgets.profile_pane import ProfilePane
from ssohelper.tui.widgets.top_bar import TopBar

_ADOPT = "ssohelper profile sync --adopt GLOB"
# From this number of columns or lines on, the screen has this CSS class.
_COLUMNS = [(0, "narrow"), (120, "beside")]
_LINES = [(0, "low"), (20, "high")]


def profile_counts_title(found: Found) -> str:
    count = len(found.profiles)
    managed = sum(item.entry.managed for item in found.profiles)
    where = f"{plan_text.profile_count_text(count)} in {found.path}"
    return f"{where}: ◆ {managed} managed, {count - managed} yours"


def next_sync_line(found: Found, key_of: KeyOf, now: int) -> str:
    """Return what the next sync does, or what the user must do before it."""
    session, sync, key = found.session, found.sync, key_of("profiles.apply")
    if session is None:
        return (
            f"Set up a session first: {key_of('app.sessions')} shows the form, "
            f"or type: ssohelper setup START_URL. {setup_text.TRY_THE_DEMO}"
        )
    name = f"{session.name}: " if len(found.sessions) > 1 else ""
    if found.error is not None:
        return f"{name}{'. '.join(filter(None, (found.error.message, found.error.hint)))}"
    if sync.plan is None:
        return f"{name}no list of roles yet: {key} asks AWS for it"
    counts = plan_text.plan_counts_text(sync.plan, noun="")
    writes = f" ({key} writes, after a question)" if sync.plan.changes else ""
    options = plan_text.sync_options(sync.choices)
    return " · ".join(
        filter(
            None, (f"{name}{counts}{writes}", f"listed {ago_text(now - sync.listed_at)}", options)
        )
    )


def warning_line(found: Found) -> str:
    """Return a warning about the filters, or how many profiles of other tools can be adopted."""
    plan, others = found.sync.plan, found.sync.others
    warning = plan_text.filters_warning(plan) if plan is not None else None
    if warning or not adopting.choose_adoptable(others):
        return warning or ""
    needing = len(adopting.choose_needing(others))
    need = f", {needing} need{'s' * (needing == 1)} ssohelper to work" if needing else ""
    return f"{setup_text.adoptable_count_text(others)}{need}: {_ADOPT}"


def profile_detail_lines(row: ProfileRow, path: str) -> list[Line]:
    lines: list[Line] = [[(show(row.name), "strong")]]
    parts = []
    if row.item is not None:
        owner = "managed" if row.item.entry.managed else "yours"
        parts += [f"{path}:{row.item.entry.line}", owner]
    if row.account_id:
        account = f"{row.account_name} " if row.account_name else ""
        parts.append(f"{account}{row.account_id}/{row.role}")
    if row.item is not None and row.item.shown_target is not None:
        parts.append(f"form {row.item.shown_target.form}")
    region = row.item.entry.keys.get("region") if row.item is not None else None
    parts += [region] if region else []
    lines += [[(show("  ".join(parts)), "dim")]] if parts else []
    lines += [[(f"{'skipped: ' * (row.sign == '!')}{show(row.note)}", "warn")]] if row.note else []
    for key in dict.fromkeys((*row.before, *row.after)):
        if key in row.before:
            lines.append([(show(f"-{key} = {row.before[key]}"), "bad")])
        if key in row.after:
            lines.append([(show(f"+{key} = {row.after[key]}"), "good")])
    return lines


class ProfilesScreen(MainScreen):
    """Shows the profiles of ~/.aws/config, and what a sync would do with them."""

    HELP_TEXT = (
        "Each profile of ~/.aws/config once, with what `ssohelper profile sync` would do with it: "
        "+ to add, ~ to change, - to remove, ! skipped. ssohelper manages profiles with ◆ and never "
        "changes yours (·) until you adopt them. Type to search, as on Roles. {profiles.tick} "
        "ticks profiles to remove them together. Before each write you are asked. Filters, names, "
        "form, region, renaming, pruning and adoption are options of the command: ssohelper "
        "profile sync --help"
    )
    CSS_PATH = "../styles/screens.tcss"
    HORIZONTAL_BREAKPOINTS, VERTICAL_BREAKPOINTS = _COLUMNS, _LINES
    CSS = """
    ProfilesScreen { overflow: hidden; }
    ProfilesScreen .part--title { text-wrap: nowrap; text-overflow: ellipsis; }
    ProfilesScreen #plan { height: auto; max-height: 5; padding: 0 1; color: $text-accent; }
    ProfilesScreen #warning { height: auto; padding: 0 1; color: $text-warning; }
    ProfilesScreen #parts { height: 1fr; }
    ProfilesScreen #detail { height: 7; padding: 0 1; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(action_binding(f"profiles.{name}") for name in ("apply", "remove")),
        action_binding("profiles.details", "diff", priority=True),
        action_binding("profiles.undo"),
        action_binding("profiles.only_session", "show_next_session"),
    ]
    app: DialogApp
    has_content = False

    def __init__(self) -> None:
        super().__init__()
        # What the screen shows; None until the config was read, and while it cannot be read.
        self._found: Found | None = None
        self._session_name: str | None = None
        self._must_read = self._is_reading = False
        self.pane = ProfilePane()
        self.detail = WrappedView(id="detail")

    def compose(self) -> ComposeResult:
        yield TopBar("profiles")
        yield Static("Profiles", id="profiles-title", classes="part--title", markup=False)
        yield AgingLine("reading…", id="plan")
        yield Static("", id="warning", markup=False)
        yield Static("", id="error", classes="error", markup=False)
        with Vertical(id="parts"):
            yield self.pane
            yield self.detail
        yield MessageLine()
        yield KeyBar()

    def on_mount(self) -> None:
        self.detail.can_focus = False
        self.app.list_refreshed.subscribe(self, lambda _name: self._read_if_shown())
        self.app.lists_changed.subscribe(self, lambda _nothing: self._read_if_shown())

    def _read_if_shown(self) -> None:
        if self.is_current:  # otherwise the config is read when the screen is shown again
            self.read_again()

    def on_screen_resume(self) -> None:
        self.read_again()

    # -- reading and showing the profiles ------------------------------------------------------

    @property
    def is_planned(self) -> bool:
        """Return whether the screen shows the config as it was last read."""
        return self._found is not None and not self._is_reading

    def read_again(self) -> None:
        self._must_read = True
        if not self._is_reading:
            self._is_reading = True
            self.run_worker(self._read(), group="read")

    async def _read(self) -> None:
        services = self.app.services
        try:
            while self._must_read:
                self._must_read, name = False, self._session_name
                try:
                    found = await background.run(self.app, partial(read_profiles, services, name))
                except SsoHelperError as error:
                    self._show_config_error(error)
                else:
                    self._show_found(found)
        finally:
            self._is_reading = False
        self.note_content()
        self.refresh_bindings()

    def _show_found(self, found: Found) -> None:
        self._found = found
        self._session_name = found.session.name if found.session is not None else None
        self.remove_class("unreadable")
        self._set_widget_text("#profiles-title", profile_counts_title(found))
        self.query_one("#plan", AgingLine).set_text(partial(next_sync_line, found, self.app.key_of))
        warning = warning_line(found)
        self._set_widget_text("#warning", warning)
        self.set_class(bool(warning), "with-warning")
        self.pane.show_rows(found.rows, found.search)
        self._show_details()

    def _show_config_error(self, error: SsoHelperError) -> None:
        self._found = None
        hint = f"\n{show(error.hint)}" if error.hint else ""
        note = "Until you correct the error, no profile can be changed."
        self.query_one("#error", Static).update(Content(f"{show(error.message)}{hint}\n\n{note}"))
        self._set_widget_text("#profiles-title", "Profiles: the config cannot be read")
        self.add_class("unreadable")

    def _set_widget_text(self, where: str, text: str) -> None:
        self.query_one(where, Static).update(Content(show(text)))

    def on_profile_pane_moved(self) -> None:
        self._show_details()
        self.refresh_bindings()

    def _show_details(self) -> None:
        row, found = self.pane.row, self._found
        self.detail.set_lines(profile_detail_lines(row, found.path) if row and found else [])

    # -- the actions ---------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether the action is possible: None shows its key dimmed, False hides it."""
        if action in ("apply", "remove", "diff", "undo") and self.has_class("unreadable"):
            return False
        found = self._found
        if action == "show_next_session":
            return found is not None and len(found.sessions) > 1
        if action in ("apply", "diff") and found is not None and found.session is None:
            return None
        return None if action == "remove" and found is None else True

    @property
    def menu_title(self) -> str:
        row = self.pane.row
        if self.pane.ticked:
            return count_text(len(self.pane.ticked), "ticked profile")
        return row.name if row is not None else ""

    @property
    def command_words(self) -> dict[str, str]:
        names = [row.name for row in self.pane.find_rows_to_remove()]
        words = {"session": self._session_name} if self._session_name else {}
        removed = profile_removal.removal_command(names).removeprefix("profile rm ")
        return words | ({"profiles": removed} if names else {})

    async def on_search_pane_left(self) -> None:
        await self.app.run_action("app.go('accounts')")

    def on_chooser_chosen(self, event: Chooser.Chosen) -> None:
        event.stop()
        self.action_diff()

    def action_show_next_session(self) -> None:
        """Plan the sync of the next session of the config."""
        names = [session.name for session in self._found.sessions] if self._found else []
        if self._session_name in names:
            self._session_name = names[(names.index(self._session_name) + 1) % len(names)]
            self.read_again()

    async def _change(self, change: Callable[[], Awaitable[object]]) -> None:
        """Make a change, or show its error; then read the config again."""
        try:
            await change()
        except SsoHelperError as error:
            self.app.show_error(error)
        self.read_again()

    def _start_change(self, name: str, change: Callable[[], Awaitable[object]]) -> None:
        self.app.busy.start(f"profiles.{name}", partial(self._change, change))

    def action_apply(self) -> None:
        if self._found is not None and self._found.session is not None:
            change = partial(profile_actions.apply_sync, self.app, self._found.session)
            self._start_change("apply", change)

    def action_remove(self) -> None:
        rows = self.pane.find_rows_to_remove()
        if rows:
            self._start_change("remove", partial(self._remove, rows))
        elif self.pane.row is None:
            self.app.warn_nothing_selected("profile")
        else:
            self.app.show_done("only profiles that ssohelper manages can be removed")

    async def _remove(self, rows: list[ProfileRow]) -> None:
        if await profile_actions.remove_profiles(self.app, rows):
            self.pane.clear_ticks()

    def action_undo(self) -> None:
        self._start_change("undo", partial(profile_actions.undo_last_write, self.app))

    def action_diff(self) -> None:
        """Show the diff of the plan, scrolled to the profile under the cursor."""
        row, found = self.pane.find_row(), self._found
        plan = found.sync.plan if found is not None else None
        if found is not None and plan is not None:
            name = row.name if row is not None else ""
            diff = partial(profile_actions.show_diff, self.app, found, plan, name)
            self.app.busy.start("profiles.details", diff)
        elif found is not None:
            self.app.show_warning(next_sync_line(found, self.app.key_of, 0))
