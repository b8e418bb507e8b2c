"""The user's choices for a session's profiles, and what their filters match.

A bare `profile sync` repeats the choices of the last one.
"""

import fnmatch
import re
from collections.abc import Callable
from typing import NamedTuple

from ssohelper.core.model import Account, Role
from ssohelper.core.profile_names import is_foreign_id

PROCESS, NATIVE = "process", "sso"
FORMS = (PROCESS, NATIVE)


class Choices(NamedTuple):
    """Filters (GLOB or !GLOB), name template, form and region for one session's profiles.

    None or an empty tuple: the user chose nothing. `removed` holds the roles whose profile the
    user removed: sync does not add them again.
    """

    accounts: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    template: str | None = None
    form: str | None = None
    default_region: str | None = None
    removed: frozenset[Role] = frozenset()


NO_CHOICES = Choices()


def role_filter(choices: Choices) -> Callable[[Account, str], bool]:
    """Return a function that tests an account and a role's name against the filters.

    A filter of accounts matches the id or the name, but no name that is another account's id.
    """
    account_matches, role_matches = glob_filter(choices.accounts), glob_filter(choices.roles)

    def is_match(account: Account, role_name: str) -> bool:
        is_foreign = is_foreign_id(account.name, account)
        texts = (account.id,) if is_foreign else (account.id, account.name)
        return account_matches(*texts) and role_matches(role_name)

    return is_match


def glob_filter(globs: tuple[str, ...]) -> Callable[..., bool]:
    """Return a function that tests texts against filters of the forms GLOB and !GLOB.

    A text passes when it matches any GLOB, or there is none, and no !GLOB. Case does not matter.
    Given several texts (an account's id and name), one that matches is enough.
    """
    included = [_pattern(glob) for glob in globs if not glob.startswith("!")]
    excluded = [_pattern(glob[1:]) for glob in globs if glob.startswith("!")]

    def is_match(*texts: str) -> bool:
        if any(pattern.match(text) for pattern in excluded for text in texts):
            return False
        return not included or any(pattern.match(text) for pattern in included for text in texts)

    return is_match


def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(glob), re.IGNORECASE)
