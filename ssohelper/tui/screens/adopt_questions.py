"""Asks which profiles of other tools to adopt, in a set-up and on the Profiles screen.

`ssohelper setup` and `profile sync --adopt` ask the same. Only workers may call these functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ssohelper.actions import adopting, setup_text
from ssohelper.actions.adopting import ProfileOfOtherTool
from ssohelper.tui import background
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.widgets.lines import text_lines

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp


async def offer_to_adopt_profiles_that_need_ssohelper(
    app: TuiApp[Any], found: Sequence[ProfileOfOtherTool]
) -> frozenset[str]:
    """Ask whether to adopt the profiles that need ssohelper to work. Return the names to adopt."""
    needing = adopting.choose_profiles_that_need_ssohelper(found)
    if not needing:
        return frozenset()
    chosen = await _ask_to_adopt(
        app, found, needing, setup_text.adopt_profiles_question(needing), proposes_yes=True
    )
    return await _ask_about_partly_chosen_blocks(app, found, chosen)


async def offer_to_adopt_all_profiles(
    app: TuiApp[Any], found: Sequence[ProfileOfOtherTool]
) -> frozenset[str]:
    """Ask whether to adopt the profiles that need ssohelper, and if not, whether to adopt all.

    Returns the names of the profiles to adopt.
    """
    chosen = await offer_to_adopt_profiles_that_need_ssohelper(app, found)
    able = adopting.choose_adoptable_profiles(found)
    if chosen or able == adopting.choose_profiles_that_need_ssohelper(found):
        return chosen
    question = setup_text.adopt_all_question(found)
    chosen = await _ask_to_adopt(app, found, able, question, proposes_yes=False)
    return await _ask_about_partly_chosen_blocks(app, found, chosen)


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


async def _ask_about_partly_chosen_blocks(
    app: TuiApp[Any], found: Sequence[ProfileOfOtherTool], chosen: frozenset[str]
) -> frozenset[str]:
    """Ask whether to adopt all profiles of each aws-sso-cli block of which only some are chosen.

    Returns the names to adopt: of each block all, or none.
    """
    services = app.services
    if not chosen:
        return chosen
    torn = await background.run(
        app, lambda: adopting.list_unadopted_profiles_by_aws_sso_cli_block(services, found, chosen)
    )
    for left in torn:
        lines = text_lines((*setup_text.partly_adopted_aws_sso_cli_block_lines(left), "", *left))
        screen = ConfirmScreen(
            setup_text.partly_adopted_aws_sso_cli_block_question(left), lines=lines
        )
        if await app.push_screen_wait(screen):
            chosen |= set(left)
    whole = await background.run(
        app,
        lambda: adopting.drop_profiles_of_partly_named_aws_sso_cli_blocks(services, found, chosen),
    )
    for others, why in await background.run(
        app, lambda: adopting.find_remaining_aws_sso_cli_markers(services, found, whole)
    ):
        app.show_warning(setup_text.remaining_aws_sso_cli_markers_line(others, why))
    return whole
