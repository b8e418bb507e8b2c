"""Asks which profiles of other tools to adopt, as `setup` does."""

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
    lines = text_lines(setup_text.other_profile_lines(found))
    if await app.push_screen_wait(ConfirmScreen(question, lines=lines, proposes_yes=True)):
        return needing
    app.show_done(setup_text.ADOPT_LATER)
    return frozenset()
