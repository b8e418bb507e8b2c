"""Asks which profiles of other tools to adopt, as `setup` and `profile sync --adopt` do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ssohelper.actions import adopting, setup_text
from ssohelper.actions.adopting import ProfileOfOtherTool
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.widgets.lines import text_lines

if TYPE_CHECKING:
    from ssohelper.tui.dialog_app import DialogApp


async def offer_needing_profiles(
    app: DialogApp, found: Sequence[ProfileOfOtherTool]
) -> frozenset[str]:
    """Ask whether to adopt the profiles that need ssohelper to work. Return the names to adopt."""
    needing = adopting.choose_needing(found)
    if not needing:
        return frozenset()
    question = setup_text.adopt_profiles_question(needing)
    return await _ask_to_adopt(app, found, needing, question, proposes_yes=True)


async def offer_all_profiles(app: DialogApp, found: Sequence[ProfileOfOtherTool]) -> frozenset[str]:
    """Ask for the profiles that need ssohelper, and after a no for all.

    Return the names to adopt.
    """
    chosen = await offer_needing_profiles(app, found)
    able = adopting.choose_adoptable(found)
    if chosen or able == adopting.choose_needing(found):
        return chosen
    question = setup_text.adopt_all_question(found)
    return await _ask_to_adopt(app, found, able, question, proposes_yes=False)


async def _ask_to_adopt(
    app: DialogApp,
    found: Sequence[ProfileOfOtherTool],
    names: frozenset[str],
    question: str,
    *,
    proposes_yes: bool,
) -> frozenset[str]:
    lines = text_lines(setup_text.other_profile_lines(found))
    screen = ConfirmScreen(question, lines=lines, proposes_yes=proposes_yes)
    if await app.push_screen_wait(screen):
        return names
    app.show_done(setup_text.ADOPT_LATER)
    return frozenset()
