"""The Sessions screen: shows each session's sign-in with its three clocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Resize
from textual.widgets import Static

from ssohelper.actions import login, session_edit
from ssohelper.actions.clocks import SessionClock
from ssohelper.actions.flows import session_change
from ssohelper.actions.flows.dialogue import Dialogue
from ssohelper.core import clock_text
from ssohelper.core.clock_text import has_ended_text, time_left_text
from ssohelper.core.model import SsoSession
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError
from ssohelper.tui import background
from ssohelper.tui.dialog_app import MainScreen
from ssohelper.tui.keys import action_binding
from ssohelper.tui.list_states import ListStates
from ssohelper.tui.one_time_timers import call_after_drawing
from ssohelper.tui.running_sign_ins import RunningSignIn
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.screen_dialogue import run_flow
from ssohelper.tui.screens.set_up import SetUpForm, SetUpScreen
from ssohelper.tui.screens.sign_in import open_sign_in
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
from ssohelper.tui.widgets.lines import Chooser, Line, WrappedView
from ssohelper.tui.widgets.message_line import MessageLine
from ssohelper.tui.widgets.top_bar import TopBar

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp

_LABEL_WIDTH, _STATE_WIDTH, _ID_WIDTH = 16, 12, 12
# The states of a session: the sign, the word and the style of each.
_STATES = {
    "valid": ("●", "signed in", "good"),
    "expired": ("◐", "expired", "warn"),
    "signed_out": ("○", "signed out", "dim"),
    # The state of a session whose access token is still valid, but which AWS will not renew again.
    "ended": ("◐", "ended", "warn"),
    "signing_in": ("◌", "signing in", "accent"),
}


def session_row(name: str, state_name: str, what: str, width: int) -> Line:
    """Return a session's line in the list; `state_name` is a key of _STATES."""
    sign, state, style = _STATES[state_name]
    name_width = _name_width(width)
    return [
        (f"  {sign} ", style),
        (f"{fitted(name, name_width)} ", "strong"),
        (fitted(state, _STATE_WIDTH), style),
        (fitted(what, width - name_width - _STATE_WIDTH - 5).rstrip(), "dim"),
    ]


