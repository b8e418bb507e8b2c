"""Says which profiles other tools wrote, and chooses with the user which of them to adopt."""

from collections import Counter
from collections.abc import Sequence

from ssohelper.actions import adopting, legacy_sign_ins
from ssohelper.actions.adopting import Found
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.core.plan_text import profile_count
from ssohelper.core.text import first_names, show, show_message

_MOST_NAMES = 5
ADOPT_HELP = "Take over profiles of other tools, under the names they have. Repeatable."


def choose_adopted(
    app: App,
    session: SsoSession,
    listing: Listing,
    globs: tuple[str, ...],
    *,
    yes: bool,
    offers: bool,
) -> frozenset[str]:
    """Say which profiles other tools wrote; return the names of those to adopt.

    `globs` are those of --adopt. With `offers` and without them, the user is asked about those that
    do not work without ssohelper, if there is a terminal.
    Raises: UsageProblem for a pattern that matches nothing, or that tears a part of aws-sso-cli's.
    """
    found = adopting.survey(app, session, listing)
    _say_what_is_there(found)
    if globs:
        chosen = adopting.choose_by_globs(app, found, globs)
    elif offers and not yes and output.can_ask():
        chosen = _offer(found)
    else:
        chosen = frozenset()
        if adopting.choose_needing_us(found):
            output.say("to take them over, under their names: ssohelper profile sync --adopt '*'")
    return _keep_parts_whole(app, found, chosen, yes=yes)


def say_who_serves_legacy_profiles(app: App, session: SsoSession) -> None:
    """Say which other session serves the portal's profiles without sso_session, if one does."""
    found = legacy_sign_ins.find_other_server(app, session)
    if found is not None:
        server, names = found
        shown = first_names([show(name, 60) for name in names], _MOST_NAMES)
        output.say(
            f'profiles with sso_start_url ({shown}) keep using the sign-in to "{show(server)}"; to '
            f'use "{show(session.name)}": ssohelper profile sync --session {session.name} --adopt NAME'
        )


def say_who_loses_the_sign_in(app: App, session: SsoSession) -> None:
    """Say which profiles without sso_session work by this session's sign-in, if some do."""
    names = legacy_sign_ins.list_served(app, session)
    if names:
        shown = first_names([show(name, 60) for name in names], _MOST_NAMES)
        output.say(
            f"profiles with sso_start_url ({shown}) stay, and lose this sign-in; with "
            f"`ssohelper profile sync --session {session.name} --adopt NAME` first they go too"
        )


def _say_what_is_there(found: Sequence[Found]) -> None:
    if not found:
        return
    output.say("profiles that other tools or you wrote:")
    kinds = Counter((one.tool, _state(one)) for one in found)
    for (tool, state), number in kinds.items():
        verb, negated = ("works", "does not work") if number == 1 else ("work", "do not work")
        trouble, unknown, condition = state
        shown = f"{negated} now: {trouble}" if trouble else f"{verb} {condition}"
        if unknown:
            shown = f"not checked: {show_message(unknown)}"
        output.say(f"  {profile_count(number)} of {tool}: {shown}")


def _state(one: Found) -> tuple[str, str, str]:
    """Return why a profile does not work, or why that is unknown; else on what it depends."""
    program = one.candidate.origin.program
    condition = "while you are signed in"
    if program is not None:
        condition = f"if {show(program, 80)} works (it was not run)"
    elif one.needs_us:
        condition = "by ssohelper's sign-in, until its access token ends"
    return (one.trouble, one.unknown, condition if not one.trouble and not one.unknown else "")


def _offer(found: Sequence[Found]) -> frozenset[str]:
    """Ask whether to adopt the profiles that do not work without ssohelper."""
    needing = adopting.choose_needing_us(found)
    if not needing:
        return frozenset()
    one = len(needing) == 1
    which = (
        "that needs ssohelper to work, with its name"
        if one
        else "that need ssohelper to work, with their names"
    )
    question = f"adopt {profile_count(len(needing))} {which}?"
    if output.confirm(question, yes=False, what="setup", default=True):
        return needing
    output.say("later: ssohelper profile sync --adopt '*'")
    return frozenset()


def _keep_parts_whole(
    app: App, found: Sequence[Found], chosen: frozenset[str], *, yes: bool
) -> frozenset[str]:
    for left in adopting.find_left_out(app, found, chosen):
        if yes or not output.can_ask():
            raise adopting.refuse_torn(left)
        output.say("aws-sso-cli writes all profiles between its two marker lines again, so they")
        output.say(f"are adopted together or not at all; {profile_count(len(left))} left out")
        if output.confirm(f"adopt these {len(left)} too?", yes=False, what="--adopt"):
            chosen |= set(left)
    chosen = adopting.leave_whole_parts(app, found, chosen)
    reasons = {one.name: one.candidate.reason for one in found}
    able = {one.name for one in found if one.candidate.role}
    for others in adopting.find_kept_markers(app, chosen & able):
        named = first_names([show(name, 60) for name in others], _MOST_NAMES)
        why = next((reasons[name] for name in others if reasons.get(name)), "they are not managed")
        output.say(
            f"aws-sso-cli's two marker lines stay, for {named} ({show_message(why)}): "
            "`aws-sso setup profiles` would write the adopted profiles again; after it: "
            "ssohelper doctor --fix"
        )
    return chosen
