"""Prints which profiles other tools wrote, and asks the user which of them to adopt."""

from collections.abc import Sequence
from typing import NamedTuple

from ssohelper.actions import adopting, legacy_sign_ins, setup_text
from ssohelper.actions.adopting import ProfileOfOtherTool
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.core.text import SOME_NAMES, shortened_name_list, show

ADOPT_HELP = "Take over profiles of other tools, under the names they have. Repeatable."


class OtherProfiles(NamedTuple):
    """The profiles of other tools that were `found`, and the names of those to adopt."""

    found: Sequence[ProfileOfOtherTool]
    adopt: frozenset[str]


def choose_profiles_to_adopt(
    app: App,
    session: SsoSession,
    listing: Listing,
    globs: tuple[str, ...],
    *,
    yes: bool,
    offers: bool,
) -> OtherProfiles:
    """Print which profiles other tools wrote; return these, with the names of those to adopt.

    `globs` are the values of --adopt. With `offers` and no globs, the user is asked on the terminal
    whether to adopt the profiles that do not work without ssohelper.
    Raises: UsageProblem for a name that no profile has, or for patterns that match only some
    profiles of a block that aws-sso-cli rewrites.
    """
    found = adopting.list_profiles_of_other_tools(app, session, listing, asks_aws=offers)
    for line in setup_text.lines_about_profiles_of_other_tools(found):
        output.say(line)
    if globs:
        chosen = adopting.choose_profiles_by_globs(app, found, globs)
        for glob in adopting.list_globs_without_profile(app, globs):
            output.say(f'no profile fits --adopt "{show(glob)}"')
    elif offers and not yes and output.can_ask_user():
        chosen = _offer_to_adopt(found)
    else:
        chosen = frozenset()
        if adopting.choose_profiles_that_need_ssohelper(found):
            output.say(
                "to adopt these profiles under their names: ssohelper profile sync --adopt '*'"
            )
    return OtherProfiles(
        found, _ask_about_partly_chosen_aws_sso_cli_blocks(app, found, chosen, yes=yes)
    )


def say_which_session_serves_legacy_profiles(app: App, session: SsoSession) -> None:
    """Print which profiles without sso_session use another session's sign-in to the portal."""
    found = legacy_sign_ins.find_other_session_and_its_legacy_profiles(app, session)
    if found is not None:
        session_name, names = found
        shown = shortened_name_list([show(name, 60) for name in names], SOME_NAMES)
        output.say(
            f'profiles with sso_start_url ({shown}) keep using the sign-in to "{show(session_name)}"; to '
            f"adopt them: ssohelper profile sync --session {session_name} --adopt NAME"
        )


def say_which_legacy_profiles_lose_sign_in(app: App, session: SsoSession) -> None:
    """Print which profiles without sso_session will lose this session's sign-in."""
    names = legacy_sign_ins.list_legacy_profiles_served_by_session(app, session)
    if names:
        shown = shortened_name_list([show(name, 60) for name in names], SOME_NAMES)
        output.say(
            f"profiles with sso_start_url ({shown}) stay, and lose this sign-in; to change "
            f"these too, first run: ssohelper profile sync --session {session.name} --adopt NAME"
        )


def _offer_to_adopt(found: Sequence[ProfileOfOtherTool]) -> frozenset[str]:
    """Ask whether to adopt the profiles that need ssohelper to work; return those to adopt."""
    needing = adopting.choose_profiles_that_need_ssohelper(found)
    if not needing:
        return frozenset()
    question = setup_text.adopt_profiles_question(needing)
    if output.confirm(question, yes=False, what="setup", default=True):
        return needing
    output.say(setup_text.ADOPT_LATER)
    return frozenset()


def _ask_about_partly_chosen_aws_sso_cli_blocks(
    app: App, found: Sequence[ProfileOfOtherTool], chosen: frozenset[str], *, yes: bool
) -> frozenset[str]:
    for left in adopting.list_unadopted_profiles_by_aws_sso_cli_block(app, found, chosen):
        if yes or not output.can_ask_user():
            raise adopting.partly_adopted_aws_sso_cli_block_error(left)
        for line in setup_text.partly_adopted_aws_sso_cli_block_lines(left):
            output.say(line)
        if output.confirm(
            setup_text.partly_adopted_aws_sso_cli_block_question(left), yes=False, what="--adopt"
        ):
            chosen |= set(left)
    chosen = adopting.drop_profiles_of_partly_named_aws_sso_cli_blocks(app, found, chosen)
    for others, why in adopting.find_remaining_aws_sso_cli_markers(app, found, chosen):
        output.say(setup_text.remaining_aws_sso_cli_markers_line(others, why))
    return chosen
