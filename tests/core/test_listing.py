"""The roles of a listing as a collection."""

from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account, Role

PAY, DEV = Account("001234567890", "pay", ""), Account("111122223333", "dev", "")


def test_the_roles_of_a_listing_are_those_that_it_names_each_once():
    accounts = (ListedAccount(PAY, ("Read", "Admin")), ListedAccount(DEV, ("Read",)))
    listing = Listing("https://x.awsapps.com/start", "eu-west-1", 0, (*accounts, accounts[0]))
    found = [Role(PAY.id, "Read"), Role(PAY.id, "Admin"), Role(DEV.id, "Read")]
    assert list(listing.role_set()) == found
    assert Role(DEV.id, "Admin") not in listing.role_set()
