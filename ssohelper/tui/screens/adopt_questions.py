"""Asks which profiles of other tools to adopt, in a set-up and on the Profiles screen.

`ssohelper setup` and `profile sync --adopt` ask the same. Only workers may call these functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ssohelper.actions import adopting, setup_text
from ssohelper.actions.adopting import ProfileOfOtherTool
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.widgets.lines import text_lines

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp


async def offer_needing_profiles(
    app: TuiApp[Any], found: Sequence[ProfileOfOtherTool]
) -> frozenset[str]:
    """Ask whether to adopt the profiles that need ssohelper to work. Return the names to adopt."""
    needing = adopting.choose_needing(found)
    if not needing:
        return frozenset()
    question = setup_text.adopt_profiles_question(needing)
    return await _ask_to_adopt(app, found, needing, question, proposes_yes=True)


async def offer_all_profiles(
    app: TuiApp[Any], found: Sequence[ProfileOfOtherTool]
) -> frozenset[str]:
    """Ask whether to adopt the profiles that need ssohelper, and if not, whether to adopt all.

    Returns the names of the profiles to adopt.
    """
    chosen = await offer_needing_profiles(app, found)
    able = adopting.choose_adoptable(found)
    if chosen or able == adopting.choose_needing(found):
        return chosen
    question = setup_text.adopt_all_question(found)
    return await _ask_to_adopt(app, found, able, question, proposes_yes=False)


async def _ask_to_adopt(
    app: TuiApp[Any],
    found: Sequence[ProfileOfOtherTool],
    names: frozenset[str],
    question: str,
    *,
    proposes_yes: bool,
) -> frozenset[str]:
    """Ask whether to adopt the profiles `names`; return these after a yes, none after a no."""
    lines = text_lines(setup_text.lines_about_profiles_of_other_tools(found))
    screen = ConfirmScreen(question, lines=lines, proposes_yes=proposes_yes)
    if await app.push_screen_wait(screen):
        return names
    app.show_done(setup_text.ADOPT_LATER)
    return frozenset()
