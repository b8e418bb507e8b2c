"""Runs sign-ins for the app, at most one per session, with or without an open dialog."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from textual.signal import Signal

from ssohelper.actions import clocks, login, selection
from ssohelper.actions.login import LoginOptions, LoginOutcome
from ssohelper.core import clock_text
from ssohelper.core.deadline import Deadline
from ssohelper.core.device_flow import DeviceAuthorization
from ssohelper.core.model import SsoSession
from ssohelper.errors import Interrupted, LoginRequired, SsoHelperError
from ssohelper.system import browser
from ssohelper.tui import background

if TYPE_CHECKING:
    from ssohelper.core.keymap import WantedAction
    from ssohelper.tui.base import TuiApp

_T = TypeVar("_T")
_ANSWER_CHECK_SECONDS = 0.2
# How long the ending program waits for a sign-in to close its callback server. A request to AWS may
# take longer, but no callback server is open meanwhile.
_END_SECONDS = 0.5


class Page(NamedTuple):
    """What a sign-in's dialog shows: what it waits for, a note, a device code, a page's address."""

    waits_for: str = ""
    note: str = ""
    code: str = ""
    address: str = ""


class Question(NamedTuple):
    """A question to the user. The sign-in waits until `answer` is called."""

    text: str
    answer: Callable[[bool], None]


class RunningSignIn:
    """A sign-in to a session: what it shows, how long it waits, and how it ended.

    It runs from `begin` until `ended` is set. `outcome` is then the result, or None if it was
    stopped or failed in the background. With `is_kept` it goes on when its `dialogs` are closed.
    """

    def __init__(
        self,
        app: TuiApp[Any],
        running: dict[str, RunningSignIn],
        session: SsoSession,
        *,
        is_in_config: bool,
        force: bool = False,
    ) -> None:
        """`running` has the app's sign-ins by session; this one stays there until it ends."""
        self.session = session
        self._running = running
        running[session.name] = self
        # Whether the session was in the config when the config was last read. A set-up signs in
        # before it writes the session.
        self.is_in_config = is_in_config
        self.page = Page()
        self.failure: SsoHelperError | None = None
        self.question: Question | None = None
        self.outcome: LoginOutcome | None = None
        self.ended = asyncio.Event()
        self.changed: Signal[None] = Signal(app, "sign-in changed")
        self.dialogs = 0
        self.is_kept = False
        # The last action that stopped because this sign-in was needed. After the sign-in, a message
        # says how to run the action.
        self.waiting_action: WantedAction | None = None
        self.uses_code = self._is_code_wanted = False
        self.has_browser = False
        self._app, self._force = app, force
        self._deadline: Deadline | None = None
        self._attempt: _Attempt | None = None

    @property
    def has_running_attempt(self) -> bool:
        return self._attempt is not None

    @property
    def runs_in_background(self) -> bool:
        """Return whether an attempt to sign in is running that no open dialog shows."""
        return self.is_kept and not self.dialogs and self.has_running_attempt

    @property
    def time_left(self) -> str:
        """Return how long the sign-in still waits for the user: `4:12 left`, or "" if unknown."""
        if self._deadline is None or not self.has_running_attempt:
            return ""
        seconds = max(0, round(self._deadline.seconds_left()))
        return f"{seconds // 60}:{seconds % 60:02d} left"

    # -- what the user can do with a sign-in ---------------------------------------------------

    def begin(self) -> None:
        """Begin the sign-in, or begin it again after a failure."""
        self._cancel_attempt()
        app, services = self._app, self._app.services
        app.end_work.add(self.end_now)
        self.failure = self._deadline = None
        try:
            setting = services.settings.get("browser", session=self.session.name)
        except SsoHelperError as error:
            self._end_attempt(error)
            return
        opener = browser.find_opener(services.environ, setting)
        self.has_browser = opener is not None
        wanted = LoginOptions(device_code=self._is_code_wanted, force=self._force)
        options = login.choose_method(services, wanted, has_browser=self.has_browser)
        self.uses_code = options.device_code
        attempt = self._attempt = _Attempt(self, app, opener)
        background.start(
            app,
            lambda: attempt.run(options),
            partial(self._handle_outcome, attempt),
            partial(self._handle_failure, attempt),
        )
        self.show_page(Page("asking AWS"))

    def add_dialog(self) -> None:
        self.dialogs += 1
        self._publish_change()

    def remove_dialog(self) -> None:
        """Count one open dialog less. Without the last one, stop the sign-in unless it is kept."""
        self.dialogs -= 1
        if not self.dialogs and not self.is_kept:
            self.stop()
        self._publish_change()

    def keep(self, waiting_action: WantedAction | None) -> None:
        """Let the sign-in go on without a dialog. The message after it names `waiting_action`."""
        self.is_kept = True
        if waiting_action is not None:
            self.waiting_action = waiting_action
        self._publish_change()

    def use_device_code(self) -> None:
        self._is_code_wanted = True
        self.begin()

    def open_browser(self) -> None:
        if self._attempt is not None and self.page.address:
            self._attempt.reopen_browser()

    def answer(self, yes: bool) -> None:
        if self.question is not None:
            self.question.answer(yes)
            self.question = None
            self._publish_change()

    def stop(self) -> None:
        """End the sign-in at once; nothing is saved."""
        self._cancel_attempt()
        self._end(None)

    def end_now(self) -> None:
        """Stop the sign-in at the program's end. Wait a moment until its callback server closes."""
        attempt = self._attempt
        self._cancel_attempt()
        if attempt is not None:
            attempt.has_ended.wait(_END_SECONDS)

    # -- what an attempt to sign in reports ----------------------------------------------------

    def show_page(self, page: Page, seconds: float | None = None) -> None:
        """Show this page.

        `seconds` is how long the sign-in waits for the user, None if it does not.
        """
        self.page = page
        deadline = self._app.services.clock.deadline
        self._deadline = None if seconds is None else deadline(seconds)
        self._publish_change()

    def ask_question(self, question: Question) -> None:
        """Show this question in the dialog. If no dialog is open, a message says how to open it."""
        self.question = question
        if not self.dialogs:
            self._app.show_warning(
                f'the sign-in to "{self.session.name}" asks something: {self._keys_to_open_dialog()}'
            )
        self._publish_change()

    def _handle_outcome(self, attempt: _Attempt, outcome: LoginOutcome) -> None:
        if attempt.cancelled.is_set():
            return
        self._attempt = None
        in_background = not self.dialogs
        self._end(outcome)
        if in_background:
            self._app.show_done(*self.result_messages(outcome))
            self._app.signed_in.publish(self.session.name)

    def result_messages(self, outcome: LoginOutcome) -> tuple[str, str]:
        """Return the message after the sign-in, and the command line that does the same."""
        app, name = self._app, self.session.name
        ahead = clocks.outlook_of_token(app.services, self.session, outcome.token)
        next_step = app.keys_to_run_action(self.waiting_action) if self.waiting_action else ""
        text = clock_text.login_result_text(
            name, outcome.how, ahead, app.services.clock.now(), outcome.user, next_step
        )
        return text, f"ssohelper login {name}" + (" --force" if self._force else "")

    def _handle_failure(self, attempt: _Attempt, error: SsoHelperError) -> None:
        if not attempt.cancelled.is_set() and not isinstance(error, Interrupted):
            self._end_attempt(error)

    def _end_attempt(self, error: SsoHelperError) -> None:
        self._attempt = self.question = None
        self.failure = error
        self.show_page(Page())
        if not self.dialogs:
            hint = f"; {error.hint}" if error.hint else ""
            text, name = error.message, f'the sign-in to "{self.session.name}"'
            if not text.startswith(name):
                text = f"{name} failed: {text}"
            self._app.show_error(
                LoginRequired(text, hint=f"retry: {self._keys_to_open_dialog()}{hint}")
            )
            self._end(None)

    def _keys_to_open_dialog(self) -> str:
        keys = [self._app.key_of(f) for f in ("app.sessions", "sessions.sign_in")]
        return f"{keys[0]}, then {keys[1]}"

    def _publish_change(self) -> None:
        self.changed.publish(None)
        # The message line names a sign-in that goes on without a dialog.
        self._app.messages_changed.publish(None)

    # -- how a sign-in ends --------------------------------------------------------------------

    def _cancel_attempt(self) -> None:
        if self._attempt is not None:
            self._attempt.cancelled.set()
        self._attempt = self.question = None

    def _end(self, outcome: LoginOutcome | None) -> None:
        if self.ended.is_set():
            return
        self.outcome = outcome
        if self._running.get(self.session.name) is self:
            del self._running[self.session.name]
        self._app.end_work.discard(self.end_now)
        self.ended.set()
        self._publish_change()


