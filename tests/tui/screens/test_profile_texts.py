"""Every text of the Profiles screen is shown line by line: no newline is escaped."""

from types import SimpleNamespace
from typing import Any

from ssohelper.core.model import SsoSession
from ssohelper.tui.profile_rows import STALE, Section
from ssohelper.tui.screens import profiles
from ssohelper.tui.screens.profiles import Found
from ssohelper.tui.screens.proposal import CurrentProfiles, Proposal, Wish

# A profile that is skipped, because of its name, and one whose role is not in the list.
CORP = SsoSession("corp", "https://d-0000000000.awsapps.com/start", "us-east-1", ())


def found(proposal: Proposal) -> Found:
    """Return what Profiles shows of a config without profiles."""
    rows: Any = []
    return Found(CurrentProfiles([], (CORP,), "~/.aws/config"), Wish(CORP), proposal, rows)


def test_where_no_role_would_get_a_profile_the_filters_and_aws_are_named() -> None:
    plan: Any = SimpleNamespace(add=())
    assert profiles.missing_input_hint(found(Proposal(plan)), "<{}>".format) == (
        "There is no profile yet, and no role that would get one: <profiles.options> shows the "
        "filters, <profiles.refresh> asks AWS."
    )


def test_without_a_plan_the_diff_s_key_says_which_option_or_list_is_missing() -> None:
    wrong = found(Proposal(problems={"accounts": "no account matches zzz"}))
    said = profiles.missing_plan_text(wrong, "<{}>".format)
    assert said.startswith("no diff: ")
    assert "no account matches zzz" in said
    assert said.endswith(" · <profiles.options> opens the options")
    assert profiles.missing_plan_text(found(Proposal()), "<{}>".format) == (
        "Press <profiles.refresh> to ask AWS for your roles, or type: "
        "ssohelper list --refresh --session corp"
    )


def test_of_profiles_whose_roles_are_gone_the_key_that_removes_them_is_named() -> None:
    stale = Section(STALE, "!", "1 skipped", range(1))
    other = stale._replace(key="other")
    shown = [profiles.section_help_lines(one, "<{}>".format)[1][0][0] for one in (stale, other)]
    assert shown == [
        "The roles are no longer listed. <profiles.prune> removes these profiles too.",
        "The sync skips these profiles; each line says why.",
    ]
