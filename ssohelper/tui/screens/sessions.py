"""The Sessions screen: shows each session's sign-in with its three clocks."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple, cast

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Resize
from textual.widgets import Static

from ssohelper.actions import cache_contents, config_writing, login, selection, session_edit
from ssohelper.actions.clocks import SessionClock
from ssohelper.actions.session_edit import SessionPlan
from ssohelper.core import clock_text, plan_text
from ssohelper.core.clock_text import has_ended_text, time_left_text
from ssohelper.core.model import SsoSession
from ssohelper.core.text import broken_into_lines, count_text, show
from ssohelper.errors import SsoHelperError
from ssohelper.tui import background
from ssohelper.tui.commands import Command, make_palette_commands, run_on_same_target
from ssohelper.tui.current_size import CurrentSizeScreen
from ssohelper.tui.keys import action_binding
from ssohelper.tui.list_states import ListStates
from ssohelper.tui.one_time_timers import call_after_drawing
from ssohelper.tui.running_sign_ins import STOPPED_TOO, RunningSignIn
from ssohelper.tui.screens.config_write import NOTHING_CHANGED
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.set_up import SetUpForm, SetUpScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from ssohelper.tui.started_actions import starts_action
from ssohelper.tui.typing_pause import KeyKind
from ssohelper.tui.widgets.cells import fitted
from ssohelper.tui.widgets.clock_lines import (
    FurtherRegion,
    Snapshot,
    credentials_line,
    read_snapshot,
    region_text,
    sign_in_line,
    token_line,
)
from ssohelper.tui.widgets.key_bar import KeyBar
from ssohelper.tui.widgets.lines import Chooser, Line, LineView, WrappedView, diff_lines
from ssohelper.tui.widgets.message_line import MessageLine
from ssohelper.tui.widgets.top_bar import TopBar

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp

_LABEL_WIDTH = 16
_ROLE_WIDTH, _LEAST_NAME, _LEAST_BAR = 20, 8, 4
_ID_WIDTH = 12
# The states of a session: the sign, the word and the style of each.
SESSION_STATES = {
    "valid": ("●", "signed in", "good"),
    "expired": ("◐", "expired", "warn"),
    "signed_out": ("○", "signed out", "dim"),
    # The state of a session whose access token is still valid, but which AWS will not renew again.
    "ended": ("◐", "ended", "warn"),
    "signing_in": ("◌", "signing in", "accent"),
}


class SessionKey(NamedTuple):
    """Identifies a session's line by name and portal. An unusable session has only `name`."""

    name: str
    start_url: str = ""
    region: str = ""


def key_of_session_line(snapshot: Snapshot, line: int) -> SessionKey:
    if line >= len(snapshot.clocks):
        return SessionKey(snapshot.broken[line - len(snapshot.clocks)][0])
    session = snapshot.clocks[line].session
    return SessionKey(session.name, session.start_url, session.region)


def session_row(clock: SessionClock, state_name: str, what: str, width: int) -> Line:
    """Return a session's line in the list; `state_name` is a key of SESSION_STATES."""
    sign, state, style = SESSION_STATES[state_name]
    name_width = _name_width(width)
    # The state is narrower on a screen of 40 columns, so that "10:00 left" fits whole.
    state_width, user_width = 12 if width > 40 else 11, 18 if width >= 90 else 0
    left = width - name_width - state_width - user_width - 5
    return [
        (f"  {sign} ", style),
        (fitted(clock.session.name, name_width) + " ", "strong"),
        (fitted(state, state_width), style),
        (fitted(clock.user or "", user_width), ""),
        (fitted(what, left).rstrip(), "dim"),
    ]


def unusable_session_row(name: str, message: str, width: int) -> Line:
    return [("  ✗ ", "bad"), (fitted(name, _name_width(width)) + " ", ""), (show(message), "bad")]


