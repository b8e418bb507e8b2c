"""Which known session `setup` offers to move, and with what a new sign-in is compared."""

import pytest

from ssohelper.actions import session_edit, session_move
from ssohelper.core.company_policy import CompanyPolicy
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account, SignInFacts
from ssohelper.errors import LoginRequired, Refused
from tests.actions.world import NOW, SESSION, WorldApp

ACCOUNT = Account("000000000001", "dev", "")
NEW = SESSION._replace(name="new", start_url="https://new.awsapps.com/start")


def listing(*roles: str, url: str = SESSION.start_url) -> Listing:
    return Listing(url, SESSION.region, NOW, (ListedAccount(ACCOUNT, roles),))


@pytest.fixture
def app(tmp_path) -> WorldApp:
    """Return an app in which ana has used the session "corp", and is signed in to "new"."""
    made = WorldApp(tmp_path)
    made.directory.save("corp", listing("Admin", "Read"))
    made.tokens.save_facts("corp", SignInFacts(earlier_user="Ana"))
    made.tokens.save_facts("new", SignInFacts(user="ana"))
    return made


@pytest.mark.parametrize(
    ("saved", "earlier", "roles", "is_offered"),
    [
        (listing("Read", "Admin"), "Ana", ("Admin", "Read"), True),
        (listing("Read", "Admin"), "ben", ("Admin", "Read"), False),
        (listing("Read", "Admin"), None, ("Admin", "Read"), False),
        (listing("Read", "Admin"), "Ana", ("Read",), False),
        (listing("Read", url=NEW.start_url), "Ana", ("Read",), False),
        (listing(), "Ana", (), False),
    ],
)
def test_a_session_is_offered_for_the_same_user_and_roles(app, saved, earlier, roles, is_offered):
    app.directory.save("corp", saved)
    app.tokens.save_facts("corp", SignInFacts(earlier_user=earlier))
    found = session_move.find_session_to_move(app, NEW, listing(*roles, url=NEW.start_url))
    assert (found is not None) is is_offered


def test_without_a_sign_in_the_saved_list_is_compared(app: WorldApp):
    known = session_move.load_known_user(app, SESSION)
    assert known == ("Ana", {ACCOUNT.id})
    app.directory.forget("corp")
    with pytest.raises(LoginRequired, match="is not known"):
        session_move.load_known_user(app, SESSION)


def test_the_saved_list_moves_where_the_policy_allows_it(app):
    app.company_policy = CompanyPolicy(portals=(SESSION.start_url,))
    with pytest.raises(Refused, match="does not allow the portal https://new"):
        session_edit.plan_session_move(app, SESSION, NEW)
    app.company_policy = CompanyPolicy(portals=(NEW.start_url,))
    assert session_edit.plan_session_move(app, SESSION, NEW._replace(name="corp")).changes
    moved = NEW._replace(name="corp")
    session_move.move_listing(app, moved)
    assert app.directory.load("corp") == listing("Admin", "Read", url=NEW.start_url)
