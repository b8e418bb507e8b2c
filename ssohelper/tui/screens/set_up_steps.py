"""The questions of a set-up after the sign-in: other tools' profiles, region, diff, guards.

They are those of `ssohelper setup`, in the same order and words. Call them in a worker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ssohelper.actions import (
    adopting,
    default_regions,
    doctor,
    guards,
    own_settings,
    profiles,
    selection,
    sessions,
    setup_text,
)
from ssohelper.actions.adopting import Found
from ssohelper.core import plan_summary, plan_text
from ssohelper.core.choices import Choices, filter_of_exact_text
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.core.profile_plan import Plan
from ssohelper.core.shell_text import word_as_typed
from ssohelper.core.text import show_message
from ssohelper.errors import UsageProblem
from ssohelper.system import programs
from ssohelper.tui import background
from ssohelper.tui.screens.ask import AskScreen
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.proposal import NOTHING_WRITTEN, display_path, make_proposal
from ssohelper.tui.widgets.lines import Line, plain_lines

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp

# The columns beside a dialog's lines: its border, its padding, and those of the lines.
_BESIDE = 6
_DIALOG_WIDTH = 110


class _Answers(NamedTuple):
    """What the user chose before the diff. `default_region` is None where nothing was asked."""

    adopt: frozenset[str]
    default_region: str | None


async def write_profiles(
    app: TuiApp[Any], session: SsoSession, listing: Listing, command: str
) -> bool:
    """Ask the questions of `ssohelper setup`, and write session and profiles in one write.

    `command` is the command line that does the same. After a "no" the user chooses what stays of
    the sign-in. Returns whether the config has the session now.
    """
    answers = await _ask(app, session, listing, command)
    if answers is None or not await _propose(app, session, listing, answers, command):
        return await _keep_session(app, session)
    await _offer_guards(app, listing)
    await _prove(app, session, listing)
    return True


async def _ask(
    app: TuiApp[Any], session: SsoSession, listing: Listing, command: str
) -> _Answers | None:
    """Return what to adopt and the default region; None if the user left."""
    services = app.services
    found = await background.run(app, lambda: adopting.survey(services, session, listing))
    chosen = await _keep_parts_whole(app, found, await _offer(app, found))
    region = None
    if listing.roles():
        region = await background.run(
            app, lambda: default_regions.propose_region(services, session)
        )
    if region is None:
        return _Answers(chosen, None)
    region = await _ask_region(app, region, command)
    return None if region is None else _Answers(chosen, region)


async def _offer(app: TuiApp[Any], found: list[Found]) -> frozenset[str]:
    """Say which profiles other tools wrote; ask about those that do not work without ssohelper."""
    needing = adopting.choose_profiles_that_need_ssohelper(found)
    if not needing:
        return frozenset()
    lines = [piece for line in setup_text.survey_lines(found) for piece in plain_lines(line)]
    screen = ConfirmScreen(setup_text.adopt_question(needing), lines=lines, proposes_yes=True)
    if await app.push_screen_wait(screen):
        return needing
    app.show_done(setup_text.ADOPT_LATER)
    return frozenset()


async def _keep_parts_whole(
    app: TuiApp[Any], found: list[Found], chosen: frozenset[str]
) -> frozenset[str]:
    """Adopt aws-sso-cli's profiles of one part together or not at all, as the user says."""
    services = app.services
    if not chosen:
        return chosen
    torn = await background.run(app, lambda: adopting.find_left_out(services, found, chosen))
    for left in torn:
        lines: list[Line] = []
        for text in (*setup_text.torn_part_lines(left), "", *left):
            lines += plain_lines(text)
        screen = ConfirmScreen(setup_text.torn_part_question(left), lines=lines)
        if await app.push_screen_wait(screen):
            chosen |= set(left)
    whole = await background.run(app, lambda: adopting.leave_whole_parts(services, found, chosen))
    for others, why in await background.run(
        app, lambda: adopting.explain_kept_markers(services, found, whole)
    ):
        app.show_warning(setup_text.kept_markers_line(others, why))
    return whole


async def _ask_region(app: TuiApp[Any], proposal: str, command: str) -> str | None:
    """Return the region that the user confirms or types; None if the user left."""
    question, answer = f"{setup_text.DEFAULT_REGION}?", proposal
    while True:
        typed_text = await app.push_screen_wait(
            AskScreen(question, answer, f"{command} --default-region R")
        )
        if typed_text is None:
            return None
        try:
            return default_regions.check_region(typed_text)
        except UsageProblem as error:
            question, answer = f"{error.message}; {error.hint}", typed_text


