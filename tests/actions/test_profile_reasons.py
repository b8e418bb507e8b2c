"""Which profiles work again once ssohelper has written their command."""

from ssohelper.actions import profile_reasons
from ssohelper.app import App
from tests.actions.broken_homes import add_profile, helper_moved, make_healthy
from tests.conftest import Home

NAMES = ("pay.Read", "mine", "gone")


def test_a_managed_profile_whose_program_has_moved_is_written_again(home: Home) -> None:
    make_healthy(home)
    add_profile(home, "mine", f"credential_process = {home.path}/old/tool")
    assert profile_reasons.choose_profiles_with_broken_command(App(home.env), NAMES) == frozenset()
    helper_moved(home)
    found = profile_reasons.choose_profiles_with_broken_command(App(home.env), NAMES)
    assert found == {"pay.Read"}
