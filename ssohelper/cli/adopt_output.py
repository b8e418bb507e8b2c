"""Says which profiles other tools wrote, and asks the user which of them to adopt."""

from collections.abc import Sequence

from ssohelper.actions import adopting, legacy_sign_ins, setup_text
from ssohelper.actions.adopting import Found
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.core.text import first_names, show

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

    `globs` are the values of --adopt. With `offers` and no globs, the user is asked on the terminal
    whether to adopt the profiles that do not work without ssohelper.
    Raises: UsageProblem for a pattern that matches nothing, or that matches only some profiles of a
    block that aws-sso-cli rewrites.
    """
    found = adopting.survey(app, session, listing, asks_aws=offers)
    for line in setup_text.survey_lines(found):
        output.say(line)
    if globs:
        chosen = adopting.choose_by_globs(app, found, globs)
    elif offers and not yes and output.can_ask():
        chosen = _offer_to_adopt(found)
    else:
        chosen = frozenset()
        if adopting.choose_profiles_that_need_ssohelper(found):
            output.say("to take them over, under their names: ssohelper profile sync --adopt '*'")
    return _ask_to_complete_blocks(app, found, chosen, yes=yes)


def say_who_serves_legacy_profiles(app: App, session: SsoSession) -> None:
    """Say if another session's sign-in serves the portal's profiles that have no sso_session."""
    found = legacy_sign_ins.find_other_serving_session(app, session)
    if found is not None:
        server, names = found
        shown = first_names([show(name, 60) for name in names], _MOST_NAMES)
        output.say(
            f'profiles with sso_start_url ({shown}) keep using the sign-in to "{show(server)}"; to '
            f'use "{show(session.name)}": ssohelper profile sync --session {session.name} --adopt NAME'
        )


def say_who_loses_the_sign_in(app: App, session: SsoSession) -> None:
    """Say which profiles without sso_session will lose this session's sign-in, if there are any."""
    names = legacy_sign_ins.list_served_profiles(app, session)
    if names:
        shown = first_names([show(name, 60) for name in names], _MOST_NAMES)
        output.say(
            f"profiles with sso_start_url ({shown}) stay, and lose this sign-in; to remove "
            f"them too, first: ssohelper profile sync --session {session.name} --adopt NAME"
        )


def _offer_to_adopt(found: Sequence[Found]) -> frozenset[str]:
    """Ask whether to adopt the profiles that do not work without ssohelper."""
    needing = adopting.choose_profiles_that_need_ssohelper(found)
    if not needing:
        return frozenset()
    question = setup_text.adopt_question(needing)
    if output.confirm(question, yes=False, what="setup", default=True):
        return needing
    output.say(setup_text.ADOPT_LATER)
    return frozenset()


def _ask_to_complete_blocks(
    app: App, found: Sequence[Found], chosen: frozenset[str], *, yes: bool
) -> frozenset[str]:
    for left in adopting.find_left_out(app, found, chosen):
        if yes or not output.can_ask():
            raise adopting.refuse_torn(left)
        for line in setup_text.torn_part_lines(left):
            output.say(line)
        if output.confirm(setup_text.torn_part_question(left), yes=False, what="--adopt"):
            chosen |= set(left)
    chosen = adopting.leave_whole_parts(app, found, chosen)
    for others, why in adopting.explain_kept_markers(app, found, chosen):
        output.say(setup_text.kept_markers_line(others, why))
    return chosen
