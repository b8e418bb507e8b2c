"""The Sessions screen: shows each session's sign-in with its three clocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Resize
from textual.widgets import Static

from ssohelper.actions.clocks import SessionClock
from ssohelper.core import clock_text
from ssohelper.core.model import SsoSession
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError
from ssohelper.tui.commands import Command, make_palette_commands, run_on_same_target
from ssohelper.tui.current_size import CurrentSizeScreen
from ssohelper.tui.keys import action_binding
from ssohelper.tui.one_time_timers import call_after_drawing
from ssohelper.tui.running_sign_ins import RunningSignIn
from ssohelper.tui.screens import session_questions
from ssohelper.tui.screens.session_lines import (
    SessionKey,
    cached_role_lines,
    key_of_session_line,
    running_sign_in_text,
    session_lines,
    session_row,
    sign_in_hint_lines,
    summary_of_clock,
    unusable_session_lines,
    unusable_session_row,
)
from ssohelper.tui.screens.set_up import SetUpForm, SetUpScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from ssohelper.tui.started_actions import starts_action
from ssohelper.tui.typing_pause import KeyKind
from ssohelper.tui.widgets.clock_lines import (
    Snapshot,
    read_snapshot,
    sign_in_line,
    token_line,
)
from ssohelper.tui.widgets.key_bar import KeyBar
from ssohelper.tui.widgets.lines import Chooser, Line, LineView, WrappedView
from ssohelper.tui.widgets.message_line import MessageLine
from ssohelper.tui.widgets.top_bar import TopBar

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp

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

    def on_screen_resume(self) -> None:
        self._go_to_running_sign_in()
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
            self._go_to_running_sign_in()
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

    def _go_to_running_sign_in(self) -> None:
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
            if await session_questions.sign_out(self.app, session, show_busy) and is_unlisted:
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
            if await session_questions.remove_session(self.app, session):
                self._removed_names.add(session.name)
            self.read_clocks()

    @starts_action("sessions.forget")
    async def action_forget(self) -> None:
        session = self._get_session_or_warn()
        if session is not None:
            await session_questions.delete_cached_data(self.app, session)
            self.read_clocks()
