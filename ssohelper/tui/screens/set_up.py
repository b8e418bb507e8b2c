"""The form that sets up a session with the same steps as `ssohelper setup`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.widgets import Button, Input, Static

from ssohelper.actions import (
    adopting,
    doctor,
    guards,
    profile_edit,
    session_edit,
    setup,
    setup_text,
    sync_choices,
)
from ssohelper.actions.adopting import ProfileOfOtherTool
from ssohelper.core import filter_rows, plan_text
from ssohelper.core.choices import Choices
from ssohelper.core.clock_text import still_signed_in_text
from ssohelper.core.filter_rows import FilterRow
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.core.profile_plan import Plan
from ssohelper.core.shell_text import word_as_typed
from ssohelper.core.start_url import checked_typed_start_url
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError, UsageProblem
from ssohelper.system import installation, programs
from ssohelper.tui import background, dialog_sizes
from ssohelper.tui.dialog import Dialog
from ssohelper.tui.messages import LOW_LINES
from ssohelper.tui.one_time_timers import call_after_drawing
from ssohelper.tui.screens.adopt_questions import offer_needing_profiles
from ssohelper.tui.screens.ask import AskScreen
from ssohelper.tui.screens.config_write import (
    NO_CHANGE,
    NOTHING_CHANGED,
    plan_lines,
    question_before_write,
    write_plan,
)
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.progress import refresh_list
from ssohelper.tui.screens.report import ReportScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from ssohelper.tui.widgets.filter_list import FilterList
from ssohelper.tui.widgets.key_hints import ENTER, KeyHints
from ssohelper.tui.widgets.lines import Line, plain_lines, text_lines
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

    def __init__(self) -> None:
        super().__init__()
        self.can_focus = False
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

    def on_resize(self, event: Resize) -> None:
        # On a low screen the note is hidden, so that the title and the first field fit.
        self.query_one(".dialog--note").display = self.app.size.height >= LOW_LINES
        self.set_class(self.app.size.height < LOW_LINES, "few-lines")

    def focus_first_field(self, title: str | None = None) -> None:
        """Focus the first field, and suggest a start URL from the files of other tools."""
        if title is not None:
            self.query_one("#form-title", Static).update(title)
        # The form is not laid out yet: a focus that scrolls would scroll past the field.
        self.query_one("#start_url", Input).focus(scroll_visible=False)
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
        self.app.busy.start("sessions.set_up", self._run_steps(), "AWS")

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


class _Answers(NamedTuple):
    """The user's answers before the diff is shown.

    `adopt` are the profiles to adopt, `patterns` their values of --adopt, None if too many.
    `survey` are lines about the profiles of other tools that no question has shown.
    """

    adopt: frozenset[str]
    default_region: str | None
    survey: tuple[str, ...] = ()
    patterns: tuple[str, ...] | None = ()
    others: tuple[ProfileOfOtherTool, ...] = ()


async def write_profiles(
    app: DialogApp, session: SsoSession, listing: Listing, command: str
) -> bool:
    """Ask the questions of `ssohelper setup`, and write session and profiles in one write.

    A "no" writes nothing and keeps the sign-in. Returns whether session or profiles were written.
    """
    answers = await _ask_adoption_and_region(app, session, listing, command)
    plan = answers and await _plan_and_write_profiles(app, session, listing, answers, command)
    if plan is None:
        app.show_done(NOTHING_CHANGED)
        app.show_done(setup_text.kept_sign_in_line(session))
        return False
    await _offer_guard_rules(app, listing, plan)
    await _show_result(app, session, plan)
    return True


async def _ask_adoption_and_region(
    app: DialogApp, session: SsoSession, listing: Listing, command: str
) -> _Answers | None:
    services = app.services
    found = await background.run(
        app,
        lambda: adopting.list_other_profiles(services, session, listing),
    )
    chosen = await offer_needing_profiles(app, found)
    region = None
    if listing.roles():
        region = await background.run(
            app, lambda: sync_choices.propose_default_region(services, session)
        )
    is_asked = bool(adopting.choose_needing(found))
    survey = () if is_asked else tuple(setup_text.other_profile_lines(found, with_names=False))
    patterns = adopting.build_adopt_patterns(found, chosen)
    if region is None:
        return _Answers(chosen, None, survey, patterns, tuple(found))
    region = await _ask_region(app, region, command)
    if region is None:
        return None
    return _Answers(chosen, region, survey, patterns, tuple(found))


async def _ask_region(app: DialogApp, proposal: str, command: str) -> str | None:
    typed_text = await app.push_screen_wait(
        AskScreen(
            f"{setup_text.DEFAULT_REGION}?",
            proposal,
            f"{command} --default-region R",
            sync_choices.parse_region_name,
        )
    )
    return None if typed_text is None else sync_choices.parse_region_name(typed_text)


async def _plan_and_write_profiles(
    app: DialogApp, session: SsoSession, listing: Listing, answers: _Answers, command: str
) -> Plan | None:
    services = app.services
    given = Choices(default_region=answers.default_region)

    def make_plan() -> Plan:
        choices = sync_choices.merge_choices(services, session, given)
        return profile_edit.plan_sync(
            services, session, listing, choices, adopt=answers.adopt, others=answers.others
        )

    plan = await _ask_to_write_plan(app, await background.run(app, make_plan), answers, command)
    if plan is not None:
        await write_plan(app, plan, command + _setup_options(answers, plan), "setup")
    return plan


async def _ask_to_write_plan(
    app: DialogApp, plan: Plan, answers: _Answers, command: str
) -> Plan | None:
    """Ask until the user confirms a plan or says no. Return the plan, or None after a "no"."""
    services = app.services
    lines = await background.run(app, partial(plan_lines, services, plan))
    while plan.changes:
        question = question_before_write(services, plan_text.plan_counts_text(plan))
        command_line = command + _setup_options(answers, plan)
        screen = _make_write_question(app, question, plan, answers, lines, command_line)
        if await app.push_screen_wait(screen):
            return plan
        if not screen.wants_choice:
            return None
        rows = filter_rows.filter_rows_of_listing(plan.request.listing)
        picked = await app.push_screen_wait(FilterChoiceScreen(rows))
        if picked is None:
            continue
        other = await background.run(
            app, partial(profile_edit.plan_with_role_filters, services, plan, picked)
        )
        if other.changes:
            plan = other
            lines = await background.run(app, partial(plan_lines, services, other))
        else:
            app.show_done(plan_text.NOTHING_CHOSEN)
    return plan


def _make_write_question(
    app: DialogApp,
    question: str,
    plan: Plan,
    answers: _Answers,
    lines: list[Line],
    command: str,
) -> ConfirmScreen:
    first = text_lines(answers.survey)
    if answers.patterns is None:
        first += text_lines([setup_text.adoption_not_shown_message(len(answers.adopt))])
    first += text_lines(plan_text.swapped_names_lines(plan), "warn")
    if not plan_text.is_big_plan(plan):
        return ConfirmScreen(question, lines=[*first, *lines], command=command, proposes_yes=True)
    for line in plan_text.summary_lines(plan, dialog_sizes.width_of_dialog_lines(app.size.width)):
        first += plain_lines(line)
    return ConfirmScreen(
        question, lines=first, other=lines, command=command, can_choose=True, proposes_yes=True
    )


def _setup_options(answers: _Answers, plan: Plan) -> str:
    """Return the options of `ssohelper setup` that give the same answers."""
    region = answers.default_region
    words = [f"--default-region {word_as_typed(region)}"] if region else []
    words += plan_text.adopt_options(answers.patterns or ())
    if plan.request.has_new_filters:
        words.append(plan_text.filter_options(plan.request.choices))
    return "".join(f" {word}" for word in words)


async def _offer_guard_rules(app: DialogApp, listing: Listing, plan: Plan) -> None:
    services = app.services
    rules = await background.run(app, lambda: guards.propose_usual_rules(services, listing))
    if not rules:
        return
    command = setup_text.guard_rules_command(rules)
    lines = text_lines([setup_text.proposed_guard_rules_line(rules)])
    screen = ConfirmScreen(setup_text.GUARD_QUESTION, lines=lines, command=command)
    if await app.push_screen_wait(screen):
        await background.run(
            app,
            lambda: setup.add_guard_rules(services, rules, is_config_written=bool(plan.changes)),
        )
        app.show_done(setup_text.proposed_guard_rules_line(rules), command)
    else:
        app.show_done(f"later: {command}")


async def _show_result(app: DialogApp, session: SsoSession, plan: Plan) -> None:
    """Test one profile's credential process; show what was written, what is wrong, what to try."""
    services = app.services
    texts = list(plan_text.lines_after_sync(plan))
    if plan.request.listing.roles():
        app.show_done("running the helper of one profile")
        report = await background.run(app, lambda: doctor.prove_session(services, session))
        has_aws = programs.find_program("aws", services.environ) is not None
        texts += setup_text.setup_result_lines(report, session.name, has_aws=has_aws)
    else:
        texts.append(setup_text.NO_ACCOUNT)
    title = plan_text.plan_counts_text(plan, done=True) if plan.changes else NO_CHANGE
    if plan.changes:
        texts.insert(0, "undo with: ssohelper undo")
    await app.push_screen_wait(ReportScreen(title, text_lines(texts)))


class FilterChoiceScreen(Dialog["list[FilterRow] | None"]):
    """A dialog for the filters of `profile sync`. Its result is the ticked rows, or None."""

    HELP_TEXT = (
        "Only the ticked accounts and roles get profiles. Type to search, {filters.tick} ticks, {filters.take} confirms "
        "the ticks. Later syncs repeat this choice. Nothing is written before the question."
    )
    CSS_PATH = "../styles/screens.tcss"

    def __init__(self, rows: Sequence[FilterRow]) -> None:
        super().__init__()
        self._rows = rows

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide"):
            yield Static(Content("profiles for which accounts and roles?"), classes="dialog--title")
            yield FilterList(self._rows)

    def on_filter_list_taken(self, event: FilterList.Taken) -> None:
        self.dismiss(event.rows)

    def on_search_pane_left(self) -> None:
        self.dismiss(None)
