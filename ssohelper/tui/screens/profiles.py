"""The Profiles screen: all profiles, grouped by what the next sync does with them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from ssohelper.actions import adopting, sync_choices
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError
from ssohelper.tui.commands import Command, make_palette_commands, run_on_same_target
from ssohelper.tui.keys import action_binding
from ssohelper.tui.profile_rows import NO_ROWS
from ssohelper.tui.screens import adopt_questions, first_plan, profile_actions, profile_texts
from ssohelper.tui.screens.profile_planner import Found, Planner
from ssohelper.tui.screens.proposal import CurrentProfiles, Wish
from ssohelper.tui.started_actions import starts_action
from ssohelper.tui.typing_pause import KeyKind
from ssohelper.tui.widgets.key_bar import KeyBar
from ssohelper.tui.widgets.lines import Line, WrappedView
from ssohelper.tui.widgets.message_line import AgingLine, MessageLine
from ssohelper.tui.widgets.profile_pane import ProfilePane
from ssohelper.tui.widgets.sync_fields import SyncFields
from ssohelper.tui.widgets.top_bar import TopBar

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp

# The actions that need a session.
_OF_SESSION = frozenset(["apply", "adopt", "toggle_options", "refresh", "diff", "prune", "rename"])
# The actions that wait for the first plan if they are typed before it is made.
_WAITING = (_OF_SESSION - {"refresh"}) | {"undo", "remove"}
# The actions that need a config which can be read.
_CHANGING = _OF_SESSION | _WAITING | {"show_next_session"}
# From this number of columns or lines on, the screen has this CSS class.
_COLUMNS = [(0, "narrow"), (70, "wide"), (120, "beside")]
_LINES = [(0, "low"), (20, "middle"), (28, "high")]


class ProfilesScreen(first_plan.FirstPlanScreen):
    HELP_TEXT = (
        "Each profile of ~/.aws/config once, below what `ssohelper profile sync` would do with it: "
        "+ to add, ~ to change, - to remove, ! skipped. ssohelper manages profiles with ◆ and never "
        "changes yours until you adopt them. Type to search, as on Accounts. {profiles.open} folds a "
        "group, or shows the diff. {profiles.tick} ticks profiles to remove them together. Those of "
        "the form process run ssohelper, those of sso do not. Before each write you are asked."
    )
    CSS_PATH = "../styles/screens.tcss"
    HORIZONTAL_BREAKPOINTS, VERTICAL_BREAKPOINTS = _COLUMNS, _LINES
    CSS = """
    ProfilesScreen { overflow: hidden; }
    ProfilesScreen .part--line { height: 1; padding: 0 1; }
    ProfilesScreen .part--line, ProfilesScreen .part--title {
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    ProfilesScreen #plan { color: $text-accent; text-style: bold; }
    ProfilesScreen #in-force { color: $text-muted; }
    ProfilesScreen #hint { height: auto; padding: 0 1; color: $text-warning; }
    ProfilesScreen #parts { height: 1fr; }
    ProfilesScreen #detail { height: 7; padding: 0 1; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(action_binding(f"profiles.{name}") for name in ("apply", "remove")),
        action_binding("profiles.options", "toggle_options"),
        *(action_binding(f"profiles.{name}") for name in ("diff", "undo", "refresh", "prune")),
        *(action_binding(f"profiles.{name}") for name in ("rename", "adopt")),
        action_binding("profiles.session", "show_next_session"),
        action_binding("profiles.edit", priority=True),
    ]
    app: DialogApp

    def __init__(self) -> None:
        super().__init__()
        self._planner = Planner(
            self, self.app, self._show_found_profiles, self._show_config_error, self._end_lost_sync
        )
        # The shown profiles; whether the user is changing the config, or has changed it since.
        self._current: CurrentProfiles | None = None
        self._is_changing_config = self._has_changed_config = False
        # The texts of the sync's options at the time when the user opened the option fields.
        self._texts_before: dict[str, str] | None = None
        self.pane = ProfilePane()
        self.fields = SyncFields()
        self.detail = WrappedView(id="detail")

    def compose(self) -> ComposeResult:
        yield TopBar("profiles")
        yield Static("Profiles", id="profiles-title", classes="part--title", markup=False)
        yield AgingLine("reading…", id="plan", classes="part--line")
        yield Static("", id="in-force", classes="part--line", markup=False)
        yield self.fields
        yield Static("", id="hint", markup=False)
        yield Static("", id="error", classes="error", markup=False)
        with Vertical(id="parts"):
            yield self.pane
            yield self.detail
        yield MessageLine()
        yield KeyBar()

    def on_mount(self) -> None:
        self.detail.can_focus = False
        self.app.list_refreshed.subscribe(self, lambda _name: self._plan_with_new_list())

    def _plan_with_new_list(self) -> None:
        if self.is_current:  # otherwise the sync is planned when the screen is shown again
            self._planner.plan_sync()

    def on_screen_resume(self) -> None:
        self._planner.read_config_and_plan()

    @property
    def is_planned(self) -> bool:
        """Return whether the shown plan was made with the options that the user has chosen now."""
        return self._planner.is_planned_as_chosen

    @property
    def is_first_plan_awaited(self) -> bool:
        return self._planner.found is None and not self.has_class("unreadable")

    # -- showing the profiles and the plan -----------------------------------------------------

    def _show_found_profiles(self, found: Found) -> None:
        self.remove_class("unreadable")
        self._set_widget_text("#profiles-title", profile_texts.profile_counts_title(found.current))
        self.query_one("#plan", AgingLine).set_text(partial(profile_texts.next_sync_line, found))
        options = profile_texts.sync_options_line(found, self.app.key_of("profiles.options"))
        self._set_widget_text("#in-force", options)
        hints = profile_texts.next_step_hints(found, self.app.key_of)
        self.set_class(bool(hints), "with-hint")
        self._set_widget_text("#hint", *hints)
        self.fields.show_problems(found.proposal.problems)
        self._show_rows(found)
        self._show_profile_details()
        self.refresh_bindings()
        self.run_waiting_action(is_planned=found.error is None)

    def _show_rows(self, found: Found) -> None:
        """Show the rows. Warn if another program has removed profiles that the user has chosen."""
        is_own = self._is_changing_config or self._has_changed_config
        warns = not is_own and self._current is not None and self._current is not found.current
        note = profile_texts.invalid_option_note(found, self.app.key_of)
        self.pane.show_rows(found.rows, note, warns=warns)
        self._current, self._has_changed_config = found.current, False

    def _end_lost_sync(self, name: str) -> None:
        """Warn that the session is gone. Ignore keys until a pause: the user means the old sync."""
        self._close_option_fields()
        self.run_waiting_action(is_planned=False)
        self.app.typing_pause.begin(KeyKind.OTHER)
        self.app.show_warning(f'the session "{name}" is no longer in the config')

    def _show_config_error(self, error: SsoHelperError) -> None:
        text = profile_texts.config_error_text(error, self.app.key_of("profiles.edit"))
        self.query_one("#error", Static).update(Content(text))
        self._set_widget_text("#profiles-title", "Profiles: the config cannot be read")
        self.add_class("unreadable")
        self.pane.show_rows(NO_ROWS)
        self.refresh_bindings()
        self.run_waiting_action(is_planned=False)

    def _set_widget_text(self, where: str, *lines: str) -> None:
        self.query_one(where, Static).update(Content("\n".join(map(show, lines))))

    def on_profile_pane_moved(self) -> None:
        self._show_profile_details()
        self.refresh_bindings()

    def _show_profile_details(self) -> None:
        found, row, section = self._planner.found, self.pane.list.row, self.pane.list.section
        lines: list[Line] = []
        if row is not None and found is not None:
            lines = profile_texts.profile_detail_lines(row, found.current.path)
        elif section is not None:
            lines = profile_texts.section_help_lines(section, self.app.key_of)
        self.detail.set_lines(lines)

    async def on_profile_pane_left(self) -> None:
        await self.app.run_action("app.go('accounts')")

    def on_profile_pane_opened(self) -> None:
        if not self.is_first_plan_awaited:
            self.action_diff()

    # -- the options of the sync ---------------------------------------------------------------

    @first_plan.after_first_plan
    def action_toggle_options(self) -> None:
        """Open the fields of the sync's options, or close them and keep their texts."""
        found = self._planner.found
        if self.fields.display:
            self._keep_option_texts()
        elif found is not None:
            proposal = found.proposal
            self._texts_before = texts = self._planner.options.texts
            self.fields.open(texts or proposal.texts, proposal.defaults)
            self.fields.show_problems(found.proposal.problems)
            self.refresh_bindings()

    def on_sync_fields_changed(self, event: SyncFields.Changed) -> None:
        event.stop()
        if self.fields.display:  # a late event is ignored: the session may have changed
            self._planner.plan_soon(self.fields.texts)

    def on_sync_fields_closed(self, event: SyncFields.Closed) -> None:
        event.stop()
        if event.keep:
            self._keep_option_texts()
        else:
            self._close_option_fields()
            self._change_options(texts=self._texts_before)

    def _keep_option_texts(self) -> None:
        """Close the option fields and keep their texts, or go to the first invalid field."""
        session, texts = self._planner.session, self.fields.texts
        if session is None:
            return
        try:
            problems = sync_choices.parse_option_texts(self.app.services, session, texts).problems
        except SsoHelperError as error:
            self.app.show_error(error)
            return
        if problems:
            self.fields.show_problems(problems)
            self.fields.go_to(next(iter(problems)))
            self.app.show_warning(profile_texts.first_option_problem(problems))
            return
        self._close_option_fields()
        self._change_options(texts=texts)

    def _close_option_fields(self) -> None:
        if self.fields.display:
            self.fields.close()
            self.pane.line.focus()
            self.refresh_bindings()

    def _change_options(self, **changes: Any) -> None:
        self._planner.change_options(self._planner.options._replace(**changes))

    @first_plan.after_first_plan
    def action_prune(self) -> None:
        """Toggle whether the sync removes profiles, as `--prune` does."""
        self._change_options(prune=not self._planner.options.prune)

    @first_plan.after_first_plan
    def action_rename(self) -> None:
        """Toggle whether the sync renames managed profiles as the name template says."""
        self._change_options(rename=not self._planner.options.rename)

    @first_plan.question_after_first_plan
    def action_adopt(self) -> None:
        """Ask which profiles of other tools to adopt. If some are chosen already, unselect them."""
        found, planner = self._planner.found, self._planner
        if found is None or planner.options.adopt:
            self._change_options(adopt=frozenset())
            return
        others, name = found.proposal.others, planner.session_name
        if profile_texts.is_adoption_unknown(found):
            self.app.show_warning(profile_texts.missing_input_hint(found, self.app.key_of))
            return

        async def choose_profiles_to_adopt() -> None:
            chosen = await adopt_questions.offer_all_profiles(self.app, others)
            if planner.session_name == name:
                self._change_options(adopt=chosen)

        self._start_change("adopt", choose_profiles_to_adopt)

    def action_show_next_session(self) -> None:
        self._close_option_fields()
        self._planner.show_next_session()

    # -- the actions on profiles ---------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether the action is possible: None shows its key dimmed, False hides it."""
        if action == "edit" and self.fields.display:
            return False  # the key moves the cursor in the fields
        if action in _CHANGING and self.has_class("unreadable"):
            return False
        if action == "show_next_session":
            return self._planner.has_several_sessions
        if action in _CHANGING and self._planner.found is None:
            return True if action in _WAITING and self.is_first_plan_awaited else None
        if action in _OF_SESSION and self._planner.session is None:
            return None
        if action == "adopt":
            found = self._planner.found
            return found is not None and (
                bool(adopting.choose_adoptable(found.proposal.others))
                or profile_texts.is_adoption_unknown(found)
            )
        if action == "remove":
            return True if self.pane.find_names_to_remove() or self.pane.has_no_match else None
        return True

    def palette(self) -> list[Command]:
        found, names = self._planner.found, self.pane.find_names_to_remove()
        lines = profile_texts.palette_command_lines(found, self._planner.wish, names)
        offered = {name: line for name, line in lines.items() if self.check_action(name, ())}
        run = run_on_same_target(
            self.app,
            lambda: (self._planner.session_name, self.pane.find_roles_to_remove()),
            lambda action: getattr(self, f"action_{action}")(),
        )
        return make_palette_commands("profiles", offered, run)

    def _start_change(self, name: str, change: Callable[[], Awaitable[object]]) -> None:
        self.app.started.start(self, f"profiles.{name}", self._make_change(change))

    async def _make_change(self, change: Callable[[], Awaitable[object]]) -> None:
        """Make a change, show its error, then read the config and plan the sync again."""
        self._is_changing_config = True
        try:
            await change()
        except SsoHelperError as error:
            self.app.show_error(error)
        finally:
            self._is_changing_config, self._has_changed_config = False, True
        self._planner.read_config_and_plan()

    @first_plan.question_after_first_plan
    def action_apply(self) -> None:
        wish = self._planner.wish
        if wish is None:
            return
        if self.fields.display:
            wish = Wish(wish.session, wish.options._replace(texts=self.fields.texts))

        async def apply_planned_sync() -> None:
            if await profile_actions.apply_sync(self.app, wish):
                self._planner.forget_options_of(wish.session)
                self._close_option_fields()

        self._start_change("apply", apply_planned_sync)

    @first_plan.question_after_first_plan
    def action_remove(self) -> None:
        rows = self.pane.find_rows_to_remove()

        async def remove_chosen_profiles() -> None:
            if await profile_actions.remove_profiles(self.app, rows):
                self.pane.clear_ticks()

        if rows:
            self._start_change("remove", remove_chosen_profiles)
        else:
            self.app.warn_nothing_selected("profile")

    @first_plan.question_after_first_plan
    def action_undo(self) -> None:
        self._start_change("undo", lambda: profile_actions.undo_last_write(self.app))

    def action_refresh(self) -> None:
        session = self._planner.session
        if session is not None:
            self._start_change("refresh", lambda: profile_actions.refresh_roles(self.app, session))

    @first_plan.after_first_plan
    @starts_action("profiles.diff")
    async def action_diff(self) -> None:
        """Show the diff of the plan, scrolled to the profile under the cursor, or why there is
        none.
        """
        found, row = self._planner.found, self.pane.find_row()
        plan = found.proposal.plan if found is not None else None
        if found is not None and plan is not None:
            name = row.name if row else None
            await profile_actions.show_diff(self.app, found.current.path, plan, name)
        elif found is not None:
            self.app.show_warning(profile_texts.missing_plan_text(found, self.app.key_of))

    def action_edit(self) -> None:
        """Open the editor at the profile under the cursor, then read the config again."""
        row = self.pane.find_row()
        item = row.item if row is not None else None
        try:
            profile_actions.edit_config(self.app, item.entry.line if item is not None else None)
        except SsoHelperError as error:
            self.app.show_error(error)
        self._has_changed_config = True
        self._planner.read_config_and_plan()
