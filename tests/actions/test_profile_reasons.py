"""Why a profile is not used, in the words of `doctor`."""

from ssohelper.actions import profile_reasons
from ssohelper.app import App
from tests.actions.broken_homes import add_profile, helper_moved, make_healthy
from tests.conftest import Home


def test_the_error_has_the_reason_and_the_fix_of_doctor(home: Home) -> None:
    make_healthy(home)
    helper_moved(home)
    error = profile_reasons.make_profile_not_used_error(App(home.env), "pay.Read")
    assert 'the profile "pay.Read" is not used: ssohelper is no longer at' in error.message
    assert "doctor --fix" in str(error.hint)
    add_profile(home, "chain", "role_arn = arn:aws:iam::000000000001:role/x", "source_profile = no")
    error = profile_reasons.make_profile_not_used_error(App(home.env), "chain")
    assert 'source_profile "no" does not exist' in error.message