class _Attempt:
    """The user interface of one attempt to sign in.

    `login.log_in` calls these methods in its own thread. They call RunningSignIn in the UI thread.
    """

    def __init__(
        self, sign_in: RunningSignIn, app: TuiApp[Any], opener: browser.Opener | None
    ) -> None:
        self._sign_in, self._app, self._opener = sign_in, app, opener
        self._make_address: Callable[[], str] | None = None
        self.cancelled, self.has_ended = threading.Event(), threading.Event()

    def run(self, options: LoginOptions) -> LoginOutcome:
        """Sign in, in a thread.

        Raises: the errors of `login.log_in`; ConfigInvalid for a lost session.
        """
        services, sign_in = self._app.services, self._sign_in
        try:
            if sign_in.is_in_config:
                selection.check_session_in_config(services, sign_in.session)
            return login.log_in(services, sign_in.session, self, options)
        finally:
            self.has_ended.set()

    def show_page(self, url: str, _port: int) -> None:
        note = "Sign in with a browser on this machine:"
        page = Page("waiting for browser", note, address=url)
        self._show_page_in_dialog(page, login.USER_SECONDS)

    def show_code(self, authorization: DeviceAuthorization) -> None:
        note = "Confirm only if you started this sign-in, and the page shows exactly this code:"
        address = authorization.verification_uri_complete
        page = Page("waiting for you", note, authorization.user_code, address)
        self._show_page_in_dialog(page, authorization.life_seconds)

    def open_browser(self, make_address: Callable[[], str]) -> bool:
        self._make_address = make_address
        if self._opener is None:
            return False
        opened = browser.start_opener(self._opener, make_address(), self._app.services.environ)
        if opened is None:
            text = "the browser could not be started: open the address yourself"
            self._call_in_ui_thread(self._app.show_warning, text)
        return opened is not None

    def reopen_browser(self) -> None:
        make_address = self._make_address
        if make_address is not None:
            self._app.run_in_background(lambda: self.open_browser(make_address))

    def confirm(self, question: str) -> bool:
        answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._call_in_ui_thread(self._sign_in.ask_question, Question(question, answers.put))
        while not self.cancelled.is_set():
            with suppress(queue.Empty):
                return answers.get(timeout=_ANSWER_CHECK_SECONDS)
        return False

    def can_ask(self) -> bool:
        return True

    def report_further_region(self, region: str) -> None:
        note = f"Now sign in in the region {region} too, as the same user:"
        self._show_page_in_dialog(Page(f"signing in in {region}", note), None)

    def report_waiting(self) -> None:
        note = "Another process is signing in to this session; its result will be used."
        self._show_page_in_dialog(Page("waiting for the other sign-in", note), None)

    def read_line(self) -> None:
        return None

    def is_cancelled(self) -> bool:
        return self.cancelled.is_set()

    def _show_page_in_dialog(self, page: Page, seconds: float | None) -> None:
        self._call_in_ui_thread(lambda shown: self._sign_in.show_page(*shown), (page, seconds))

    def _call_in_ui_thread(self, function: Callable[[_T], None], value: _T) -> None:
        def call_unless_cancelled(value: _T) -> None:
            if not self.cancelled.is_set():
                function(value)

        background.call_in_ui_thread(self._app, call_unless_cancelled, value)
