"""Asks the questions of `ssohelper setup` after the sign-in: adoption, region, diff, guard rules."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from ssohelper.actions import (
    adopting,
    doctor,
    guards,
    own_settings,
    profile_edit,
    session_edit,
    setup_text,
    sync_choices,
)
from ssohelper.actions.adopting import ProfileOfOtherTool
from ssohelper.core import filter_rows, plan_text
from ssohelper.core.choices import Choices
from ssohelper.core.filter_rows import FilterRow
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.core.profile_plan import Plan
from ssohelper.core.shell_text import word_as_typed
from ssohelper.system import programs
from ssohelper.tui import background, dialog_sizes
from ssohelper.tui.dialog import Dialog
from ssohelper.tui.screens.adopt_questions import offer_needing_profiles
from ssohelper.tui.screens.ask import AskScreen
from ssohelper.tui.screens.config_write import NO_CHANGE, question_before_write, write_plan
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.proposal import NOTHING_CHANGED, plan_lines_with_warning
from ssohelper.tui.screens.report import ReportScreen
from ssohelper.tui.widgets.filter_list import FilterList
from ssohelper.tui.widgets.lines import Line, plain_lines, text_lines

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp


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
    app: DialogApp, session: SsoSession, listing: Listing, command: str, *, is_new_sign_in: bool
) -> bool:
    """Ask the questions of `ssohelper setup`, and write session and profiles in one write.

    After a "no" the user chooses whether to keep the session or the sign-in; `is_new_sign_in` says
    that this set-up has signed in. Returns whether session or profiles were written.
    """
    answers = await _ask_adoption_and_region(app, session, listing, command)
    plan = answers and await _plan_and_write_profiles(app, session, listing, answers, command)
    if plan is None:
        return await _ask_to_keep_session(app, session, is_new_sign_in=is_new_sign_in)
    await _offer_guard_rules(app, listing)
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
    lines = await background.run(app, partial(plan_lines_with_warning, services, plan))
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
            lines = await background.run(app, partial(plan_lines_with_warning, services, other))
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
    swapped = plan_text.swapped_names_line(plan)
    first += text_lines([swapped] if swapped else [], "warn")
    if not plan_text.is_big_plan(plan):
        return ConfirmScreen(question, lines=[*first, *lines], command=command)
    for line in plan_text.summary_lines(plan, dialog_sizes.width_of_dialog_lines(app.size.width)):
        first += plain_lines(line)
    return ConfirmScreen(question, lines=first, other=lines, command=command, can_choose=True)


def _setup_options(answers: _Answers, plan: Plan) -> str:
    """Return the options of `ssohelper setup` that give the same answers."""
    region = answers.default_region
    words = [f"--default-region {word_as_typed(region)}"] if region else []
    words += plan_text.adopt_options(answers.patterns or ())
    if plan.request.has_new_filters:
        words.append(plan_text.filter_options(plan.request.choices))
    return "".join(f" {word}" for word in words)


async def _ask_to_keep_session(
    app: DialogApp, session: SsoSession, *, is_new_sign_in: bool
) -> bool:
    """After a "no", ask whether to write only the session, or sign out.

    Return whether it was written.

    Else a token would be left whose session no command knows. For a session in the config, ask
    whether to keep the new sign-in.
    """
    services = app.services
    if await background.run(app, lambda: session_edit.has_config_section(services, session)):
        app.show_done(NOTHING_CHANGED)
        if is_new_sign_in:
            await _offer_to_sign_out(app, session)
        return False
    question = setup_text.keep_session_question(session.name)
    if await app.push_screen_wait(ConfirmScreen(question)):
        plan = await background.run(app, lambda: session_edit.plan_new_session(services, session))
        await background.run(app, lambda: session_edit.apply_session_plan(services, plan))
        key = app.key_of("app.profiles")
        app.show_done(setup_text.session_written_text(services, session, key))
        return True
    await background.run(app, lambda: session_edit.discard_sign_in(services, session))
    app.show_done(setup_text.SIGNED_OUT_AGAIN)
    return False


async def _offer_to_sign_out(app: DialogApp, session: SsoSession) -> None:
    services = app.services
    question = setup_text.sign_out_question(session.name)
    if await app.push_screen_wait(ConfirmScreen(question)):
        await background.run(app, lambda: session_edit.discard_sign_in(services, session))
        app.show_done(setup_text.SIGNED_OUT)


async def _offer_guard_rules(app: DialogApp, listing: Listing) -> None:
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
            lambda: own_settings.change_setting(services, "guard.rules", list(rules), "setup"),
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
        texts.insert(0, "undo with: ssohelper profile undo")
    await app.push_screen_wait(ReportScreen(title, texts))


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

    def on_filter_list_left(self) -> None:
        self.dismiss(None)