def _name_width(width: int) -> int:
    # On a screen of 40 columns, "23h 59m left" fits whole beside the session's name.
    return max(4, min(34, width // 3, width - 28))


def session_lines(
    clock: SessionClock,
    further: Sequence[FurtherRegion],
    states: ListStates,
    now: int,
    width: int,
    key: str,
) -> list[Line]:
    """Return lines with the session's name, address, regions and user, and why its list is old.

    `key` signs in to all regions again.
    """
    session = clock.session
    rows = [("session", session.name), ("start URL", session.start_url)]
    lines: list[Line] = [
        [
            _label_and_style(label),
            (fitted(text, width - _LABEL_WIDTH).rstrip(), "strong" if at == 0 else ""),
        ]
        for at, (label, text) in enumerate([*rows, ("region", region_text(clock))])
    ]
    for region in further:
        lines += _further_region_lines(region, width, key if clock.state != "signed_out" else "")
    if clock.user:
        lines.append(
            [_label_and_style("signed in"), (fitted(clock.user, width - _LABEL_WIDTH).rstrip(), "")]
        )
    state, failure = states.text_of_list(session.name, now), states.last_failure(session.name)
    if state and failure is not None:
        lines.append([_label_and_style("role list"), (state, "warn")])
        lines += _labelled_lines("", failure.message, width, "dim")
    return lines


def _further_region_lines(region: FurtherRegion, width: int, key: str) -> list[Line]:
    state, style = "not signed in", "warn" if key else "dim"
    if region.is_signed_in:
        state, style = "signed in", ""
    elif key:
        state += f", {key} signs in again"
    return _labelled_lines("further", f"{region.region}: {state}", width, style)


def _labelled_lines(label: str, text: str, width: int, style: str) -> list[Line]:
    parts = broken_into_lines(show(text), max(8, width - _LABEL_WIDTH))
    return [
        [_label_and_style(label if at == 0 else ""), (part, style)] for at, part in enumerate(parts)
    ]


def running_sign_in_text(sign_in: RunningSignIn) -> str:
    """Return how long a running sign-in still waits for the user, or what it waits for."""
    if sign_in.question is not None:
        return "asks something"
    if sign_in.failure is not None:
        return "failed"
    return sign_in.time_left or sign_in.page.waits_for


def unusable_session_lines(name: str, message: str, width: int) -> list[Line]:
    wrapped = textwrap.wrap(show(message), max(20, width - 2)) or [""]
    return [[], [(f"  {show(name)}", "strong")], *([(f"  {part}", "bad")] for part in wrapped)]


def sign_in_hint_lines(clock: SessionClock, key: str) -> list[Line]:
    """Return lines with what has happened to the sign-in, and the key and command that sign in."""
    ended = f"The sign-in {has_ended_text(clock.outlook)}."
    what = "You are signed out." if clock.state == "signed_out" else ended
    return [
        [(f"  {what} ", ""), (f"Press {key}", "accent"), (" to sign in, or type:", "")],
        [(f"  $ {show(f'ssohelper login {clock.session.name}')}", "accent")],
    ]


def _label_and_style(text: str) -> tuple[str, str]:
    return fitted(f"  {text}", _LABEL_WIDTH), "dim"


def cached_role_lines(
    snapshot: Snapshot, session: SsoSession, aws_now: int, width: int
) -> list[Line]:
    """Return a line for each role of the session with cached credentials, with the time left."""
    mine = [
        (key, found)
        for key, found in snapshot.credentials
        if key.session_name == session.name and found.credentials.expires_at > aws_now
    ]
    if not mine:
        return [[("  role credentials  ", "dim"), ("none cached", "dim")]]
    times = [time_left_text(found.credentials.expires_at, aws_now) for _, found in mine]
    names = Counter(snapshot.account_names.get(id_) for id_ in {key.account_id for key, _ in mine})
    is_id_needed = None in names or max(names.values()) > 1
    columns = _role_columns(
        width - max(map(cell_len, times)),
        _ID_WIDTH if is_id_needed else _LEAST_NAME,
        max(cell_len(show(key.role_label)) for key, _ in mine),
    )
    lines: list[Line] = [[("  role credentials", "dim")]]
    for key, found in mine:
        name = snapshot.account_names.get(key.account_id) or ""
        if not columns.has_id and (not name or names[name] > 1):
            name = key.account_id
        id_ = f"{key.account_id}  " if columns.has_id else ""
        account, role = fitted(name, columns.name), fitted(key.role_label, columns.role)
        label = f"{columns.indent}{account} {id_}{role}{' ' if columns.bar else '  '}"
        lines.append(credentials_line((label, ""), found, aws_now, columns.bar))
    return lines


class _RoleColumns(NamedTuple):
    indent: str
    name: int
    has_id: bool
    role: int
    bar: int


def _role_columns(width: int, least_name: int, longest_role: int) -> _RoleColumns:
    """Return the widths of the columns before the time, which together have this width.

    With too little room, the account's id is left out first, then the bar. Then the account's name
    is shortened, to no less than `least_name`, and last the role's.
    """
    id_width = _ID_WIDTH + len("  ")
    # One blank follows the name, one precedes the bar, and two follow the bar.
    rest = width - len("    ") - 1 - _ROLE_WIDTH - 3
    if rest >= _LEAST_NAME + id_width + _LEAST_BAR:
        name = max(_LEAST_NAME, min(28, (rest - id_width) * 2 // 3))
        return _RoleColumns("    ", name, True, _ROLE_WIDTH, min(24, rest - id_width - name))
    role = min(_ROLE_WIDTH, longest_role)
    rest = width - len("    ") - 1 - role - 3
    if rest >= _ID_WIDTH + _LEAST_BAR:
        name = min(28, rest - _LEAST_BAR)
        return _RoleColumns("    ", name, False, role, min(24, rest - name))
    rest = width - len("  ") - 1 - 2
    role = max(1, min(role, rest - least_name))
    return _RoleColumns("  ", max(1, min(28, rest - role)), False, role, 0)


def summary_of_clock(clock: SessionClock, now: int, *, has_ended: bool, sign_in_key: str) -> str:
    """Return in a few words how long a sign-in lasts, or what to do: `press s to sign in`."""
    if clock.state == "signed_out":
        return f"press {sign_in_key} to sign in"
    if has_ended:
        return "sign in again"
    if clock.state == "expired":
        return "renewed automatically"
    at = clock.outlook.at
    if at is not None and at <= now:
        return "may have ended"
    return time_left_text(at, now) if at is not None else ""


# How often the screen reads the files of the clocks. It counts the clocks down every second.
_READ_SECONDS = 5.0


class SessionsScreen(CurrentSizeScreen[None]):
    HELP_TEXT = (
        "Each sign-in with its three clocks: how long the sign-in lasts, the access token, "
        "and the credentials of each role. AWS does not report when a sign-in ends: the line "
        "shows where the time comes from. The same on the command line: ssohelper status"
    )
    CSS_PATH = "../styles/screens.tcss"
    CSS = """
    SessionsScreen #sessions { height: auto; max-height: 40%; min-height: 1; padding: 0 1; }
    SessionsScreen #details { height: 1fr; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        action_binding("sessions.sign_in"),
        action_binding("sessions.sign_in_anew", show=False),
        action_binding("sessions.sign_out"),
        action_binding("sessions.forget"),
        action_binding("sessions.set_up"),
        action_binding("sessions.remove"),
        action_binding("sessions.refresh", show=False),
        action_binding("sessions.help", "app.help", show=False),
        action_binding("sessions.back", "app.go('accounts')", show=False),
        action_binding("sessions.quit", "app.quit", show=False),
    ]
    app: DialogApp

    def __init__(self) -> None:
        super().__init__()
        self._snapshot: Snapshot | None = None
        self._busy: dict[str, str] = {}
        # The names of sessions that the user has removed here.
        self._removed_names: set[str] = set()
        self._is_reading = False
        self._was_elsewhere = True  # whether another screen was shown before, not a dialog

    def compose(self) -> ComposeResult:
        yield TopBar("sessions")
        yield Static("Sessions", id="title", classes="part--title", markup=False)
        yield Chooser(self._draw_session_row, key_of=self._key_of_line, id="sessions")
        yield Static("", id="error", classes="error", markup=False)
        yield Static("Clocks", id="clocks", classes="part--title", markup=False)
        yield WrappedView(id="details")
        yield SetUpForm()
        yield MessageLine()
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one(SetUpForm).display = False
        self.query_one("#error").display = False
        self.app.signed_in.subscribe(self, lambda _name: self.read_clocks())
        self.set_interval(1.0, self._redraw_clocks)
        self.set_interval(_READ_SECONDS, self.read_clocks)
        self.read_clocks()

    def on_screen_suspend(self) -> None:
        self._was_elsewhere = self.app.current_mode != "sessions"

    def on_screen_resume(self) -> None:
        if self._was_elsewhere:
            self._go_to_sign_in()
        self.read_clocks()

    @property
    def has_read_clocks(self) -> bool:
        return self._snapshot is not None

    # -- reading and showing the clocks --------------------------------------------------------

    def read_clocks(self) -> None:
        """Read the clocks of all sessions from files again, in the background."""
        if self._is_reading:
            return
        self._is_reading = True
        services = self.app.services
        self.app.run_in_background(
            lambda: read_snapshot(services), self._show_snapshot, self._show_config_error
        )

    def _show_snapshot(self, snapshot: Snapshot) -> None:
        self._is_reading = False
        if not self.query("#error"):  # the program ends: the screen's widgets are already removed
            return
        is_first, self._snapshot = self._snapshot is None, snapshot
        self.app.set_config_sessions(snapshot.sessions_in_config)
        nothing = not snapshot.clocks and not snapshot.broken
        self.query_one("#error").display = False
        for part in ("#title", "#sessions", "#clocks", "#details"):
            self.query_one(part).display = not nothing
        form = self.query_one(SetUpForm)
        if nothing and not form.display:
            form.display = True
            form.focus_first_field()
        form.display = nothing
        chooser = self.query_one("#sessions", Chooser)
        self._show_lines_read_again(chooser, len(snapshot.clocks) + len(snapshot.broken))
        if is_first and not nothing:
            chooser.focus()
            self._go_to_sign_in()
        self._redraw_clocks()

    def _show_lines_read_again(self, chooser: Chooser, count: int) -> None:
        """Show this number of lines.

        The cursor stays on its session.

        If the session is gone, say so, and ignore keys until a pause: the user means the old line.
        """
        before = cast("SessionKey | None", chooser.cursor_key)
        chooser.set_count(count)
        if before is None or chooser.cursor_key == before:
            return
        self.app.typing_pause.begin(KeyKind.OTHER)
        if before.name in self._removed_names:
            self._removed_names.remove(before.name)
        elif not self._go_to_session(before.name):
            self.app.show_warning(f'the session "{before.name}" is no longer in the list')

    def _go_to_sign_in(self) -> None:
        """Put the cursor on the one session whose sign-in the message line says to show from here."""
        running = [one.session.name for one in self.app.sign_ins.values() if one.runs_in_background]
        if len(running) == 1:
            self._go_to_session(running[0])

    def _go_to_session(self, name: str) -> bool:
        chooser = self.query_one("#sessions", Chooser)
        names = [self._key_of_line(line).name for line in range(chooser.count)]
        if name in names:
            chooser.go_to(names.index(name))
        return name in names

    def _key_of_line(self, line: int) -> SessionKey:
        return key_of_session_line(self._snapshot, line) if self._snapshot else SessionKey("")

    def _show_config_error(self, error: SsoHelperError) -> None:
        self._is_reading = False
        self._snapshot = None
        hint = f"\n{show(error.hint)}" if error.hint else ""
        error_line = self.query_one("#error", Static)
        error_line.update(f"{show(error.message)}{hint}")
        error_line.display = True
        for part in ("#sessions", "#clocks", "#details"):
            self.query_one(part).display = False
        self.query_one(SetUpForm).display = False

    def _redraw_clocks(self) -> None:
        if self._snapshot is None or not self.is_current:
            return
        self.query_one("#sessions").refresh()
        details = self.query_one("#details", LineView)
        details.set_lines(self._session_detail_lines(details.size.width - 2), stay=True)

    def on_resize(self, event: Resize) -> None:
        # Draws the clocks again, because the length of their bars depends on the screen's width.
        call_after_drawing(self, self._redraw_clocks)

    def on_chooser_moved(self, event: Chooser.Moved) -> None:
        self._redraw_clocks()

    def _draw_session_row(self, number: int, width: int) -> Line:
        if self._snapshot is None:
            return []  # the config cannot be read: the list is drawn once more, then hidden
        if number >= len(self._snapshot.clocks):
            broken = self._snapshot.broken[number - len(self._snapshot.clocks)]
            return unusable_session_row(*broken, width)
        clock = self._snapshot.clocks[number]
        what = self._busy.get(clock.session.name) or self._summary_of_session(clock)
        if clock.session in self._snapshot.unlisted:
            what = f"{clock_text.NOT_IN_CONFIG}, {what}" if what else clock_text.NOT_IN_CONFIG
        return session_row(clock, self._name_of_state(clock), what, width)

    def _name_of_state(self, clock: SessionClock) -> str:
        if self._find_running_sign_in(clock) is not None:
            return "signing_in"
        return "ended" if self._has_ended(clock) else clock.state

    def _find_running_sign_in(self, clock: SessionClock) -> RunningSignIn | None:
        """Return the session's running sign-in, unless its dialog covers this screen."""
        sign_in = self.app.sign_ins.get(clock.session.name)
        return sign_in if sign_in and (sign_in.is_kept or self.is_active) else None

    def _summary_of_session(self, clock: SessionClock) -> str:
        sign_in = self._find_running_sign_in(clock)
        if sign_in is not None:
            return running_sign_in_text(sign_in)
        now, key = self.app.services.clock.now(), self.app.key_of("sessions.sign_in")
        return summary_of_clock(clock, now, has_ended=self._has_ended(clock), sign_in_key=key)

    def _has_ended(self, clock: SessionClock) -> bool:
        return clock.state != "signed_out" and clock.outlook.is_sign_in_needed(
            self.app.services.clock.now()
        )

    def _session_detail_lines(self, width: int) -> list[Line]:
        snapshot, number = self._snapshot, self.query_one("#sessions", Chooser).cursor
        if snapshot is None or (not snapshot.clocks and not snapshot.broken):
            return []
        if number >= len(snapshot.clocks):
            broken = snapshot.broken[number - len(snapshot.clocks)]
            return unusable_session_lines(*broken, width)
        clock = snapshot.clocks[number]
        services, states = self.app.services, self.app.list_states
        now = services.clock.now()
        key, sign_in_key = map(self.app.key_of, ("sessions.sign_in_anew", "sessions.sign_in"))
        further = snapshot.further.get(clock.session.name, ())
        lines: list[Line] = [[], *session_lines(clock, further, states, now, width, key), []]
        # A clock's label, the time left and the text that says how the time is known take up to 57
        # columns. On a narrow screen, the clock has no bar, and its text is wrapped.
        bar = min(40, width - 57) if width >= 65 else 0
        is_signing_in = self._find_running_sign_in(clock) is not None
        if is_signing_in:
            shown: Line = [("  A sign-in runs. ", ""), (f"Press {sign_in_key}", "accent")]
            lines += [[*shown, (" to see or stop it.", "")], []]
        if clock.state == "signed_out":
            return lines if is_signing_in else lines + sign_in_hint_lines(clock, sign_in_key)
        lines += [sign_in_line(clock, now, bar), token_line(clock, now, bar), []]
        if self._has_ended(clock) and not is_signing_in:
            lines += [*sign_in_hint_lines(clock, sign_in_key), []]
        return lines + cached_role_lines(snapshot, clock.session, services.clock.aws_now(), width)

    on_set_up_done = read_clocks

    # -- the actions on a session --------------------------------------------------------------

    @property
    def session(self) -> SsoSession | None:
        number = self.query_one("#sessions", Chooser).cursor
        if self._snapshot is None or not 0 <= number < len(self._snapshot.clocks):
            return None
        return self._snapshot.clocks[number].session

    def _get_session_or_warn(self) -> SsoSession | None:
        session, snapshot = self.session, self._snapshot
        if session is None and snapshot is not None and snapshot.broken:
            self.app.show_warning("this session cannot be used: the text below the list says why")
        elif session is None:
            self.app.warn_nothing_selected("session")
        return session

    def palette(self) -> list[Command]:
        lines = {"set_up": "setup START_URL", "refresh": "status"}
        if self.session is not None:
            name = self.session.name
            lines |= {
                "sign_in": f"login {name}",
                "sign_in_anew": f"login {name} --force",
                "sign_out": f"logout {name}",
                "forget": f"cache clear --session {name}",
                "remove": f"session rm {name}",
            }
        run = run_on_same_target(
            self.app,
            lambda: self.query_one("#sessions", Chooser).cursor_key,
            lambda action: getattr(self, f"action_{action}")(),
        )
        return make_palette_commands("sessions", lines, run)

    def action_refresh(self) -> None:
        self.read_clocks()

    def action_set_up(self) -> None:
        self.app.push_screen(SetUpScreen(), lambda _done: self.read_clocks())

    def action_sign_in(self, force: bool = False) -> None:
        """Sign in to the session under the cursor; with `force` even if it is signed in."""
        session = self._get_session_or_warn()
        if session is None:
            return
        dialog = SignInScreen(session, force=force)

        def report_sign_in(_nothing: None) -> None:
            outcome = dialog.outcome
            if outcome is not None:
                self.app.show_done(*dialog.sign_in.result_messages(outcome))
                self.app.signed_in.publish(session.name)
            self.read_clocks()

        self.app.push_screen(dialog, report_sign_in)
        self.read_clocks()  # closes the dialog if another program has removed the session

    def action_sign_in_anew(self) -> None:
        self.action_sign_in(force=True)

    @starts_action("sessions.sign_out")
    async def action_sign_out(self) -> None:
        session = self._get_session_or_warn()
        if session is not None:
            await self._sign_out(session, self._is_unlisted(session))

    async def _sign_out(self, session: SsoSession, is_unlisted: bool) -> None:
        def show_busy() -> None:
            self._busy[session.name] = "signing out…"
            self._redraw_clocks()

        try:
            if await sign_out(self.app, session, show_busy) and is_unlisted:
                self._removed_names.add(session.name)
        finally:
            self._busy.pop(session.name, None)
            self.read_clocks()

    def _is_unlisted(self, session: SsoSession) -> bool:
        return self._snapshot is not None and session in self._snapshot.unlisted

    @starts_action("sessions.remove")
    async def action_remove(self) -> None:
        """Remove the session; if it is not in the config, remove only its sign-in."""
        session = self._get_session_or_warn()
        if session is not None and self._is_unlisted(session):
            await self._sign_out(session, is_unlisted=True)
        elif session is not None:
            try:
                if await remove_session(self.app, session):
                    self._removed_names.add(session.name)
            finally:
                self.read_clocks()

    @starts_action("sessions.forget")
    async def action_forget(self) -> None:
        session = self._get_session_or_warn()
        if session is not None:
            await delete_cached_data(self.app, session)
            self.read_clocks()


async def sign_out(app: DialogApp, session: SsoSession, show_busy: Callable[[], object]) -> bool:
    """Sign out of the session, here and at AWS, after a question. Return whether the user agreed."""
    services, name = app.services, session.name
    command, question = f"ssohelper logout {name}", f'Sign out of "{name}", here and at AWS?'
    if not await _ask_about_session(app, session, ConfirmScreen(question, command=command)):
        return False
    was_signing_in = app.stop_sign_in(name)
    show_busy()
    was = await background.run(app, lambda: login.log_out(services, session))
    done = clock_text.logout_result_text(name, was)
    app.show_done(done + STOPPED_TOO * was_signing_in, command)
    return True


async def delete_cached_data(app: DialogApp, session: SsoSession) -> None:
    """Delete the session's cached credentials and its list of roles, after a question."""
    services, name = app.services, session.name
    command = f"ssohelper cache clear --session {name} --yes"
    question = (
        f'Delete the cached credentials and the list of roles of "{name}"? You stay signed in.'
    )
    if await _ask_about_session(app, session, ConfirmScreen(question, command=command)):
        removed = await background.run(app, lambda: cache_contents.clear_cache(services, name))
        files = count_text(removed, "file")
        app.show_done(f"cached credentials and list of roles: {files} removed", command)


async def remove_session(app: DialogApp, session: SsoSession) -> bool:
    """Sign out and remove the session with its managed profiles, after a question with the diff.

    Return whether it was removed.
    """
    services, name = app.services, session.name

    def make_plan_and_diff() -> tuple[SessionPlan, list[Line]]:
        plan = session_edit.plan_session_removal(services, session)
        return plan, diff_lines(config_writing.diff_changes(services, plan.data, plan.changes))

    await _check_name(app, session, is_in_config=True)
    plan, lines = await background.run(app, make_plan_and_diff)
    count, command = len(plan.changes) - 1, f"ssohelper session rm {name}"
    profiles = f" with {plan_text.profile_count_text(count)}" if count else ""
    question = f'Sign out of "{name}", and remove it{profiles}?'
    if not await app.push_screen_wait(ConfirmScreen(question, lines=lines, command=command)):
        app.show_done(NOTHING_CHANGED)
        return False
    await background.run(app, lambda: session_edit.check_session_plan(services, plan))
    was_signing_in = app.stop_sign_in(name)
    await background.run(app, lambda: session_edit.apply_session_plan(services, plan))
    app.show_done(f'removed the session "{name}"' + STOPPED_TOO * was_signing_in, command)
    return True


async def _ask_about_session(app: DialogApp, session: SsoSession, question: ConfirmScreen) -> bool:
    """Ask. Return whether the user says yes, if the name still means this session then."""
    await _check_name(app, session)
    yes = await app.push_screen_wait(question)
    if yes:
        await _check_name(app, session)
    return yes


async def _check_name(app: DialogApp, session: SsoSession, *, is_in_config: bool = False) -> None:
    """Raise an SsoHelperError unless the name, or the config, still means this session."""
    services = app.services

    def check_session() -> None:
        if is_in_config:
            selection.check_session_in_config(services, session)
        session_edit.check_name(services, session)

    try:
        await background.run(app, check_session)
    except SsoHelperError:
        app.typing_pause.begin()  # letters meant for the dialog would run commands of the screen
        raise
