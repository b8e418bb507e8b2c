"""Holds what the user chose for a session's profiles, and tests roles against the filters."""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ssohelper.core.model import Account, Role
from ssohelper.core.profile_names import is_foreign_id
from ssohelper.core.text import compile_glob

if TYPE_CHECKING:
    from ssohelper.core.listing import Listing

PROCESS, NATIVE = "process", "sso"
FORMS = (PROCESS, NATIVE)


class Choices(NamedTuple):
    """What the user chose for a session's profiles: filters (GLOB or !GLOB), names, form, region.

    A field that is None or empty was not chosen. `removed` holds the roles whose profiles the user
    removed: `profile sync` does not add them again. `given` names the fields that this command
    chose: only these fields are saved when it ends.
    """

    accounts: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    template: str | None = None
    form: str | None = None
    default_region: str | None = None
    removed: frozenset[Role] = frozenset()
    given: frozenset[str] = frozenset()

    @property
    def options(self) -> "Choices":
        return self._replace(removed=frozenset(), given=frozenset())

    def with_chosen_fields(self, **fields: Any) -> "Choices":
        return self._replace(**fields, given=self.given | fields.keys())


NO_CHOICES = Choices()
_T = TypeVar("_T")


def role_filter(choices: Choices) -> Callable[[Account, str], bool]:
    account_matches, role_matches = account_filter(choices.accounts), glob_filter(choices.roles)
    return lambda account, role_name: account_matches(account) and role_matches(role_name)


def count_left_out(listing: "Listing", choices: Choices) -> int:
    passes_filters = role_filter(choices)
    return sum(
        not passes_filters(listed.account, role_name)
        for listed in listing.accounts
        for role_name in listed.roles
    )


def do_filters_match(listing: "Listing", choices: Choices) -> bool:
    """Return whether the filters match a listed role; True for an empty list of roles."""
    number = len(listing.roles())
    return not number or count_left_out(listing, choices) < number


def account_filter(globs: tuple[str, ...]) -> Callable[[Account], bool]:
    """Return a function that tests an account's id and name against the filters.

    A name that looks like another account's id is not compared: a filter with that id means the
    other account.
    """
    matches = glob_filter(globs)
    return lambda one: matches(one.id, *(() if is_foreign_id(one.name, one) else (one.name,)))


def make_value_finder(rules: Iterable[tuple[str, _T]], default: _T) -> Callable[[Account], _T]:
    """Return a function that finds the value of the first pattern that matches an account."""
    known = [(account_filter((pattern,)), value) for pattern, value in rules]
    return lambda account: next((value for matches, value in known if matches(account)), default)


def glob_filter(globs: tuple[str, ...]) -> Callable[..., bool]:
    """Return a function that tests texts against filters GLOB and !GLOB, ignoring case.

    The texts pass if none matches a !GLOB and, if there are GLOBs, one text matches one of them.
    """
    included = [compile_glob(glob, ignore_case=True) for glob in globs if not glob.startswith("!")]
    excluded = [compile_glob(glob[1:], ignore_case=True) for glob in globs if glob.startswith("!")]

    def texts_pass_filters(*texts: str) -> bool:
        if any(pattern.match(text) for pattern in excluded for text in texts):
            return False
        return not included or any(pattern.match(text) for pattern in included for text in texts)

    return texts_pass_filters


def has_wildcard(text: str) -> bool:
    return not set(text).isdisjoint("*?[")


def filter_for_exact_text(text: str) -> str:
    """Return a GLOB that matches this text; a leading "!", which would exclude, becomes "?"."""
    # Does what glob.escape does; importing glob would delay each command that reads the settings.
    escaped = re.sub(r"[*?[]", r"[\g<0>]", text)
    return f"?{escaped[1:]}" if text.startswith("!") else escaped
