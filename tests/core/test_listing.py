"""The roles of a listing as a collection."""

from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account, Role

PAY, DEV = Account("001234567890", "pay", ""), Account("111122223333", "dev", "")


def test_the_roles_of_a_listing_are_those_that_it_names_each_once() -> None:
    accounts = (
        ListedAccount(PAY, ("Read", "Admin")),
        ListedAccount(DEV, ("Read",)),
        ListedAccount(PAY, ("Admin", "Audit")),
    )
    listing = Listing("https://d-0000000000.awsapps.com/start", "eu-west-1", 0, accounts)
    found = listing.role_set()
    assert set(found) == set(listing.roles())
    assert len(found) == len(list(found)) == len(set(listing.roles()))
    assert all(role in found for role in listing.roles())
    others = [Role(DEV.id, "Admin"), Role("999999999999", "Read"), Role(PAY.id, "Read", "chained")]
    assert not any(role in found for role in others)
