"""The form that sets up a session with the same steps as `ssohelper setup`."""

from __future__ import annotations

import asyncio
import sys
from itertools import chain
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.widgets import Button, Input, Static

from ssohelper.actions import (
    session_edit,
    setup,
    setup_text,
    sync_choices,
    undoing,
)
from ssohelper.actions.flows import setup_plan
from ssohelper.actions.flows.dialogue import Dialogue
from ssohelper.core import plan_text
from ssohelper.core.clock_text import still_signed_in_text
from ssohelper.core.model import SsoSession
from ssohelper.core.shell_text import word_as_typed
from ssohelper.core.text import show
from ssohelper.errors import Interrupted, SsoHelperError, UsageProblem
from ssohelper.system import installation
from ssohelper.tui import background
from ssohelper.tui.dialog import Dialog
from ssohelper.tui.messages import LOW_LINES, NOTHING_CHANGED
from ssohelper.tui.one_time_timers import call_after_drawing
from ssohelper.tui.screens.progress import refresh_list
from ssohelper.tui.screens.report import ReportScreen
from ssohelper.tui.screens.screen_dialogue import run_flow
from ssohelper.tui.screens.sign_in import SignInScreen
from ssohelper.tui.widgets.key_hints import ENTER, KeyHints
from ssohelper.tui.widgets.lines import text_lines
from ssohelper.tui.widgets.message_line import MessageLine

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp

_WORDS = (
    "Ask your administrator for the start URL of your organization's access portal. "
    "You then sign in, your accounts are listed, and you see the profiles before they are written."
)


