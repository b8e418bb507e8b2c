"""`setup`: which session a portal gets, and one screen with what is found and would be written."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import (
    adopting,
    config_writing,
    doctor,
    guards,
    install,
    own_settings,
    profile_edit,
    session_edit,
    session_move,
    setup,
    setup_text,
    sync_choices,
    undoing,
)
from ssohelper.actions.flows.dialogue import Dialogue, PlanShown
from ssohelper.core import plan_text
from ssohelper.core.choices import NO_CHOICES, Choices, account_filter
from ssohelper.core.other_writes import OtherWrites
from ssohelper.core.text import count_text, show
from ssohelper.errors import SsoHelperError, UsageProblem
from ssohelper.system import programs

if TYPE_CHECKING:
    from ssohelper.actions.adopting import ProfileOfOtherTool
    from ssohelper.app import App
    from ssohelper.core.further_portals import FurtherPortal
    from ssohelper.core.listing import Listing
    from ssohelper.core.model import SsoSession
    from ssohelper.core.profile_plan import Plan
    from ssohelper.core.rc_text import FileEdit

_ADOPTION, _GUARDS, _SHELL = "adoption", "guards", "shell"
_WHAT_TO_LEAVE_OUT = "leave out (numbers; or accounts such as *-test; commas between)"


class Wish(NamedTuple):
    """What `setup` or `profile sync` is asked for. `given` are options, `adopt` those of --adopt.

    `is_unasked`: nothing is adopted, guarded or installed that no option names.
    """

    session: SsoSession
    listing: Listing
    command: str
    given: Choices = NO_CHOICES
    adopt: tuple[str, ...] = ()
    is_portable: bool | None = None
    is_unasked: bool = False
    rename: bool = False
    prune: bool = False


class Proposal(NamedTuple):
    """What `setup` would write: profiles, guard rules, and ssohelper's lines in the shell's file."""

    plan: Plan
    others: Sequence[ProfileOfOtherTool]
    rules: tuple[str, ...]
    edit: FileEdit | None

    @property
    def has_changes(self) -> bool:
        return bool(self.plan.changes or self.rules or self.edit)


def choose_session(
    app: App,
    dialogue: Dialogue | None,
    start_url: str,
    name: str | None,
    region: str | None,
    *,
    is_unasked: bool = False,
) -> tuple[SsoSession, FurtherPortal | None]:
    """Return the session of this portal, and the portal if the session lacks it as a further one.

    A region that nothing tells is asked for, unless `dialogue` is None. With `is_unasked`, the one
    that the portal's page names is taken. Raises: the errors of the two functions of actions.setup.
    """

    def choose_region(url: str, proposal: str | None) -> str:
        if proposal is not None and is_unasked:
            app.warn(f"the region of {url} is {proposal}, as the portal's page says")
            return proposal
        if dialogue is None:
            return ""
        known = f"the region of {show(url)} is not known; {setup.WHERE_THE_REGION_IS}"
        label = "region (such as eu-west-1)"
        if proposal is not None:
            known, label = f"the page of {show(url)} says that its region is {proposal}", "region"
        command = f"ssohelper setup {url} --region REGION"
        check = sync_choices.parse_region_name
        return dialogue.ask(f"{known}\n{label}", proposal or "", check, command)

    ask = choose_region if is_unasked or dialogue is not None else None
    return setup.find_further_portal(app, start_url, name) or (
        setup.choose_session(app, start_url, name=name, region=region, ask_region=ask),
        None,
    )


def write_set_up(app: App, dialogue: Dialogue, wish: Wish) -> Proposal | None:
    """Return what was written, or None if the user says no, which keeps the sign-in.

    Raises: UsageProblem for a part of an aws-sso-cli block in `adopt`; those of plan_sync.
    """
    left_out = frozenset[str]()
    found = propose(app, wish)
    while found.has_changes:
        app.config.check_writable()
        answer = dialogue.show_plan(show_proposal(app, wish, found))
        if answer == "y":
            break
        if answer == "n":
            dialogue.say("nothing was changed")
            dialogue.say(setup_text.kept_sign_in_line(wish.session))
            return None
        left_out, wish = _leave_out(app, dialogue, wish, found, left_out)
        found = propose(app, wish, left_out)
    if not found.has_changes:
        for line in finding_lines(app, wish, found):
            dialogue.say(line)
    _write(app, found)
    plan = found.plan
    done = f"{plan_text.plan_counts_text(plan, done=True)}; undo with: {undoing.COMMAND}"
    dialogue.say(done if found.has_changes else "nothing to change", wish.command)
    return found


def propose(app: App, wish: Wish, left_out: frozenset[str] = frozenset()) -> Proposal:
    session, listing = wish.session, wish.listing
    others, adopted = adopting.list_other_profiles(app, session, listing), frozenset[str]()
    if _ADOPTION not in left_out:
        needing = frozenset[str]() if wish.is_unasked else adopting.choose_needing(others)
        adopted = adopting.choose_by_globs(others, wish.adopt) if wish.adopt else needing
    plan = profile_edit.plan_sync(
        app,
        session,
        listing,
        sync_choices.merge_choices(app, session, wish.given),
        wish.given,
        rename=wish.rename,
        prune=wish.prune,
        adopt=adopted,
        others=others,
        is_portable=wish.is_portable,
    )
    if warning := plan_text.filters_warning(plan):
        app.warn(warning)
    is_asked = not wish.is_unasked
    is_guarding = is_asked and _GUARDS not in left_out
    return Proposal(
        plan,
        others,
        guards.propose_usual_rules(app, listing) if is_guarding else (),
        _plan_install(app) if is_asked and _SHELL not in left_out else None,
    )


def show_proposal(app: App, wish: Wish, found: Proposal) -> PlanShown:
    parts = dict(_parts(app, found))
    files = [config_writing.shown_config_path(app)] * bool(found.plan.changes)
    files += [config_writing.shown_path(app, app.locations.settings_file)] * bool(found.rules)
    files += [config_writing.shown_path(app, found.edit.path)] if found.edit else []
    counts = f"{plan_text.plan_counts_text(found.plan)} — " if found.plan.changes else ""
    summary = [
        *finding_lines(app, wish, found),
        *([f"a yes {'also ' * bool(found.plan.changes)}does this:"] if parts else []),
        *(f"  {number} {text}" for number, text in enumerate(parts.values(), 1)),
        f"{counts}write {', '.join(map(show, files))}?",
    ]
    diff = [*config_writing.diff_changes(app, found.plan.data, found.plan.changes)]
    diff += undoing.diff_settings(app, _changed_settings(app, found))
    diff += found.edit.diff() if found.edit else []
    return PlanShown(summary, diff, wish.command, default=True, can_choose=True)


def result_lines(app: App, session: SsoSession, found: Proposal) -> Iterator[str]:
    """Run the helper of one profile; yield what was skipped, what is wrong, and what to try.

    The last line makes `use` work in the shell that runs already.
    """
    yield from plan_text.lines_after_sync(found.plan)
    if not found.plan.request.listing.roles():
        yield setup_text.NO_ACCOUNT
        return
    report = doctor.prove_session(app, session)
    has_aws = programs.find_program("aws", app.environ) is not None
    yield from setup_text.setup_result_lines(report, session.name, has_aws=has_aws)
    if rules := guards.propose_usual_rules(app, found.plan.request.listing):
        command = setup_text.guard_rules_command(rules)
        yield f"no role is guarded; guard administrators' roles with: {command}"
    if found.edit:
        if advice := install.login_shell_advice(app, found.edit):
            yield advice
        here = install.line_for_this_shell(app, found.edit)
        yield f"new shells know `ssohelper use`; this one after: {here}"


# -- the screen ------------------------------------------------------------------------------------


def finding_lines(app: App, wish: Wish, found: Proposal) -> Iterator[str]:
    session, listing = wish.session, wish.listing
    roles = count_text(len(listing.roles()), "role")
    accounts = count_text(len(listing.accounts), "account")
    yield f"{show(session.start_url, 200)} ({session.region}): {roles} in {accounts}"
    is_new = not session_edit.has_config_section(app, session)
    known = session_move.find_session_to_move(app, session, listing) if is_new else None
    if known is not None:
        yield (
            f'it has the user and the roles of "{show(known.name)}", which is at '
            f"{show(known.start_url, 200)}: it is probably the same portal"
        )
        command = f"ssohelper session set-url {known.name} {shlex.quote(session.start_url)}"
        yield f"to move that session in place of a second one: {command}"
    for other in setup.find_portals_in_config(app):
        if not other.name and other.start_url != session.start_url:
            yield f"another portal in the config: {show(other.start_url, 200)}"
    yield from profile_lines(app, session, found)


def profile_lines(app: App, session: SsoSession, found: Proposal) -> Iterator[str]:
    plan = found.plan
    yield from setup_text.other_profile_lines(found.others)
    if adopting.choose_adoptable(found.others) - {*plan.adopt}:
        yield setup_text.ADOPT_LATER
    if plan.add:
        region, proposed = plan.request.region, sync_choices.propose_default_region(app, session)
        is_proposed = proposed == region != session.region
        text = setup_text.proposed_region_text(region) if is_proposed else f"region {region}"
        yield f"new profiles, such as {show(plan.add[-1])}, get the {text}"


def _parts(app: App, found: Proposal) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each part that the user can leave out."""
    if found.plan.adopt:
        yield _ADOPTION, setup_text.adopted_profiles_text(found.plan.adopt)
    if found.rules:
        yield _GUARDS, setup_text.guarded_roles_text(found.rules)
    if found.edit:
        path = show(config_writing.shown_path(app, found.edit.path))
        yield _SHELL, f"add to {path}: the command `use`, the prompt and TAB completion"


