"""The region of new profiles: that of the first rule for their account, else the session's default."""

from collections.abc import Callable, Iterable

from ssohelper.core.choices import account_filter
from ssohelper.core.model import Account

# A pattern of accounts and the region of their profiles, in the order of the settings file.
RegionRule = tuple[str, str]


def region_finder(rules: Iterable[RegionRule], default: str) -> Callable[[Account], str]:
    """Return a function that returns the region of an account's new profiles.

    A pattern is compared with the account's id and name, without regard to case. The first rule
    that matches counts; without one the `default` does.
    """
    known = [(account_filter((pattern,)), region) for pattern, region in rules]

    def find_region(account: Account) -> str:
        return next((region for matches, region in known if matches(account)), default)

    return find_region