class SetUpForm(VerticalScroll):
    """A field for the arguments of `ssohelper setup`, whose steps it then does.

    The user signs in, the roles are listed, the diff is shown, and all changes are one write.
    """

    HELP_TEXT = (
        "The same as `ssohelper setup START_URL`: you sign in, your accounts are listed, and you "
        "see the profiles before they are written. After the address, --session NAME names the "
        "session, and --region REGION tells the portal's region."
    )
    DEFAULT_CSS = """
    SetUpForm {
        height: 1fr; padding: 1 2;
        & Static { height: auto; }
        & .form--label { padding-top: 1; color: $text-muted; text-style: $muted-text-style; }
        & Input { max-width: 70; background: $panel; }
        & .dialog--note { color: $text-muted; text-style: $muted-text-style; }
        & .dialog--command { color: $text-accent; padding-top: 1; }
        & #form-error { color: $text-error; padding-top: 1; }
        & Button { margin-top: 1; }
        &.few-lines { padding: 0 2; }
    }
    """
    app: DialogApp

    class Done(Message, namespace="set_up"):
        """The message that a session has been set up."""

    def __init__(self, *, takes_focus: bool = False) -> None:
        super().__init__()
        self.can_focus = False
        # Focused before it is drawn: a letter typed at its sight would go to another field.
        self._takes_focus = takes_focus

    def compose(self) -> ComposeResult:
        yield Static(
            f"No session is set up yet. {setup_text.TRY_THE_DEMO}", id="form-title", markup=False
        )
        yield Static(_WORDS, classes="dialog--note", markup=False)
        leave = "escape" if self.screen.is_modal else "accounts.leave"
        yield KeyHints([(ENTER, "continue"), (leave, "leave")])
        yield Static("start URL", classes="form--label", markup=False)
        yield Input(placeholder="https://d-0000000000.awsapps.com/start", id="start_url",
                    compact=True)  # fmt: skip
        error_line = Static("", id="form-error", markup=False)
        error_line.display = False
        yield error_line
        yield Button("Set up", id="set_up", variant="primary", compact=True)
        yield Static(
            "$ ssohelper setup START_URL [--session NAME]", classes="dialog--command", markup=False
        )

    def on_mount(self) -> None:
        if self._takes_focus:
            self.focus_first_field()

    def on_resize(self, event: Resize) -> None:
        # On a low screen the note is hidden, so that the title and the first field fit.
        self.query_one(".dialog--note").display = self.app.size.height >= LOW_LINES
        self.set_class(self.app.size.height < LOW_LINES, "few-lines")

    def focus_first_field(self, title: str | None = None) -> None:
        """Focus the first field, and suggest a start URL from the files of other tools."""
        if title is not None:
            self.query_one("#form-title", Static).update(title)
        # `Input.focus` would set the focus in a later message, and the form may be drawn before it.
        # The form is not laid out yet: a focus that scrolls would scroll past the field.
        self.screen.set_focus(self.query_one("#start_url", Input), scroll_visible=False)
        services = self.app.services
        self.app.run_in_background(
            lambda: setup.find_portals_in_config(services),
            self._suggest_start_url,
            lambda _error: None,
        )

    def _suggest_start_url(self, found: list[SsoSession]) -> None:
        if not self.is_attached:
            return  # the user has left the form that the start URL is for
        new = [one.start_url for one in found if not one.name]
        start_url = self.query_one("#start_url", Input)
        if new and not start_url.value:
            start_url.value = new[0]

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.set_up()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.set_up()

    # -- the steps that set up the session -----------------------------------------------------

    def set_up(self) -> None:
        """Do the steps one after the other, each of which the user can cancel.

        They continue after the config is written, though the screen then removes the form.
        """
        self.app.busy.start("sessions.set_up", self._run_steps, "AWS")

    async def _run_steps(self) -> None:
        self._show_error("")
        try:
            await self._do_steps()
        except SsoHelperError as error:
            if not self.is_attached:
                self.app.show_error(error)
                return
            self.query_one(Input).focus()
            self._show_error("\n".join(map(show, filter(None, (error.message, error.hint)))))

    async def _do_steps(self) -> None:
        services = self.app.services
        url, options = _parse_arguments(self.query_one(Input).value)

        def choose_session(dialogue: Dialogue) -> SsoSession:
            services.config.check_writable()
            session, portal = setup_plan.choose_session(
                services, dialogue, url, options.get("--session"), options.get("--region")
            )
            sync_choices.merge_choices(services, session)
            installation.find_profile_command(services.environ)
            if portal and (added := setup.add_further_portal(services, session, portal)):
                dialogue.say(added)
            return session

        session = await run_flow(self.app, choose_session)
        dialog = SignInScreen(session, can_continue=False)
        await self.app.push_screen_wait(dialog)
        if dialog.outcome is None:
            self._show_error("not signed in: nothing was written")
            return
        self.app.give_back_sign_in = lambda: session_edit.discard_unfinished(services, session)
        try:
            await self._write_profiles(session, options)
        except SsoHelperError:
            await self._warn_if_signed_in(session)
            raise
        finally:
            # At the program's end, the program signs out again.
            if self.app.return_code is None:
                give_back, self.app.give_back_sign_in = self.app.give_back_sign_in, None
                if give_back is not None and isinstance(sys.exception(), asyncio.CancelledError):
                    self.app.run_in_background(give_back, self._report_sign_out)

    async def _write_profiles(self, session: SsoSession, options: dict[str, str]) -> None:
        app, services = self.app, self.app.services
        listing = await refresh_list(app, session)
        if listing is None:
            await self._warn_if_signed_in(session)
            return
        words = map(word_as_typed, (session.start_url, *chain(*options.items())))
        wish = setup_plan.Wish(session, listing, f"ssohelper setup {' '.join(words)}")
        try:
            found = await run_flow(
                app, lambda dialogue: setup_plan.write_set_up(services, dialogue, wish)
            )
        except Interrupted as left:
            app.show_done(left.message)
            app.show_done(setup_text.kept_sign_in_line(session))
            found = None
        if found is None:
            self._show_error(NOTHING_CHANGED)
            return
        app.show_done("running the helper of one profile")
        texts = await background.run(
            app, lambda: [*setup_plan.result_lines(services, session, found)]
        )
        title = plan_text.plan_counts_text(found.plan, done=True)
        if found.has_changes:
            texts.insert(0, f"undo with: {undoing.COMMAND}")
        await app.push_screen_wait(ReportScreen(title, text_lines(texts)))
        self.post_message(self.Done())

    async def _warn_if_signed_in(self, session: SsoSession) -> None:
        """After an error, warn that the user stays signed in: the next set-up needs no sign-in."""
        services = self.app.services
        if not await background.run(
            self.app, lambda: session_edit.has_config_section(services, session)
        ):
            self.app.show_warning(still_signed_in_text(session.name))

    def _report_sign_out(self, was_needed: bool) -> None:
        if was_needed:
            self.app.show_done(setup_text.SIGNED_OUT)

    def _show_error(self, text: str) -> None:
        if not self.is_attached:
            return
        error_line = self.query_one("#form-error", Static)
        error_line.update(Content(text))
        error_line.display = bool(text)
        if text:
            call_after_drawing(error_line, error_line.scroll_visible, animate=False)


def _parse_arguments(typed: str) -> tuple[str, dict[str, str]]:
    url, *rest = typed.split() or [""]
    options = dict(zip(rest[::2], rest[1::2], strict=False))
    if len(rest) % 2 or not options.keys() <= {"--session", "--region"}:
        raise UsageProblem("the start URL may be followed by --session NAME and --region REGION")
    return url, options


class SetUpScreen(Dialog[bool]):
    """Shows the form as a dialog. Its result is True if a session was set up."""

    HELP_TEXT = "Sets up a session, as `ssohelper setup START_URL` does."
    CSS_PATH = "../styles/screens.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "close", "Close")]
    app: DialogApp

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield SetUpForm()
        yield MessageLine(in_dialog=True)

    def on_mount(self) -> None:
        form = self.query_one(SetUpForm)
        form.styles.height = "auto"
        form.styles.max_height = "100%"
        form.focus_first_field("Set up another session")

    def on_screen_suspend(self) -> None:
        # This dialog's box is hidden while the steps of the set-up show dialogs over it.
        self.query_one(".dialog").visible = False

    def on_screen_resume(self) -> None:
        self.query_one(".dialog").visible = True

    def on_set_up_done(self) -> None:
        self.dismiss(True)

    def action_close(self) -> None:
        self.dismiss(False)
