"""The form that sets up a session with the same steps as `ssohelper setup`."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, ClassVar, NamedTuple

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
from ssohelper.core import plan_text
from ssohelper.core.clock_text import still_signed_in_text
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.core.shell_text import word_as_typed
from ssohelper.core.start_url import checked_typed_start_url
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


# For each option of `ssohelper setup` that an error may name: the id of the form's field, the text
# that names this field in the message instead, and the example value that errors give the option.
_FIELDS = {
    "--session": ("name", 'the third field, "name of the session"', "NAME"),
    "--region": ("region", 'the second field, "region"', "eu-west-1"),
}


class _RegionProposed(UsageProblem):
    """Raised so that the user confirms, or corrects, the region that the portal's page names."""

    def __init__(self, region: str) -> None:
        super().__init__(
            f"the portal's page says that the portal's region is {region}",
            hint="if this region is right, press enter; if not, change the field",
        )
        self.region = region


def _propose_region(_url: str, proposal: str | None) -> str:
    if proposal is None:
        return ""
    raise _RegionProposed(proposal)


class _PortalHasSession(UsageProblem):
    """Raised so that the user confirms to set up a session again, or names a second one."""

    def __init__(self, session_name: str) -> None:
        super().__init__(
            f'this is the portal of the session "{session_name}" already',
            hint="press enter to set that up again; for another user, name a second session",
            option="--session NAME",
        )
        self.session_name = session_name


class _TypedFields(NamedTuple):
    start_url: str
    region: str
    name: str


