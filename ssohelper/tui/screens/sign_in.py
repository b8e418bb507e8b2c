"""The sign-in dialog: shows the address, the code and a QR code while it waits for the user."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.widgets import Button, Static

from ssohelper.core.keymap import WantedAction
from ssohelper.core.model import SsoSession
from ssohelper.core.start_url import is_same_session, is_session_listed
from ssohelper.core.text import show
from ssohelper.errors import Interrupted, SsoHelperError
from ssohelper.tui.copying import copy_text
from ssohelper.tui.dialog import Dialog
from ssohelper.tui.keys import action_binding, key_name_in_text
from ssohelper.tui.one_time_timers import call_if_there
from ssohelper.tui.running_sign_ins import Page, Question, RunningSignIn
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.widgets.message_line import MessageLine

if TYPE_CHECKING:
    from ssohelper.actions.login import LoginOutcome
    from ssohelper.tui.dialog_app import DialogApp

# The columns and lines that the dialog needs beside the QR code: for the text, the borders and the
# padding.
_TEXT_WIDTH, _FRAME_WIDTH, _FRAME_HEIGHT = 34, 5, 2
# The width of the text if there is no QR code.
_WIDE = 66
# The least height at which a screen shows all texts above the buttons: if it is wide, or narrow.
_LOW, _LOW_IF_NARROW = 20, 28
_SIGNED_IN = "signed in · ⏎"
# For each button: its label, and its key's action.
_BUTTONS = {
    "done": ("Go on", "sign_in.done"),
    "retry": ("Retry", "sign_in.sign_in_anew"),
    "open_browser": ("Open browser", "sign_in.browser"),
    "copy": ("Copy address", "sign_in.copy"),
    "device_code": ("Device code", "sign_in.device_code"),
    "background": ("Background", "sign_in.background"),
    "cancel": ("Cancel", "sign_in.cancel"),
}

# The white margin, in modules (the small squares of a QR code). The standard asks for four modules;
# the dialog's padding gives the other two.
_BORDER = 2
_HALVES = {(0, 0): " ", (0, 1): "▄", (1, 0): "▀", (1, 1): "█"}


class SignInScreen(Dialog[None]):
    """Shows the running sign-in to a session, or begins a new one, until the user closes it.

    After the dialog, `sign_in` says how the sign-in ended, or that it goes on in the background.
    """

    HELP_TEXT = (
        "Sign in with a browser. The same address and code are printed by `ssohelper login`. "
        "In the background the sign-in goes on while you do something else: the line above the "
        "footer and the Sign-ins screen show it, and the key to sign in there comes back here. "
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
    SignInScreen #waiting { height: auto; color: $text-muted; text-style: $muted-text-style; }
    SignInScreen #failure { height: auto; color: $text-error; padding-bottom: 1; }
    SignInScreen Button { margin-top: 0; width: auto; min-width: 0; text-align: left; }
    SignInScreen #qr { width: auto; height: auto; color: #000000; background: #ffffff; }
    SignInScreen #page { height: auto; scrollbar-size-vertical: 1; }
    SignInScreen #buttons { height: auto; padding-top: 1; }
    /* On small terminals the buttons are two beside each other, and the page above them scrolls. */
    SignInScreen .narrow { width: 100%; }
    SignInScreen .narrow #text { width: 1fr; }
    SignInScreen .low #why { display: none; }
    SignInScreen .low .dialog--title, SignInScreen .low #code, SignInScreen .low #address,
    SignInScreen .low #failure, SignInScreen .low #buttons {
        padding: 0;
    }
    SignInScreen .low #buttons { layout: grid; grid-size: 2; grid-rows: 1; }
    SignInScreen .low.with-code #buttons { layout: vertical; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        action_binding("sign_in.done"),
        action_binding("sign_in.sign_in_anew", "retry"),
        action_binding("sign_in.browser", "open_browser"),
        action_binding("sign_in.copy"),
        action_binding("sign_in.device_code"),
        action_binding("sign_in.background"),
        action_binding("sign_in.cancel"),
    ]
    app: DialogApp
    sign_in: RunningSignIn

    def __init__(
        self,
        session: SsoSession,
        *,
        force: bool = False,
        why: SsoHelperError | None = None,
        can_continue: bool = True,
        waiting_action: WantedAction | None = None,
    ) -> None:
        """With `can_continue` the user may close the dialog while the sign-in goes on.

        The message after that says how to run `waiting_action`.
        """
        super().__init__()
        self._session = session
        self._why = f"{show(why.message)}\n$ ssohelper login {show(session.name)}" if why else ""
        self._force = force
        self._can_continue, self._waiting_action = can_continue, waiting_action
        self.is_in_background = False
        self._shown: dict[str, bool] = {}
        self._coded, self._qr_rows = "", [""]
        self._asked: Question | None = None

    def compose(self) -> ComposeResult:
        with Horizontal(classes="dialog"):
            with Vertical(id="text"):
                title = f'Sign in to "{show(self._session.name)}"'
                yield Static(Content(title), classes="dialog--title")
                with VerticalScroll(id="page", can_focus=False):
                    if self._why:
                        yield Static(self._why, id="why", markup=False)
                    yield Static("", id="note", classes="dialog--note", markup=False)
                    yield Static("", id="code", markup=False)
                    yield Static("", id="address", markup=False)
                    yield Static("", id="failure", markup=False)
                yield Static("", id="waiting", markup=False)
                with Vertical(id="buttons"):
                    for name, (label, action) in _BUTTONS.items():
                        key = key_name_in_text(action, self.app.key_of)
                        yield Button(Content(f"{label} ({key})"), id=name, compact=True)
            yield Static("", id="qr", markup=False)
        yield MessageLine(in_dialog=True)

    def on_mount(self) -> None:
        sign_in = self.sign_in = find_sign_in(self.app, self._session, force=self._force)
        sign_in.add_dialog()
        sign_in.changed.subscribe(self, lambda _nothing: call_if_there(self, self._show_state))
        self.app.messages_changed.subscribe(self, lambda _nothing: self._fit_qr_code())
        self.screen_layout_refresh_signal.subscribe(self, lambda _screen: self._limit_page_height())
        if not sign_in.has_running_attempt and sign_in.failure is None:
            sign_in.begin()
        self._show_state()
        self.set_interval(1.0, self._show_waiting)

    def on_unmount(self) -> None:
        if self.has_opened:
            self.sign_in.remove_dialog()

    @property
    def outcome(self) -> LoginOutcome | None:
        """Return the result of the sign-in, or None if it failed, goes on, or has not begun."""
        return self.sign_in.outcome if self.has_opened else None

    # -- showing the state of the sign-in ------------------------------------------------------

    def _show_state(self) -> None:
        sign_in = self.sign_in
        failure, page = sign_in.failure, sign_in.page
        if sign_in.ended.is_set():
            page = Page()
            if sign_in.outcome is None:
                failure = failure or Interrupted("the sign-in was stopped")
        hint = f"\n{show(failure.hint)}" if failure and failure.hint else ""
        self._set_text("failure", f"{show(failure.message)}{hint}" if failure else "")
        if failure:  # the reason for the sign-in may be outdated, such as "is still running"
            self.query("#why").set(display=False)
        self._set_text("note", show(page.note))
        self._set_text("code", show(page.code))
        self._set_text("address", show(page.address))
        coded = page.address if page.code else ""
        if coded != self._coded:
            self._coded, self._qr_rows = coded, half_block_rows(coded) if coded else [""]
            self.query_one("#qr", Static).update("\n".join(self._qr_rows))
            self._fit_qr_code()
        self._show_waiting()
        self._show_buttons()
        self._ask_sign_in_question()

    def _set_text(self, name: str, text: str) -> None:
        line = self.query_one(f"#{name}", Static)
        line.display = bool(text)
        line.update(Content(text))

    def _show_buttons(self) -> None:
        """Show the buttons that can be used now. The first of them gets the focus, for Enter."""
        sign_in = self.sign_in
        has_failed = not sign_in.has_running_attempt
        has_ended = sign_in.ended.is_set()
        shown = {
            "done": sign_in.outcome is not None,
            "retry": has_failed and not has_ended,
            "open_browser": not has_failed and sign_in.has_browser,
            "copy": not has_failed,
            "device_code": not (sign_in.uses_code or has_ended),
            "background": not has_failed and self._can_continue,
            "cancel": sign_in.outcome is None,
        }
        if shown == self._shown:
            return
        self._shown = shown
        buttons = [*self.query("#buttons > Button").results(Button)]
        for button in buttons:
            button.display = shown[button.id or ""]
        next(button for button in buttons if button.display).focus(scroll_visible=False)
        self.refresh_bindings()

    def _show_waiting(self) -> None:
        sign_in, text = self.sign_in, ""
        if sign_in.outcome is not None:
            text = _SIGNED_IN
        elif sign_in.has_running_attempt and sign_in.page.waits_for:
            text = f"… {', '.join(filter(None, (sign_in.page.waits_for, sign_in.time_left)))}"
        self._set_text("waiting", text)

    def _ask_sign_in_question(self) -> None:
        """Ask the sign-in's question, once, if there is one and this dialog is in front."""
        question = self.sign_in.question
        if question is not None and question is not self._asked and self.app.screen is self:
            self._asked = question
            self.app.push_screen(
                ConfirmScreen(question.text), lambda yes: self.sign_in.answer(bool(yes))
            )

    def on_screen_resume(self) -> None:
        if self._shown:  # the dialog's widgets exist, so a question can be shown
            self._ask_sign_in_question()

    def on_resize(self, event: Resize) -> None:
        self._fit_qr_code()

    def _fit_qr_code(self) -> None:
        width, height = len(self._qr_rows[0]), len(self._qr_rows)
        fits = width + _TEXT_WIDTH + _FRAME_WIDTH <= self.size.width
        fits = bool(width) and fits and height <= self._most_lines_of_dialog
        self.query_one("#qr").display = fits
        dialog = self.query_one(".dialog")
        dialog.set_class(fits, "with-code")
        is_narrow = self.size.width < _WIDE + _FRAME_WIDTH
        dialog.set_class(is_narrow, "narrow")
        dialog.set_class(self.size.height < (_LOW_IF_NARROW if is_narrow else _LOW), "low")

    @property
    def _most_lines_of_dialog(self) -> int:
        # The lines below the dialog: the message line, while it shows something, and the footer.
        taken = 2 if self.app.messages.shown else 0
        return self.size.height - _FRAME_HEIGHT - taken

    def _limit_page_height(self) -> None:
        """Let the note, code and address scroll if the dialog is too low to show all its parts."""
        if not self.query("#page"):
            return  # the dialog is being closed: its widgets are gone
        page = self.query_one("#page")
        others = [each for each in self.query_one("#text").children if each is not page]
        taken = sum(each.outer_size.height for each in others if each.display)
        page.styles.max_height = max(1, self._most_lines_of_dialog - taken)
        page.can_focus = page.max_scroll_y > 0  # only a focused page gets the keys that scroll

    # -- the dialog's keys and buttons ---------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enable a key only while its button is shown; Escape always."""
        return action == "cancel" or all(
            button.display for button in self.query(f"#buttons > #{action}")
        )

    def on_button_pressed(self, event: Button.Pressed) -> None:
        getattr(self, f"action_{event.button.id}")()

    def action_done(self) -> None:
        self.dismiss(None)

    def action_cancel(self) -> None:
        """Stop the sign-in; if it has ended, only close the dialog."""
        self.sign_in.stop()
        self.dismiss(None)

    def action_background(self) -> None:
        self.is_in_background = True
        self.sign_in.keep(self._waiting_action)
        self.dismiss(None)

    def action_retry(self) -> None:
        if not self.sign_in.has_running_attempt:
            self.sign_in.begin()

    def action_open_browser(self) -> None:
        self.sign_in.open_browser()

    def action_copy(self) -> None:
        address = self.sign_in.page.address
        if address:
            copy_text(self.app, address, "the address")

    def action_device_code(self) -> None:
        self.sign_in.use_device_code()


