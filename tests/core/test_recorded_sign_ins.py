"""Whether two sessions, or a session and a saved list of roles, are for the same sign-in."""

import pytest

from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.core.start_url import is_same_session

URL = "https://sso.example.com/start"
SESSION = SsoSession("corp", URL, "eu-west-1", ("sso:account:access",))
# What has changed in the config or in what is known of the session, and whether it is still the
# same session: its token and its list of roles are then still good.
CHANGES: dict[str, tuple[SsoSession, bool]] = {
    "nothing": (SESSION, True),
    "scopes": (SESSION._replace(scopes=()), True),
    "portal_url learnt": (
        SESSION._replace(portal_url="https://d-0000000000.awsapps.com/start"),
        True,
    ),
    "slash added": (SESSION._replace(start_url=f"{URL}/"), True),
    "hash added": (SESSION._replace(start_url=f"{URL}#/"), True),
    "region": (SESSION._replace(region="eu-west-2"), False),
    "another portal": (SESSION._replace(start_url="https://sso.example.net/start"), False),
}
same_or_not = pytest.mark.parametrize(("changed", "is_same"), CHANGES.values(), ids=CHANGES.keys())


@same_or_not
def test_a_session_is_the_same_while_its_portal_and_region_are(changed, is_same):
    assert is_same_session(SESSION, changed) is is_same
    assert is_same_session(changed, SESSION) is is_same
    assert not is_same_session(SESSION, changed._replace(name="lab"))


@same_or_not
def test_a_saved_list_is_of_the_same_portal_while_the_session_is_the_same(changed, is_same):
    assert Listing(URL, "eu-west-1", 0).is_of_portal_of(changed) is is_same
    assert Listing(changed.start_url, changed.region, 0).is_of_portal_of(SESSION) is is_same