class SetUpForm(VerticalScroll):
    """A form for start URL, region and name, which then does the steps that set up the session.

    The user signs in, the roles are listed, the diff is shown, and all changes are one write.
    """

    HELP_TEXT = (
        "The same as `ssohelper setup START_URL`. tab goes to the next field, enter continues: "
        "you sign in, your accounts are listed, and you see the profiles before they are written."
    )
    DEFAULT_CSS = """
    SetUpForm {
        height: 1fr; padding: 1 2;
        & Static { height: auto; }
        & .form--label { padding-top: 1; color: $text-muted; }
        & Input { max-width: 70; background: $panel; }
        & .dialog--note { color: $text-muted; }
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
        # The session of the typed portal that the form has named; the next Enter sets it up again.
        self._named_session = ""

    def compose(self) -> ComposeResult:
        yield Static(
            f"No session is set up yet. {setup_text.TRY_THE_DEMO}", id="form-title", markup=False
        )
        yield Static(_WORDS, classes="dialog--note", markup=False)
        leave = "escape" if self.screen.is_modal else "accounts.leave"
        yield KeyHints([("tab", "next field"), (ENTER, "continue"), (leave, "leave")])
        yield Static("start URL", classes="form--label", markup=False)
        yield Input(placeholder="https://d-0000000000.awsapps.com/start", id="start_url",
                    compact=True)  # fmt: skip
        yield Static("region, if the address does not contain it", classes="form--label",
                     markup=False)  # fmt: skip
        yield Input(placeholder="eu-west-1", id="region", compact=True)
        yield Static("name of the session; by default the first part of the address",
                     classes="form--label", markup=False)  # fmt: skip
        yield Input(placeholder="d-0000000000", id="name", compact=True)
        error_line = Static("", id="form-error", markup=False)
        error_line.display = False
        yield error_line
        yield Button("Set up", id="set_up", variant="primary", compact=True)
        yield Static("$ ssohelper setup START_URL", classes="dialog--command", markup=False)

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
        new = [(one.start_url, one.region) for one in found if not one.name]
        start_url = self.query_one("#start_url", Input)
        if new and not start_url.value:
            start_url.value, self.query_one("#region", Input).value = new[0]

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
            if isinstance(error, _RegionProposed):
                field = self.query_one("#region", Input)
                field.value = error.region
                field.focus()
            if isinstance(error, _PortalHasSession):
                self._named_session = error.session_name
            hint = error.hint or ""
            option, _, value = (error.option or "").partition(" ")
            if option:
                field_id, label, example = _FIELDS[option]
                self.query_one(f"#{field_id}", Input).focus()
                wanted = label if value == example else f"{value} in {label}"
                hint = f"{error.advice}: {wanted}"
            self._show_error(show(error.message) + (f"\n{show(hint)}" if hint else ""))

    async def _do_steps(self) -> None:
        services = self.app.services
        url, region, name = self._read_typed_fields()
        try:
            checked_typed_start_url(url)
        except SsoHelperError:
            self.query_one("#start_url", Input).focus()
            raise

        def check_typed_session() -> tuple[SsoSession, str]:
            services.config.check_writable()
            further = setup.find_further_portal(services, url, name or None)
            session = (
                further[0]
                if further
                else setup.choose_session(
                    services,
                    url,
                    name=name or None,
                    region=region or None,
                    ask_region=_propose_region,
                )
            )
            is_asked = further or name or session.name == self._named_session
            if not is_asked and session_edit.has_config_section(services, session):
                raise _PortalHasSession(session.name)
            sync_choices.merge_choices(services, session)
            installation.find_profile_command(services.environ)
            return session, setup.add_further_portal(services, *further) if further else ""

        session, added = await background.run(self.app, check_typed_session)
        if added:
            self.app.show_done(added)
        dialog = SignInScreen(session, can_continue=False)
        await self.app.push_screen_wait(dialog)
        outcome = dialog.outcome
        if outcome is None:
            self._show_error("not signed in: nothing was written")
            return
        self.app.give_back_sign_in = lambda: session_edit.discard_unfinished(services, session)
        try:
            await self._write_profiles(session, name, region)
        except SsoHelperError:
            await self._warn_if_signed_in(session)
            raise
        finally:
            # At the program's end, the program signs out again.
            if self.app.return_code is None:
                give_back, self.app.give_back_sign_in = self.app.give_back_sign_in, None
                if give_back is not None and isinstance(sys.exception(), asyncio.CancelledError):
                    self.app.run_in_background(give_back, self._report_sign_out)

    async def _write_profiles(self, session: SsoSession, name: str, region: str) -> None:
        listing = await refresh_list(self.app, session)
        if listing is None:
            await self._warn_if_signed_in(session)
            return
        options = [("--session", name), ("--region", region)]
        given = "".join(f" {option} {word_as_typed(text)}" for option, text in options if text)
        command = f"ssohelper setup {word_as_typed(session.start_url)}{given}"
        if await write_profiles(self.app, session, listing, command):
            self.post_message(self.Done())
        else:
            self._show_error(NOTHING_CHANGED)

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

    def _read_typed_fields(self) -> _TypedFields:
        fields = ("start_url", "region", "name")
        return _TypedFields(*(self.query_one(f"#{field}", Input).value.strip() for field in fields))

    def _show_error(self, text: str) -> None:
        if not self.is_attached:
            return
        error_line = self.query_one("#form-error", Static)
        error_line.update(Content(text))
        error_line.display = bool(text)
        if text:
            call_after_drawing(error_line, error_line.scroll_visible, animate=False)


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


async def write_profiles(
    app: DialogApp, session: SsoSession, listing: Listing, command: str
) -> bool:
    """Ask the question of `ssohelper setup`, and write what it shows.

    A "no" writes nothing and keeps the sign-in. Returns whether the user said yes.
    """
    services = app.services
    wish = setup_plan.Wish(session, listing, command)
    try:
        found = await run_flow(
            app, lambda dialogue: setup_plan.write_set_up(services, dialogue, wish)
        )
    except Interrupted as left:
        app.show_done(left.message)
        app.show_done(setup_text.kept_sign_in_line(session))
        return False
    if found is None:
        return False
    app.show_done("running the helper of one profile")
    texts = await background.run(app, lambda: [*setup_plan.result_lines(services, session, found)])
    title = plan_text.plan_counts_text(found.plan, done=True)
    if found.has_changes:
        texts.insert(0, f"undo with: {undoing.COMMAND}")
    await app.push_screen_wait(ReportScreen(title, text_lines(texts)))
    return True
