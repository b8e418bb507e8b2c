"""What becomes of a session's sign-in and records when its section goes or gets another name."""

import pytest

from ssohelper.actions import session_edit
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account
from tests.actions.test_login import HOUR, LoginApp
from tests.actions.world import NOW, SESSION


@pytest.fixture
def app(tmp_path) -> LoginApp:
    return LoginApp(tmp_path)


def listing(name: str) -> Listing:
    account = ListedAccount(Account("000000000001", name, ""), ("Admin",))
    return Listing(SESSION.start_url, SESSION.region, NOW, (account,))


@pytest.mark.parametrize("is_in_config", [True, False])
def test_an_unfinished_set_up_says_whether_it_signed_out(app: LoginApp, is_in_config):
    app.sign_in_since(HOUR, HOUR)
    if not is_in_config:
        app.locations.aws_config_file.write_text("")
    assert session_edit.discard_unfinished(app, SESSION) is not is_in_config
    assert app.logged_out == ([] if is_in_config else ["first"])
