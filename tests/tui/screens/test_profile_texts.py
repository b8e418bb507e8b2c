"""Every text of the Profiles screen is shown line by line: no newline is escaped."""

from types import SimpleNamespace
from typing import Any

import pytest

from ssohelper.core.model import SsoSession
from ssohelper.tui.profile_rows import STALE, Section
from ssohelper.tui.screens import profile_texts
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.diff import DiffScreen
from ssohelper.tui.screens.profile_planner import Found
from ssohelper.tui.screens.profiles import ProfilesScreen
from ssohelper.tui.screens.proposal import CurrentProfiles, Proposal, Wish
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_adopt_questions import BROKEN, WORKING, add_sections
from tests.tui.screens.test_profiles import answer, open_screen
from tests.tui.world import DemoHome, until

# A profile that is skipped, because of its name, and one whose role is not in the list.
SKIPPED = "[profile data-lake.BreakGlassAdmin]\nregion = x\n"
GONE = (
    "[profile gone]\ncredential_process = x --session corp --account-id 000040000001 "
    "--role-name Gone\nssohelper_managed = true\n"
)


@pytest.mark.long
def test_no_text_shows_the_escape_of_a_newline(world: DemoHome) -> None:
    whole = add_sections(world, BROKEN + WORKING + SKIPPED + GONE)
    shown: list[str] = []

    async def look_at(user: User, *texts: str) -> None:
        """Wait for the texts, then keep what the screen shows at each line of the list."""
        await user.wait_for_text(*texts)
        screen = user.app.screen
        shown.append(user.screen)
        if isinstance(screen, ProfilesScreen) and not screen.fields.display:
            for _ in range(screen.pane.list.count):
                await user.press("down")
                shown.append(user.screen)
            await user.press("home")

    async def scenario(user: User) -> None:
        screen = await open_screen(user)
        await look_at(user, "2 profiles of other tools", "17 to add")
        await user.press("f6")
        await look_at(user, "adopt 1 profile")
        await answer(user, "y")
        await look_at(user, "1 profile of 2 to adopt")
        await user.press("ctrl+o")
        await user.type("zzz")
        await look_at(user, "no role matches --account zzz", "1 profile of 2 to adopt: F9 writes")
        await user.press("ctrl+u")
        await user.type("'open")
        await look_at(user, "a quote is not closed")
        await user.press("enter")
        await user.wait_for_message("a quote is not closed")
        await user.press("escape")
        await until(lambda: screen.is_planned and not screen.fields.display)
        await user.press("ctrl+d")
        await user.wait_for_screen(DiffScreen)
        await look_at(user, "[profile gone]")
        await user.press("escape", "f9")
        await user.wait_for_screen(ConfirmScreen)
        await look_at(user, "write ~/.aws/config?")
        await user.press("n")
        await user.wait_for_message("nothing was changed")
        await user.press("ctrl+t")
        await look_at(user, "profile sync --session lab: no list of roles yet")
        await user.press("f6")
        await user.wait_for_message("Press F5 to ask AWS for your roles")
        await user.press("f8")
        await user.wait_for_message("nothing to undo")
        world.config_file.write_bytes(b"[default]\nregion\n" + whole)
        await user.press("f2", "f4")
        await look_at(user, "config:2:", "no profile can be changed on this screen")
        await user.press("ctrl+l")
        await look_at(user, "nothing was changed")
        shown.append(user.messages)

    run_scenario(world.app(), scenario, size=(160, 60))
    assert [text for text in shown if "\\x0a" in text] == []


CORP = SsoSession("corp", "https://d-0000000000.awsapps.com/start", "us-east-1", ())


def found(proposal: Proposal) -> Found:
    """Return what Profiles shows of a config without profiles."""
    rows: Any = []
    return Found(CurrentProfiles([], (CORP,), "~/.aws/config"), Wish(CORP), proposal, rows)


def test_where_no_role_would_get_a_profile_the_filters_and_aws_are_named() -> None:
    plan: Any = SimpleNamespace(add=())
    assert profile_texts.missing_input_hint(found(Proposal(plan)), "<{}>".format) == (
        "There is no profile yet, and no role that would get one: <profiles.options> shows the "
        "filters, <profiles.refresh> asks AWS."
    )


def test_without_a_plan_the_diff_s_key_says_which_option_or_list_is_missing() -> None:
    wrong = found(Proposal(problems={"accounts": "no account matches zzz"}))
    said = profile_texts.missing_plan_text(wrong, "<{}>".format)
    assert said.startswith("no diff: ")
    assert "no account matches zzz" in said
    assert said.endswith(" · <profiles.options> opens the options")
    assert profile_texts.missing_plan_text(found(Proposal()), "<{}>".format) == (
        "Press <profiles.refresh> to ask AWS for your roles, or type: "
        "ssohelper list --refresh --session corp"
    )


def test_of_profiles_whose_roles_are_gone_the_key_that_removes_them_is_named() -> None:
    stale = Section(STALE, "!", "1 skipped", range(1))
    other = stale._replace(key="other")
    shown = [
        profile_texts.section_help_lines(one, "<{}>".format)[1][0][0] for one in (stale, other)
    ]
    assert shown == [
        "The roles are no longer listed. <profiles.prune> removes these profiles too.",
        "The sync skips these profiles; each line says why.",
    ]
