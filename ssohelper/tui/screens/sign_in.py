"""The sign-in dialog: shows the address, the code and a QR code while it waits for the user.

The user can cancel the sign-in at any time.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import Button, Static

from ssohelper.actions import login
from ssohelper.actions.login import LoginOptions, LoginOutcome
from ssohelper.core.device_flow import DeviceAuthorization
from ssohelper.core.model import SsoSession
from ssohelper.core.text import show
from ssohelper.errors import Interrupted, SsoHelperError
from ssohelper.system import browser
from ssohelper.tui import background
from ssohelper.tui.keys import action_binding
from ssohelper.tui.late_dismiss import LateDismissScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.widgets.message_line import MessageLine
from ssohelper.tui.widgets.qr import QrCode

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp

_T = TypeVar("_T")
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_FRAME_SECONDS = 0.25
_ANSWER_CHECK_SECONDS = 0.2
# The columns and lines that the dialog needs beside the QR code: for the text, the borders and the
# padding.
_TEXT_WIDTH, _FRAME_WIDTH, _FRAME_HEIGHT = 34, 5, 2
# The width of the text if there is no QR code, and the least screen height that shows all texts.
_WIDE, _LOW = 66, 20


class SignInScreen(LateDismissScreen[LoginOutcome | None]):
    """Signs the user in to a session.

    Its result is the outcome of the sign-in, or None if the user cancelled.
    """

    HELP_TEXT = (
        "Sign in with a browser. The same address and code are printed by `ssohelper login`. "
        "Cancel ends the sign-in at once, and nothing is saved."
    )
    CSS_PATH = "../styles/screens.tcss"
    CSS = """
    SignInScreen .dialog { width: auto; layout: horizontal; }
    SignInScreen #text { width: 66; height: auto; }
    SignInScreen .with-code #text { width: 34; margin-right: 1; }
    SignInScreen #why { height: auto; padding-bottom: 1; color: $text-warning; }
    SignInScreen #code { text-style: bold; color: $text-accent; padding: 1 2; height: auto; }
    SignInScreen #address { color: $text-primary; height: auto; padding: 1 0; }
    SignInScreen #waiting { height: auto; color: $text-muted; }
    SignInScreen #failure { height: auto; color: $text-error; padding-bottom: 1; }
    SignInScreen Button { margin-top: 0; width: auto; text-align: left; }
    /* On small terminals the text has priority over the buttons, which have keys too. */
    SignInScreen .narrow { width: 100%; }
    SignInScreen .narrow #text { width: 1fr; }
    SignInScreen .low { overflow-y: auto; }
    SignInScreen .low #why { display: none; }
    SignInScreen .low .dialog--title, SignInScreen .low #code, SignInScreen .low #address {
        padding: 0;
    }
    SignInScreen #buttons { height: auto; padding-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        action_binding("sign_in.retry"),
        action_binding("sign_in.browser", "open_browser"),
        action_binding("sign_in.copy"),
        action_binding("sign_in.device_code"),
        action_binding("sign_in.cancel"),
    ]
    app: TuiApp[Any]

    def __init__(
        self,
        session: SsoSession,
        *,
        force: bool = False,
        device_code: bool = False,
        why: SsoHelperError | None = None,
    ) -> None:
        super().__init__()
        self._session = session
        self._why = f"{show(why.message)}\n$ ssohelper login {show(session.name)}" if why else ""
        self._force = force
        self._device_code = device_code
        self._attempt: _Attempt | None = None
        self._uses_code = device_code
        self._address = ""
        self._began = 0.0
        self._waits_for = "asking AWS"

    def compose(self) -> ComposeResult:
        with Horizontal(classes="dialog"):
            with Vertical(id="text"):
                title = f'Sign in to "{show(self._session.name)}"'
                yield Static(Content(title), classes="dialog--title")
                if self._why:
                    yield Static(self._why, id="why", markup=False)
                yield Static("", id="note", classes="dialog--note", markup=False)
                yield Static("", id="code", markup=False)
                yield Static("", id="address", markup=False)
                yield Static("", id="failure", markup=False)
                yield Static("", id="waiting", markup=False)
                with Vertical(id="buttons"):
                    yield Button("Retry (r)", id="retry", compact=True)
                    yield Button("Open browser (o)", id="open_browser", compact=True)
                    yield Button("Copy the address (c)", id="copy", compact=True)
                    yield Button("Device code (d)", id="device_code", compact=True)
                    yield Button("Cancel (esc)", id="cancel", compact=True)
            yield QrCode(id="qr")
        yield MessageLine(in_dialog=True)

    def on_mount(self) -> None:
        self.set_interval(_FRAME_SECONDS, self._show_waiting)
        self.app.messages_changed.subscribe(self, lambda _nothing: self._fit_code())
        self._begin()

    def on_unmount(self) -> None:
        self._cancel()

    # -- running one attempt to sign in --------------------------------------------------------

    def _begin(self) -> None:
        self._cancel()
        services = self.app.services
        self._began = services.clock.monotonic()
        self._waits_for = "asking AWS"
        self._set_texts(note="", code="", address="", failure="")
        try:
            setting = login.browser_command_setting(services, self._session)
        except SsoHelperError as error:
            self._show_failure(error)
            return
        opener = browser.find_opener(services.environ, setting)
        device_code = self._uses_code = self._device_code or opener is None
        self._show_buttons(device_code=not device_code, open_browser=opener is not None, copy=True)
        self._attempt = _Attempt(self, opener)
        self._sign_in(self._attempt, LoginOptions(device_code=device_code, force=self._force))

    @work(exclusive=True, group="sign-in")
    async def _sign_in(self, attempt: _Attempt, options: LoginOptions) -> None:
        services, session = self.app.services, self._session
        try:
            outcome = await background.run(
                self.app, lambda: login.log_in(services, session, attempt, options)
            )
        except Interrupted:
            return
        except SsoHelperError as error:
            self._show_failure(error)
        else:
            if not attempt.cancelled.is_set():
                self.finish(outcome)

    def _cancel(self) -> None:
        if self._attempt is not None:
            self._attempt.cancelled.set()
            self._attempt = None

    def _show_failure(self, error: SsoHelperError) -> None:
        self._attempt = None
        self._waits_for = ""
        hint = f"\n{show(error.hint)}" if error.hint else ""
        self._set_texts(failure=f"{show(error.message)}{hint}", note="", code="", address="")
        self._show_buttons(retry=True, device_code=not self._uses_code)

    def _show_buttons(self, **shown: bool) -> None:
        """Show these buttons and Cancel. The first of them has the focus: Enter goes on."""
        buttons = [*self.query("#buttons > Button").results(Button)]
        for button in buttons:
            button.display = button.id == "cancel" or shown.get(button.id or "", False)
        next(button for button in buttons if button.display).focus(scroll_visible=False)
        self.refresh_bindings()

    # -- showing the state of the attempt ------------------------------------------------------

    def show_page(self, url: str) -> None:
        """Show the address of the sign-in page."""
        self._waits_for = "waiting for your browser"
        self._set_texts(note="Sign in with a browser on this machine:", address=url)

    def show_code(self, authorization: DeviceAuthorization) -> None:
        """Show the code, and the address of the page on which to confirm it."""
        self._waits_for = "waiting for you to confirm"
        note = "Confirm only if you started this sign-in, and the page shows exactly this code:"
        self._set_texts(note=note, code=authorization.user_code)
        self._set_texts(address=authorization.verification_uri_complete)
        self.query_one(QrCode).show_text(authorization.verification_uri_complete)
        self._fit_code()

    def show_opened(self, opened: bool) -> None:
        """Warn when the browser could not be started."""
        if not opened:
            self.app.show_warning("the browser could not be started: open the address yourself")

    def ask_about_other_user(self, asked: tuple[str, Callable[[bool], None]]) -> None:
        """Ask a question, and pass the answer to the function beside it."""
        question, answer = asked
        self.app.push_screen(ConfirmScreen(question), lambda yes: answer(bool(yes)))

    def show_further_region(self, region: str) -> None:
        """Show that the sign-in in a further region follows."""
        self._waits_for = f"signing in in {region}"
        self._set_texts(note=f"Now the same in {region}, as the same person:", code="", address="")

    def show_waiting_for_another(self, _nothing: None) -> None:
        """Show that another process is signing in."""
        self._waits_for = "waiting for the other sign-in"
        self._set_texts(
            note="Another process is signing in to this session; its result will be used."
        )

    def _set_texts(self, **texts: str) -> None:
        for name, text in texts.items():
            line = self.query_one(f"#{name}", Static)
            line.display = bool(text)
            line.update(Content(show(text) if name != "failure" else text))
        if "address" in texts:
            self._address = texts["address"]
            if not self._address:
                self.query_one(QrCode).show_text("")
                self._fit_code()

    def _show_waiting(self) -> None:
        self.query_one("#waiting").display = bool(self._waits_for)
        if not self._waits_for:
            return
        seconds = self.app.services.clock.monotonic() - self._began
        animated = self.app.animation_level != "none"
        frame = _FRAMES[int(seconds / _FRAME_SECONDS) % len(_FRAMES)] if animated else "…"
        clock = f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
        text = f"{frame} {self._waits_for}  {clock}"
        self.query_one("#waiting", Static).update(Content(text))

    def on_resize(self, event: Resize) -> None:
        self._fit_code()

    def _fit_code(self) -> None:
        """Show the QR code if all of it fits on the screen, otherwise hide it."""
        code = self.query_one(QrCode)
        width, height = code.cells_needed
        fits = width + _TEXT_WIDTH + _FRAME_WIDTH <= self.size.width
        # The message line, while it shows something, and the line of the footer below it.
        taken = 2 if self.app.messages.shown else 0
        fits = bool(width) and fits and height + _FRAME_HEIGHT + taken <= self.size.height
        code.display = fits
        dialog = self.query_one(".dialog")
        dialog.set_class(fits, "with-code")
        dialog.set_class(self.size.width < _WIDE + _FRAME_WIDTH, "narrow")
        dialog.set_class(self.size.height < _LOW, "low")

    # -- the dialog's keys and buttons ---------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enable a key only while its button is shown.

        For example, "Open browser" has no button if no browser can be started.
        """
        return all(button.display for button in self.query(f"#buttons > #{action}"))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        getattr(self, f"action_{event.button.id}")()

    def action_cancel(self) -> None:
        self._cancel()
        self.finish(None)

    def action_retry(self) -> None:
        """Begin again, after a failure."""
        if self._attempt is None:
            self._begin()

    def action_open_browser(self) -> None:
        if self._attempt is not None and self._address:
            self._attempt.reopen_browser()

    def action_copy(self) -> None:
        """Copy the address of the sign-in page."""
        if self._address:
            self.app.copy_to_clipboard(self._address)
            self.app.show_done("copied the address, if the terminal allows it")

    def action_device_code(self) -> None:
        """Begin again, with a device code."""
        if not self._device_code:
            self._device_code = True
            self._begin()


class _Attempt:
    """The user interface of one attempt to sign in.

    `login.log_in` calls these methods in its own thread. They call the screen in the UI thread.
    """

    def __init__(self, screen: SignInScreen, opener: browser.Opener | None) -> None:
        self._screen = screen
        self._app = screen.app
        self._opener = opener
        self._make_address: Callable[[], str] | None = None
        self.cancelled = threading.Event()

    def show_page(self, url: str) -> None:
        self._call_in_ui_thread(self._screen.show_page, url)

    def show_code(self, authorization: DeviceAuthorization) -> None:
        self._call_in_ui_thread(self._screen.show_code, authorization)

    def open_browser(self, make_address: Callable[[], str]) -> bool:
        self._make_address = make_address
        if self._opener is None:
            return False
        opened = browser.start_opener(self._opener, make_address(), self._app.services.environ)
        self._call_in_ui_thread(self._screen.show_opened, opened)
        return opened

    def reopen_browser(self) -> None:
        make_address = self._make_address
        if make_address is not None:
            self._app.run_in_background(lambda: self.open_browser(make_address))

    def confirm_another_user(self, earlier: str, user: str) -> bool:
        question = f'Keep the sign-in of "{user}"? Last time "{earlier}" signed in here.'
        answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._call_in_ui_thread(self._screen.ask_about_other_user, (question, answers.put))
        while not self.cancelled.is_set():
            with suppress(queue.Empty):
                return answers.get(timeout=_ANSWER_CHECK_SECONDS)
        return False

    def confirm_other_portal(self, earlier: str, found: str) -> bool:
        return False  # the error names the command that asks

    def report_further_region(self, region: str) -> None:
        self._call_in_ui_thread(self._screen.show_further_region, region)

    def report_waiting_for_another_login(self) -> None:
        self._call_in_ui_thread(self._screen.show_waiting_for_another, None)

    def is_cancelled(self) -> bool:
        return self.cancelled.is_set()

    def _call_in_ui_thread(self, function: Callable[[_T], None], value: _T) -> None:
        def call_unless_cancelled(value: _T) -> None:
            if not self.cancelled.is_set():
                function(value)

        background.call_in_ui_thread(self._app, call_unless_cancelled, value)