def _name_width(width: int) -> int:
    # On a screen of 40 columns, "23h 59m left" fits whole beside the session's name.
    return max(4, min(34, width // 3, width - 30))


def session_lines(
    clock: SessionClock, further: Sequence[FurtherRegion], states: ListStates, now: int
) -> list[Line]:
    """Return lines with the session's address, regions and user, and why its list is old."""
    session = clock.session
    lines = [_labelled("start URL", session.start_url), _labelled("region", region_text(clock))]
    for region in further:
        state = "signed in" if region.is_signed_in else "not signed in"
        style = "" if region.is_signed_in else "warn"
        if not region.is_signed_in and clock.state != "signed_out":
            state += f": ssohelper login {session.name} --force"
        lines.append(_labelled("further", f"{region.region}: {state}", style))
    if clock.user:
        lines.append(_labelled("user", clock.user))
    state, failure = states.text_of_list(session.name, now), states.last_failure(session.name)
    if state and failure is not None:
        lines += [_labelled("role list", state, "warn"), _labelled("", failure.message, "dim")]
    return lines


def _labelled(label: str, text: str, style: str = "") -> Line:
    return [(fitted(f"  {label}", _LABEL_WIDTH), "dim"), (show(text), style)]


def running_sign_in_text(sign_in: RunningSignIn) -> str:
    """Return how long a running sign-in still waits for the user, or what it waits for."""
    if sign_in.question is not None:
        return "asks something"
    if sign_in.failure is not None:
        return "failed"
    return sign_in.time_left or sign_in.page.waits_for


def sign_in_hint_lines(clock: SessionClock, key: str) -> list[Line]:
    """Return lines with what has happened to the sign-in, and the key and command that sign in."""
    ended = f"The sign-in {has_ended_text(clock.outlook)}."
    what = "You are signed out." if clock.state == "signed_out" else ended
    return [
        [(f"  {what} ", ""), (f"Press {key}", "accent"), (" to sign in, or type:", "")],
        [(f"  $ {show(f'ssohelper login {clock.session.name}')}", "accent")],
    ]


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
    accounts = {key.account_id for key, _ in mine}
    counts = Counter(snapshot.account_names.get(id_) for id_ in accounts)
    names = {id_: snapshot.account_names.get(id_) or id_ for id_ in accounts}
    names = {id_: id_ if counts[name] > 1 else name for id_, name in names.items()}
    times = [time_left_text(found.credentials.expires_at, aws_now) for _, found in mine]
    # Four blanks precede the account, one the role and two the time.
    left = width - 7 - max(map(cell_len, times))
    widest = max(cell_len(show(name)) for name in names.values())
    least = _ID_WIDTH if any(name.isdigit() for name in names.values()) else 8
    role_width = max(cell_len(show(key.role_label)) for key, _ in mine)
    name_width = max(1, min(widest, max(left - role_width, least)))
    role_width = max(1, min(role_width, left - name_width))
    lines: list[Line] = [[("  role credentials", "dim")]]
    for key, found in mine:
        account, role = (
            fitted(names[key.account_id], name_width),
            fitted(key.role_label, role_width),
        )
        lines.append(credentials_line((f"    {account} {role}  ", ""), found, aws_now, 0))
    return lines


def summary_of_clock(clock: SessionClock, now: int) -> str:
    """Return in a few words how long a sign-in lasts, or "" if it must be made."""
    if clock.state == "signed_out" or clock.outlook.is_sign_in_needed(now):
        return ""
    if clock.state == "expired":
        return "renewed automatically"
    at = clock.outlook.at
    if at is not None and at <= now:
        return "may have ended"
    return time_left_text(at, now) if at is not None else ""


class SessionsScreen(MainScreen):
    HELP_TEXT = (
        "Each sign-in with its three clocks: how long the sign-in lasts, the access token, "
        "and the credentials of each role. AWS does not report when a sign-in ends: the line "
        "shows where the time comes from. The same on the command line: ssohelper status. Another "
        "address, cached data and what a removed session left: ssohelper session --help, "
        "ssohelper cache --help"
    )
    CSS_PATH = "../styles/screens.tcss"
    CSS = """
    SessionsScreen #sessions { height: auto; max-height: 40%; min-height: 1; padding: 0 1; }
    SessionsScreen #details { height: 1fr; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        action_binding("sessions.sign_in"),
        action_binding("sessions.sign_out"),
        action_binding("sessions.set_up"),
        action_binding("sessions.remove"),
        action_binding("sessions.sign_in_anew", show=False),
        action_binding("sessions.back", "app.go('accounts')", show=False),
    ]
    app: DialogApp
    has_content = False

    def __init__(self) -> None:
        super().__init__()
        self._snapshot: Snapshot | None = None
        self._is_reading = False
        self._was_elsewhere = True  # whether another screen was shown before, not a dialog
        self._chooser = Chooser(self._draw_row, key_of=self._name_on_line, id="sessions")
        self._details, self._form = WrappedView(id="details"), SetUpForm()

    def compose(self) -> ComposeResult:
        yield TopBar("sessions")
        yield self._chooser
        yield Static("", id="error", classes="error", markup=False)
        yield Static("Clocks", id="clocks", classes="part--title", markup=False)
        yield self._details
        yield self._form
        yield MessageLine()
        yield KeyBar()

    def on_mount(self) -> None:
        self._show_parts()
        self.app.signed_in.subscribe(self, lambda _name: self.read_clocks())
        self.set_interval(1.0, self._redraw_clocks)
        self.app.clocks_read.subscribe(self, lambda _nothing: self._read_if_shown())
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

    def _read_if_shown(self) -> None:
        if self.is_current:  # otherwise the clocks are read when the screen is shown again
            self.read_clocks()

    def read_clocks(self) -> None:
        """Read the clocks of all sessions from files again, in the background."""
        if not self._is_reading:
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
        self.note_content()
        self.app.set_config_sessions(snapshot.sessions_in_config)
        count, had_form = len(snapshot.clocks) + len(snapshot.broken), self._form.display
        self._show_parts(clocks=count > 0, form=count == 0)
        if self._form.display and not had_form:
            self._form.focus_first_field()
        self._chooser.set_count(count)
        if is_first and count:
            self._chooser.focus()
            self._go_to_sign_in()
        self._redraw_clocks()

    def _show_config_error(self, error: SsoHelperError) -> None:
        self._is_reading = False
        self.note_content()
        self._snapshot = None
        hint = f"\n{show(error.hint)}" if error.hint else ""
        self.query_one("#error", Static).update(f"{show(error.message)}{hint}")
        self._show_parts(error=True)

    def _show_parts(self, *, clocks: bool = False, form: bool = False, error: bool = False) -> None:
        self._chooser.display = self._details.display = clocks
        self.query_one("#clocks").display = clocks
        self._form.display, self.query_one("#error").display = form, error

    def _go_to_sign_in(self) -> None:
        """Put the cursor on the one session whose sign-in the message line says to show from here."""
        running = [one.session.name for one in self.app.sign_ins.values() if one.runs_in_background]
        names = [self._name_on_line(line) for line in range(self._chooser.count)]
        if len(running) == 1 and running[0] in names:
            self._chooser.go_to(names.index(running[0]))

    def _name_on_line(self, line: int) -> str:
        if self._snapshot is None:
            return ""
        clocks, broken = self._snapshot.clocks, self._snapshot.broken
        return clocks[line].session.name if line < len(clocks) else broken[line - len(clocks)][0]

    def _redraw_clocks(self) -> None:
        if self._snapshot is not None and self.is_current:
            self._chooser.refresh()
            width = self._details.size.width - 2
            self._details.set_lines(self._make_detail_lines(self._snapshot, width), stay=True)

    def on_resize(self, event: Resize) -> None:
        # Draws the clocks again, because the length of their bars depends on the screen's width.
        call_after_drawing(self, self._redraw_clocks)

    def on_chooser_moved(self, event: Chooser.Moved) -> None:
        self._redraw_clocks()

    def _draw_row(self, number: int, width: int) -> Line:
        if self._snapshot is None:
            return []  # the config cannot be read: the list is drawn once more, then hidden
        if number >= len(self._snapshot.clocks):
            name, message = self._snapshot.broken[number - len(self._snapshot.clocks)]
            name = fitted(name, _name_width(width))
            return [("  ✗ ", "bad"), (f"{name} ", ""), (show(message), "bad")]
        clock = self._snapshot.clocks[number]
        what = self._summary_of_session(clock)
        if clock.session in self._snapshot.unlisted:
            what = f"{clock_text.NOT_IN_CONFIG}, {what}" if what else clock_text.NOT_IN_CONFIG
        state: str = "ended" if self._has_ended(clock) else clock.state
        if self._find_running_sign_in(clock) is not None:
            state = "signing_in"
        return session_row(clock.session.name, state, what, width)

    def _find_running_sign_in(self, clock: SessionClock) -> RunningSignIn | None:
        """Return the session's running sign-in, unless its dialog covers this screen."""
        sign_in = self.app.sign_ins.get(clock.session.name)
        return sign_in if sign_in and (sign_in.is_kept or self.is_active) else None

    def _summary_of_session(self, clock: SessionClock) -> str:
        sign_in = self._find_running_sign_in(clock)
        if sign_in is not None:
            return running_sign_in_text(sign_in)
        return summary_of_clock(clock, self.app.services.clock.now())

    def _has_ended(self, clock: SessionClock) -> bool:
        return clock.state != "signed_out" and clock.outlook.is_sign_in_needed(
            self.app.services.clock.now()
        )

    def _make_detail_lines(self, snapshot: Snapshot, width: int) -> list[Line]:
        number, services = self._chooser.cursor, self.app.services
        if number < 0:
            return []
        if number >= len(snapshot.clocks):
            broken = snapshot.broken[number - len(snapshot.clocks) :][:1]
            return [[(f"  {show(message)}", "bad")] for _name, message in broken]
        clock, now = snapshot.clocks[number], services.clock.now()
        sign_in_key = self.app.key_of("sessions.sign_in")
        further = snapshot.further.get(clock.session.name, ())
        lines = [*session_lines(clock, further, self.app.list_states, now), []]
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
        clocks = self._snapshot.clocks if self._snapshot is not None else ()
        number = self._chooser.cursor
        return clocks[number].session if 0 <= number < len(clocks) else None

    def _get_session_or_warn(self) -> SsoSession | None:
        session, snapshot = self.session, self._snapshot
        if session is None and snapshot is not None and snapshot.broken:
            self.app.show_warning("this session cannot be used: the text below the list says why")
        elif session is None:
            self.app.warn_nothing_selected("session")
        return session

    @property
    def menu_title(self) -> str:
        return self._name_on_line(self._chooser.cursor) if self._chooser.cursor >= 0 else ""

    @property
    def command_words(self) -> dict[str, str]:
        return {"session": self.session.name} if self.session is not None else {}

    def action_set_up(self) -> None:
        self.app.push_screen(SetUpScreen(), lambda _done: self.read_clocks())

    def action_sign_in(self, force: bool = False) -> None:
        """Sign in to the session under the cursor; with `force` even if it is signed in."""
        session = self._get_session_or_warn()
        if session is None:
            return
        open_sign_in(self.app, session, force=force)
        self.read_clocks()  # closes the dialog if another program has removed the session

    def action_sign_in_anew(self) -> None:
        self.action_sign_in(force=True)

    def action_sign_out(self) -> None:
        self._start("sign_out", sign_out)

    def action_remove(self) -> None:
        """Remove the session; if it is not in the config, remove only its sign-in."""
        unlisted = self._snapshot.unlisted if self._snapshot is not None else ()
        self._start("remove", sign_out if self.session in unlisted else remove_session)

    def _start(self, name: str, change: Callable[[DialogApp, SsoSession], Awaitable[None]]) -> None:
        session = self._get_session_or_warn()
        if session is None:
            return

        async def change_and_read() -> None:
            try:
                await change(self.app, session)
            finally:
                self.read_clocks()

        self.app.busy.start(f"sessions.{name}", change_and_read)


async def sign_out(app: DialogApp, session: SsoSession) -> None:
    """Sign out of the session, here and at AWS, after a question."""
    services, name = app.services, session.name
    command, question = f"ssohelper logout {name}", f'Sign out of "{name}", here and at AWS?'
    await background.run(app, lambda: session_edit.check_name(services, session))
    if await app.push_screen_wait(ConfirmScreen(question, command=command)):
        # Another program may have given the name to another portal during the question.
        await background.run(app, lambda: session_edit.check_name(services, session))
        was_signing_in = app.stop_sign_in(name)
        was = await background.run(app, lambda: login.log_out(services, session))
        done = clock_text.logout_result_text(name, was)
        app.show_done(done + "; its running sign-in was stopped" * was_signing_in, command)


async def remove_session(app: DialogApp, session: SsoSession) -> None:
    """Reading the config after this stops the session's running sign-in."""

    def check_and_remove(dialogue: Dialogue) -> None:
        session_edit.check_name(app.services, session)
        session_change.remove_session(app.services, dialogue, session)

    await run_flow(app, check_and_remove)