def _leave_out(
    app: App, dialogue: Dialogue, wish: Wish, found: Proposal, left_out: frozenset[str]
) -> tuple[frozenset[str], Wish]:
    parts = dict(_parts(app, found))

    def read_answer(answer: str) -> tuple[set[str], list[str]]:
        names, globs = set[str](), list[str]()
        for word in filter(None, map(str.strip, answer.split(","))):
            if word.isdecimal() and 0 < int(word) <= len(parts):
                names.add([*parts][int(word) - 1])
            elif any(map(account_filter((word,)), (one.account for one in wish.listing.accounts))):
                globs.append(f"!{word}")
            else:
                raise UsageProblem(f'"{word}" is neither a number above nor a listed account')
        return names, globs

    shown = [f"{number} {text}" for number, text in enumerate(parts.values(), 1)]
    question = "\n".join([*shown, _WHAT_TO_LEAVE_OUT])
    names, globs = read_answer(dialogue.ask(question, "", read_answer, wish.command))
    if globs:
        before = sync_choices.merge_choices(app, wish.session, wish.given).accounts
        wish = wish._replace(given=wish.given._replace(accounts=(*before, *globs)))
    return left_out | names, wish


# -- the writing -----------------------------------------------------------------------------------


def _plan_install(app: App) -> FileEdit | None:
    """Return None too if `install` would fail: `setup` ends with its command then."""
    with suppress(SsoHelperError):
        edit = install.plan_rc_file_install(app, install.choose_shell(app, None))
        return edit if edit.has_changes else None
    return None


def _changed_settings(app: App, found: Proposal) -> dict[str, tuple[object, object]]:
    return undoing.setting_to_record(app, "guard.rules", list(found.rules)) if found.rules else {}


def _write(app: App, found: Proposal) -> None:
    files = (found.edit,) if found.edit else ()
    others = OtherWrites(_changed_settings(app, found), files)
    if not found.plan.changes and (others.settings or files):
        undoing.record_other_writes(app, others)
    profile_edit.write_profile_plan(app, found.plan, "setup", others)
    if found.rules:
        own_settings.change_setting(app, "guard.rules", list(found.rules), "setup")
    for edit in files:
        install.write_file_edit(app, edit)
