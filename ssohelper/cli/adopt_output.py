"""Prints which profiles other tools wrote, and asks the user which of them to adopt."""

from collections.abc import Sequence
from typing import NamedTuple

from ssohelper.actions import adopting, setup_text
from ssohelper.actions.adopting import ProfileOfOtherTool
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.core.text import show

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
    found = adopting.list_other_profiles(app, session, listing)
    for line in setup_text.lines_about_profiles_of_other_tools(found):
        output.say(line)
    needing, chosen = adopting.choose_needing(found), frozenset[str]()
    if globs:
        chosen = adopting.choose_by_globs(app, found, globs)
        for glob in adopting.list_unmatched_globs(app, globs):
            output.say(f'no profile fits --adopt "{show(glob)}"')
    elif needing and offers and not yes and output.can_ask_user():
        question = setup_text.adopt_profiles_question(needing)
        if output.confirm(question, yes=False, what="setup", default=True):
            chosen = needing
        else:
            output.say(setup_text.ADOPT_LATER)
    elif needing:
        output.say("to adopt these profiles under their names: ssohelper profile sync --adopt '*'")
    return OtherProfiles(found, chosen)
