"""The Profiles screen: all profiles, grouped by what the next sync does with them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from ssohelper.actions import adopting, setup_text, sync_choices
from ssohelper.actions.sync_choices import ACCOUNTS, FORM, REGION, ROLES, TEMPLATE
from ssohelper.core import plan_text
from ssohelper.core.choices import NO_CHOICES
from ssohelper.core.clock_text import ago_text
from ssohelper.core.model import SsoSession
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError
from ssohelper.tui import background, profile_rows
from ssohelper.tui.commands import Command, make_palette_commands, run_on_same_target
from ssohelper.tui.current_size import CurrentSizeScreen
from ssohelper.tui.keys import KeyOf, action_binding
from ssohelper.tui.one_time_timers import call_after
from ssohelper.tui.profile_rows import NO_ROWS, STALE, ProfileRow, ProfileRows, Section
from ssohelper.tui.screens import adopt_questions, profile_actions
from ssohelper.tui.screens.profile_actions import profile_names_as_arguments
from ssohelper.tui.screens.proposal import (
    NO_OPTIONS,
    CurrentProfiles,
    Options,
    Proposal,
    Wish,
    plan_from_saved_list,
    read_current_profiles,
    sync_command_line,
)
from ssohelper.tui.started_actions import starts_action
from ssohelper.tui.typing_pause import KeyKind
from ssohelper.tui.widgets.key_bar import KeyBar
from ssohelper.tui.widgets.lines import Line, WrappedView
from ssohelper.tui.widgets.message_line import AgingLine, MessageLine
from ssohelper.tui.widgets.profile_pane import ProfilePane
from ssohelper.tui.widgets.sync_fields import LABELS, SyncFields
from ssohelper.tui.widgets.top_bar import TopBar

if TYPE_CHECKING:
    from textual.screen import Screen

    from ssohelper.tui.dialog_app import DialogApp

# The sync is planned again when the user has not typed for this many seconds.
_TYPED_SECONDS = 0.15


class Found(NamedTuple):
    """What the Profiles screen shows. `error` is why the sync could not be planned."""

    current: CurrentProfiles
    wish: Wish | None
    proposal: Proposal
    rows: ProfileRows
    error: SsoHelperError | None = None


class Planner:
    """Keeps the options that the user chose for the sync, and plans the sync with these options.

    `found` is the result of the latest request.
    """

    def __init__(
        self,
        screen: Screen[Any],
        app: DialogApp,
        show: Callable[[Found], None],
        show_config_error: Callable[[SsoHelperError], None],
        session_is_gone: Callable[[str], None],
    ) -> None:
        """Make a planner that calls `show` with its result, or `show_config_error` with an error.

        `session_is_gone` is called with the session's name if the config no longer has it. The next
        plan is then for the config's first session.
        """
        self._screen, self._app = screen, app
        self._show_found, self._show_config_error = show, show_config_error
        self._session_is_gone = session_is_gone
        # What the screen shows. None before there is a plan for the session to sync.
        self.found: Found | None = None
        # The name of the session to sync. Not its position, which may change with the config.
        self.session_name: str | None = None
        # The options that the user has chosen for the sync of that session.
        self.options = NO_OPTIONS
        self._current: CurrentProfiles | None = None
        self._typing: asyncio.TimerHandle | None = None
        # Whether the config must be read again, whether the sync must be planned again, and whether
        # the worker that does this is running.
        self._must_read = self._must_plan = self._is_working = False

    @property
    def is_planned_as_chosen(self) -> bool:
        """Return whether `found` was planned with the options that the user has chosen by now."""
        is_working = self._is_working or self._typing is not None
        return self.found is not None and self.found.error is None and not is_working

    @property
    def session(self) -> SsoSession | None:
        return self.found.wish.session if self.found and self.found.wish else None

    @property
    def has_several_sessions(self) -> bool:
        return self._current is not None and len(self._current.sessions) > 1

    @property
    def wish(self) -> Wish | None:
        return Wish(self.session, self.options) if self.session else None

    def change_options(self, options: Options) -> None:
        self.options = options
        self.plan_sync()

    def show_next_session(self) -> None:
        """Plan the sync of the next session, without the options chosen for the present session."""
        names = [session.name for session in self._current.sessions] if self._current else []
        if names:
            at = names.index(self.session_name) if self.session_name in names else -1
            self._choose_session(names[(at + 1) % len(names)])
            self.plan_sync()

    def forget_options_of(self, session: SsoSession) -> None:
        """Forget the options that were chosen for this session, because they are saved now."""
        if session.name == self.session_name:
            self.options = NO_OPTIONS

    def _choose_session(self, name: str | None) -> None:
        self.session_name, self.options, self.found = name, NO_OPTIONS, None

    def plan_soon(self, texts: dict[str, str]) -> None:
        """Plan the sync with these option texts when the user has stopped typing."""
        self.options = self.options._replace(texts=texts)
        if self._typing is not None:
            self._typing.cancel()
        self._typing = call_after(self._screen, _TYPED_SECONDS, self.plan_sync)

    def read_config_and_plan(self) -> None:
        self._must_read = True
        self.plan_sync()

    def plan_sync(self) -> None:
        if self._typing is not None:
            self._typing.cancel()
            self._typing = None
        self._must_plan = True
        if not self._is_working:
            self._is_working = True
            self._screen.run_worker(self._do_pending_work(), group="plan")

    async def _do_pending_work(self) -> None:
        try:
            while self._must_plan:
                self._must_plan = False
                try:
                    found = await self._read_and_plan()
                except SsoHelperError as error:
                    self._current = self.found = None
                    self._show_config_error(error)
                else:
                    if not self._must_plan:
                        self.found = found
                        self._show_found(found)
        finally:
            self._is_working = False
        self._screen.refresh_bindings()

    async def _read_and_plan(self) -> Found:
        app, services = self._app, self._app.services
        if self._must_read or self._current is None:
            self._must_read = False
            self._current = await background.run(app, lambda: read_current_profiles(services))
            self._check_that_session_exists(self._current)
        current, error = self._current, None
        sessions = {session.name: session for session in current.sessions}
        session = sessions[self.session_name] if self.session_name is not None else None
        wish = Wish(session, self.options) if session is not None else None
        proposal = Proposal()
        if wish is not None:
            try:
                proposal = await background.run(app, lambda: plan_from_saved_list(services, wish))
            except SsoHelperError as cause:
                error = cause
        plan = proposal.plan
        rows = await background.run(
            app, lambda: profile_rows.build_profile_rows(current.profiles, plan)
        )
        return Found(current, wish, proposal, rows, error)

    def _check_that_session_exists(self, current: CurrentProfiles) -> None:
        names = [session.name for session in current.sessions]
        before = self.session_name
        if before in names:
            return
        self._choose_session(names[0] if names else None)
        if before is not None:
            self._session_is_gone(before)


def profile_counts_title(current: CurrentProfiles) -> str:
    count = len(current.profiles)
    managed = sum(item.entry.managed for item in current.profiles)
    where = f"{plan_text.profile_count_text(count)} in {current.path}"
    return f"{where}: ◆ {managed} managed, {count - managed} yours"


def config_error_text(error: SsoHelperError, key: str) -> str:
    hint = f"\n{show(error.hint)}" if error.hint else ""
    note = "Until you correct the error, no profile can be changed on this screen."
    return f"{show(error.message)}{hint}\n\n{key} opens the file. {note}"


def palette_command_lines(
    found: Found | None, wish: Wish | None, names: Sequence[str]
) -> dict[str, str]:
    """Return the command lines that do the same as actions of the Profiles screen, by action."""
    lines = {}
    if wish is not None and found is not None:
        lines["apply"] = sync_command_line(wish, found.proposal.given, found.proposal.others)
        lines["refresh"] = f"list --refresh --session {wish.session.name}"
    lines |= {"prune": "profile sync --prune", "rename": "profile sync --rename"}
    lines |= {"adopt": "profile sync --adopt GLOB", "undo": "profile undo"}
    if names:
        lines["remove"] = f"profile rm {profile_names_as_arguments(names)}"
    return lines


def next_sync_line(found: Found, now: int) -> str:
    wish, proposal = found.wish, found.proposal
    if wish is None:
        return "profile sync: there is no session yet"
    command = sync_command_line(wish, NO_CHOICES, proposal.others)
    if found.error is not None:
        return f"{command}: not possible"
    if proposal.problems:
        return f"{command}: {first_option_problem(proposal.problems)}"
    if proposal.plan is None:
        return f"{command}: no list of roles yet"
    listed = f"listed {ago_text(now - (proposal.listed_at or 0))}"
    # The command comes last, where a narrow screen cuts it off: the later question shows it too.
    return f"{plan_text.plan_counts_text(proposal.plan, noun='')} · {listed} · {command}"


def first_option_problem(problems: Mapping[str, str]) -> str:
    """Return what is wrong with the first invalid option, with the name of its field."""
    field, text = next(iter(problems.items()))
    return f"option {LABELS[field]}: {text}"


def sync_options_line(found: Found, key: str) -> str:
    proposal, texts = found.proposal, found.wish.options.texts if found.wish else None
    if not proposal.texts:
        return ""
    now = {
        name: text.strip() or proposal.defaults[name]
        for name, text in (texts or proposal.texts).items()
    }
    parts = [
        f"accounts {now[ACCOUNTS] or 'all'}",
        f"roles {now[ROLES] or 'all'}",
        f"form {now[FORM]}",
        now[REGION],
        f"names {now[TEMPLATE]}",
    ]
    changed = "changed, not yet applied: " if proposal.given != NO_CHOICES else ""
    return f"{key}: {changed}{' · '.join(parts)}"


def next_step_hints(found: Found, key_of: KeyOf) -> list[str]:
    """Return what the user must do before a sync, or a warning, and what can be adopted."""
    return [*filter(None, (missing_input_hint(found, key_of), _adopt_hint(found, key_of)))]


def is_adoption_unknown(found: Found) -> bool:
    """Return whether profiles might be adopted once there is a session with a list of roles."""
    proposal = found.proposal
    is_planned = proposal.plan is not None or bool(proposal.problems)
    return not is_planned and any(not item.entry.managed for item in found.current.profiles)


def _adopt_hint(found: Found, key_of: KeyOf) -> str:
    able = adopting.choose_adoptable(found.proposal.others)
    key = key_of("profiles.adopt")
    if not able:
        return ""
    if found.wish is not None and found.wish.options.adopt:
        count = plan_text.profile_count_text(len(able & found.wish.options.adopt))
        return (
            f"{count} of {len(able)} to adopt: {key_of('profiles.apply')} writes, {key} leaves them"
        )
    needing = adopting.choose_needing(found.proposal.others)
    verb = "needs" if len(needing) == 1 else "need"
    need = f", {len(needing)} {verb} ssohelper to work" if needing else ""
    return f"{setup_text.adoptable_count_text(found.proposal.others)}{need}: {key} adopts"


def missing_input_hint(found: Found, key_of: KeyOf) -> str:
    """Return what the user must do before a sync, or a warning about its filters, or ""."""
    proposal = found.proposal
    if found.error is not None:
        return ". ".join(filter(None, (found.error.message, found.error.hint)))
    if proposal.warning:
        return proposal.warning
    if found.wish is None:
        return (
            f"Set up a session first: {key_of('app.sessions')} shows the form, "
            f"or type: ssohelper setup START_URL. {setup_text.TRY_THE_DEMO}"
        )
    if proposal.plan is None and not proposal.problems:
        command = f"ssohelper list --refresh --session {found.wish.session.name}"
        return f"Press {key_of('profiles.refresh')} to ask AWS for your roles, or type: {command}"
    if not found.current.profiles and proposal.plan is not None and proposal.plan.add:
        return (
            f"There is no profile yet. {key_of('profiles.apply')} writes those below after a "
            f"question; {key_of('profiles.options')} chooses accounts and roles first."
        )
    if not found.rows and not proposal.problems:
        return (
            "There is no profile yet, and no role that would get one: "
            f"{key_of('profiles.options')} shows the filters, {key_of('profiles.refresh')} asks AWS."
        )
    return ""


def missing_plan_text(found: Found, key_of: KeyOf) -> str:
    """Return why there is no plan, and so no diff."""
    if found.proposal.problems:
        return f"no diff: {invalid_option_note(found, key_of)}"
    return missing_input_hint(found, key_of)


def invalid_option_note(found: Found, key_of: KeyOf) -> str:
    """Return which option is not valid, with the key that opens the options, or ""."""
    problems = found.proposal.problems
    if not problems:
        return ""
    return f"{first_option_problem(problems)} · {key_of('profiles.options')} opens the options"


def section_help_lines(section: Section, key_of: KeyOf) -> list[Line]:
    says = {
        "+": f"{key_of('profiles.apply')} adds these profiles, after a question.",
        "~": f"{key_of('profiles.apply')} changes these profiles, after a question.",
        "-": f"{key_of('profiles.apply')} removes these profiles, after a question.",
        "": "The sync leaves these profiles as they are.",
    }
    says["!"] = "The sync skips these profiles; each line says why."
    if section.key == plan_text.TO_ADOPT:
        apply = key_of("profiles.apply")
        says["~"] = f"{apply} adopts these profiles, under the names they have, after a question."
    if section.key == STALE:
        says["!"] = (
            f"The roles are no longer listed. {key_of('profiles.prune')} removes these profiles too."
        )
    return [[(show(section.title), "strong")], [(says[section.sign], "")]]


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


def after_first_plan(
    act: Callable[[ProfilesScreen], object], *, asks: bool = False
) -> Callable[[ProfilesScreen], None]:
    """Decorate an action so that it waits for the first plan if that is still being made."""

    @wraps(act)
    def act_or_wait(screen: ProfilesScreen) -> None:
        if screen.is_first_plan_awaited:
            name = act.__name__.removeprefix("action_")
            screen.wait_for_first_plan(name, lambda: act(screen), asks=asks)
        else:
            act(screen)

    return act_or_wait


# The decorator `after_first_plan` for actions that ask a question.
question_after_first_plan = partial(after_first_plan, asks=True)


# The actions that need a session.
_OF_SESSION = frozenset(["apply", "adopt", "toggle_options", "refresh", "diff", "prune", "rename"])
# The actions that wait for the first plan if they are typed before it is made.
_WAITING = (_OF_SESSION - {"refresh"}) | {"undo", "remove"}
# The actions that need a config which can be read.
_CHANGING = _OF_SESSION | _WAITING | {"show_next_session"}
# From this number of columns or lines on, the screen has this CSS class.
_COLUMNS = [(0, "narrow"), (70, "wide"), (120, "beside")]
_LINES = [(0, "low"), (20, "middle"), (28, "high")]


class ProfilesScreen(CurrentSizeScreen[None]):
    """Shows the profiles of ~/.aws/config, and what a sync would do with them.

    An action whose key is typed before the first plan is made runs then. The keys after it wait for
    its dialog; before a question they are dropped, since the user has not seen it.
    """

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
        self._waiting_act: Callable[[], object] | None = None
        self._waiting_name, self._asks = "", False
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

    def wait_for_first_plan(self, name: str, act: Callable[[], object], *, asks: bool) -> None:
        """Run `act`, the method `action_NAME`, when the plan is made."""
        self._waiting_name, self._waiting_act, self._asks = name, act, asks
        self.app.hold_keys(cancelled=self._forget_waiting_action)

    def _forget_waiting_action(self, _is_leaving: bool) -> None:
        self._waiting_act = None

    async def on_screen_suspend(self) -> None:
        if self._waiting_act is not None:
            self._waiting_act = None
            await self.app.drop_keys()

    def run_waiting_action(self, *, is_planned: bool) -> None:
        """Run the action that waits for the plan.

        Without a plan, drop the action and later keys.
        """
        act, self._waiting_act = self._waiting_act, None
        if act is None:
            return
        if is_planned and self.check_action(self._waiting_name, ()):
            self.run_worker(self._run_before_waiting_keys(act))
        else:
            self.app.bell()
            self.app.call_later(self.app.drop_keys)

    async def _run_before_waiting_keys(self, act: Callable[[], object]) -> None:
        if self._asks:
            if self.app.has_held_keys:
                self.app.bell()
                self.app.typing_pause.begin(KeyKind.OTHER)
            await self.app.drop_keys()
        act()
        if not self._asks and not self.app.started.is_holding_keys:
            self.app.call_later(self.app.release_keys)

    # -- showing the profiles and the plan -----------------------------------------------------

    def _show_found_profiles(self, found: Found) -> None:
        self.remove_class("unreadable")
        self._set_widget_text("#profiles-title", profile_counts_title(found.current))
        self.query_one("#plan", AgingLine).set_text(partial(next_sync_line, found))
        options = sync_options_line(found, self.app.key_of("profiles.options"))
        self._set_widget_text("#in-force", options)
        hints = next_step_hints(found, self.app.key_of)
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
        note = invalid_option_note(found, self.app.key_of)
        self.pane.show_rows(found.rows, note, warns=warns)
        self._current, self._has_changed_config = found.current, False

    def _end_lost_sync(self, name: str) -> None:
        """Warn that the session is gone. Ignore keys until a pause: the user means the old sync."""
        self._close_option_fields()
        self.run_waiting_action(is_planned=False)
        self.app.typing_pause.begin(KeyKind.OTHER)
        self.app.show_warning(f'the session "{name}" is no longer in the config')

    def _show_config_error(self, error: SsoHelperError) -> None:
        text = config_error_text(error, self.app.key_of("profiles.edit"))
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
            lines = profile_detail_lines(row, found.current.path)
        elif section is not None:
            lines = section_help_lines(section, self.app.key_of)
        self.detail.set_lines(lines)

    async def on_search_pane_left(self) -> None:
        await self.app.run_action("app.go('accounts')")

    def on_profile_pane_opened(self) -> None:
        if not self.is_first_plan_awaited:
            self.action_diff()

    # -- the options of the sync ---------------------------------------------------------------

    @after_first_plan
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
            self.app.show_warning(first_option_problem(problems))
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

    @after_first_plan
    def action_prune(self) -> None:
        """Toggle whether the sync removes profiles, as `--prune` does."""
        self._change_options(prune=not self._planner.options.prune)

    @after_first_plan
    def action_rename(self) -> None:
        """Toggle whether the sync renames managed profiles as the name template says."""
        self._change_options(rename=not self._planner.options.rename)

    @question_after_first_plan
    def action_adopt(self) -> None:
        """Ask which profiles of other tools to adopt. If some are chosen already, unselect them."""
        found, planner = self._planner.found, self._planner
        if found is None or planner.options.adopt:
            self._change_options(adopt=frozenset())
            return
        others, name = found.proposal.others, planner.session_name
        if is_adoption_unknown(found):
            self.app.show_warning(missing_input_hint(found, self.app.key_of))
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
                bool(adopting.choose_adoptable(found.proposal.others)) or is_adoption_unknown(found)
            )
        if action == "remove":
            return True if self.pane.find_names_to_remove() or self.pane.has_no_match else None
        return True

    def palette(self) -> list[Command]:
        found, names = self._planner.found, self.pane.find_names_to_remove()
        lines = palette_command_lines(found, self._planner.wish, names)
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

    @question_after_first_plan
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

    @question_after_first_plan
    def action_remove(self) -> None:
        rows = self.pane.find_rows_to_remove()

        async def remove_chosen_profiles() -> None:
            if await profile_actions.remove_profiles(self.app, rows):
                self.pane.clear_ticks()

        if rows:
            self._start_change("remove", remove_chosen_profiles)
        else:
            self.app.warn_nothing_selected("profile")

    @question_after_first_plan
    def action_undo(self) -> None:
        self._start_change("undo", lambda: profile_actions.undo_last_write(self.app))

    def action_refresh(self) -> None:
        session = self._planner.session
        if session is not None:
            self._start_change("refresh", lambda: profile_actions.refresh_roles(self.app, session))

    @after_first_plan
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
            self.app.show_warning(missing_plan_text(found, self.app.key_of))

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