async def _propose(
    app: TuiApp[Any], session: SsoSession, listing: Listing, answers: _Answers, command: str
) -> bool:
    """Show what will be written, ask, and write it. Returns False after a "no"."""
    services = app.services
    given = Choices(default_region=answers.default_region)
    found = await background.run(
        app,
        lambda: make_proposal(services, session, listing, given=given, adopt=answers.adopt),
    )
    plan = found.plan
    command += _options_of(answers)
    if not plan.changes:
        await background.run(app, lambda: profiles.save_sync_options(services, plan))
        app.show_done("nothing to change", command)
        return True
    question = f"{plan_text.plan_summary_text(plan)} — write {display_path(services)}?"
    if not await app.push_screen_wait(_make_question(app, question, plan, found.lines, command)):
        return False
    await background.run(app, lambda: profiles.apply(services, plan))
    app.show_done(plan_text.plan_summary_text(plan, done=True), command)
    return True


def _make_question(
    app: TuiApp[Any], question: str, plan: Plan, lines: list[Line], command: str
) -> ConfirmScreen:
    """Return the question that shows the diff, or for many changes a summary and the diff on demand."""
    if not plan_summary.is_big_plan(plan):
        return ConfirmScreen(question, lines=lines, command=command)
    width = min(app.size.width, _DIALOG_WIDTH) - _BESIDE
    summary: list[Line] = []
    for line in plan_summary.summary_lines(plan, width):
        summary += plain_lines(line)
    return ConfirmScreen(question, lines=summary, other=lines, command=command)


def _options_of(answers: _Answers) -> str:
    """Return the options of `ssohelper setup` that give the same answers."""
    region = answers.default_region
    options = f" --default-region {word_as_typed(region)}" if region else ""
    return options + "".join(
        f" --adopt {word_as_typed(filter_of_exact_text(n))}" for n in sorted(answers.adopt)
    )


async def _keep_session(app: TuiApp[Any], session: SsoSession) -> bool:
    """After a "no": write the session alone, or sign out again. Returns whether it is there.

    Otherwise a token would be left whose session no command knows.
    """
    services = app.services
    if await background.run(app, lambda: selection.is_in_config(services, session)):
        app.show_done(NOTHING_WRITTEN)
        return False
    question = setup_text.keep_session_question(session.name)
    if await app.push_screen_wait(ConfirmScreen(question)):
        plan = await background.run(app, lambda: sessions.plan_add(services, session))
        await background.run(app, lambda: sessions.apply(services, plan))
        app.show_done(setup_text.SESSION_WRITTEN)
        return True
    await background.run(app, lambda: sessions.discard(services, session))
    app.show_done(setup_text.SIGNED_OUT_AGAIN)
    return False


async def _offer_guards(app: TuiApp[Any], listing: Listing) -> None:
    """Offer to guard dangerous roles, if some are listed and there is no guard rule yet."""
    services = app.services
    rules = await background.run(app, lambda: guards.usual_rules(services, listing))
    if not rules:
        return
    command = setup_text.guard_command(rules)
    lines = plain_lines(setup_text.guards_line(rules))
    screen = ConfirmScreen(setup_text.GUARD_QUESTION, lines=lines, command=command)
    if await app.push_screen_wait(screen):
        await background.run(
            app,
            lambda: own_settings.change_setting(
                services, "guard.rules", ("guard", "rules"), list(rules)
            ),
        )
        app.show_done(setup_text.guards_line(rules), command)
    else:
        app.show_done(f"later: {command}")


async def _prove(app: TuiApp[Any], session: SsoSession, listing: Listing) -> None:
    """Run the helper of one profile, and show the problems that `doctor` finds, or what to try."""
    services = app.services
    if not listing.roles():
        app.show_done(setup_text.NO_ACCOUNT)
        return
    report = await background.run(app, lambda: doctor.prove_session(services, session))
    if report.proven:
        has_aws = programs.find_program("aws", services.environ) is not None
        app.show_done("try it", setup_text.try_command(report.proven[0], has_aws=has_aws))
    if len(report.findings) > setup_text.MOST_PROBLEMS:
        app.show_warning(setup_text.OTHER_PROBLEMS)
    for finding in reversed(report.findings[: setup_text.MOST_PROBLEMS]):
        problem = f"problem: {finding.subject}: {finding.message}; fix: {finding.fix}"
        app.show_warning(show_message(problem))
