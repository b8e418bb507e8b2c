"""A home with a saved list of roles, so that commands on profiles need no AWS."""

import time

from ssohelper.app import App
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account
from tests.conftest import Home

URL = "https://d-0000000000.awsapps.com/start"
PAY, DEV = "001234567890", "111122223333"


def listed_account(account_id: str, name: str, *roles: str) -> ListedAccount:
    return ListedAccount(Account(account_id, name, ""), roles)


def save_listing(home: Home, *accounts: ListedAccount, session: str = "corp") -> None:
    """Save a complete list of these accounts, as if AWS had just answered."""
    listing = Listing(URL, "eu-west-1", int(time.time()), accounts)
    App(home.env).directory.save(session, listing)


def add_listed_session(home: Home) -> None:
    """Add the session "corp" to the config, with a saved list of three roles."""
    home.add_session("corp", URL, "eu-west-1")
    save_listing(
        home, listed_account(PAY, "pay", "Admin", "Read"), listed_account(DEV, "dev", "Read")
    )