def find_sign_in(app: DialogApp, session: SsoSession, *, force: bool = False) -> RunningSignIn:
    """Return the running sign-in to this session, or a new one, which `begin` will start.

    A sign-in for another portal or region under the same session name is stopped.
    """
    known = app.sign_ins.get(session.name)
    if known is not None and is_same_session(known.session, session):
        return known
    app.stop_sign_in(session.name)
    is_listed = is_session_listed(session, app.config_sessions)
    return RunningSignIn(app, app.sign_ins, session, is_in_config=is_listed, force=force)


def half_block_rows(text: str) -> list[str]:
    """Return the lines of a QR code, drawn with half blocks, and with a white margin."""
    # segno loads an HTTP client and OpenSSL: 10 MB. Most screens import this module and draw no code.
    import segno

    modules = [list(row) for row in segno.make(text, error="l", micro=False).matrix_iter(
        border=_BORDER
    )]  # fmt: skip
    modules.append([0] * len(modules[0]))  # a QR code has an odd number of lines
    return [
        "".join(_HALVES[(int(upper), int(lower))] for upper, lower in zip(*pair, strict=True))
        for pair in zip(modules[::2], modules[1::2], strict=True)
    ]


def open_sign_in(app: DialogApp, session: SsoSession, *, force: bool = False) -> None:
    """Show the sign-in dialog, and its result when it is closed; `force`: even if signed in."""
    dialog = SignInScreen(session, force=force)

    def report_sign_in(_nothing: None) -> None:
        if dialog.outcome is not None:
            app.show_done(*dialog.sign_in.result_messages(dialog.outcome))
            app.signed_in.publish(session.name)

    app.push_screen(dialog, report_sign_in)
