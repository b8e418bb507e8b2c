"""Holds what the user chose for a session's profiles, and tests roles against the chosen filters.

`profile sync` without options repeats the choices of the last `profile sync`.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

from ssohelper.core.model import Account, Role
from ssohelper.core.profile_names import is_id_of_other_account
from ssohelper.core.text import compile_glob

PROCESS, NATIVE = "process", "sso"
FORMS = (PROCESS, NATIVE)


class Choices(NamedTuple):
    """What the user chose for a session's profiles: filters, name template, form, region.

    Filters are GLOB or !GLOB; the form is native or process. A field that is None or an empty tuple
    was not chosen. `removed` holds the roles whose profiles the user removed, so that `profile
    sync` does not add these profiles again. `written_region` is the default region with which
    profiles were last written, whether it was chosen or a setting. `given` names the fields that
    this command chose: only these are saved at its end, since another command may have changed the
    others meanwhile.
    """

    accounts: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    template: str | None = None
    form: str | None = None
    default_region: str | None = None
    removed: frozenset[Role] = frozenset()
    written_region: str | None = None
    given: frozenset[str] = frozenset()

    @property
    def without_recorded_fields(self) -> "Choices":
        """Return these choices without what other commands recorded: `removed`, `written_region`."""
        return self._replace(removed=frozenset(), written_region=None, given=frozenset())

    def with_chosen_fields(self, **fields: Any) -> "Choices":
        """Return the choices with these fields, which the user gave to this command."""
        return self._replace(**fields, given=self.given | fields.keys())


NO_CHOICES = Choices()
_T = TypeVar("_T")


def role_filter(choices: Choices) -> Callable[[Account, str], bool]:
    """Return a function that tells whether an account and a role name match the filters."""
    account_matches, role_matches = account_filter(choices.accounts), glob_filter(choices.roles)

    def role_passes_filters(account: Account, role_name: str) -> bool:
        return account_matches(account) and role_matches(role_name)

    return role_passes_filters


def account_filter(globs: tuple[str, ...]) -> Callable[[Account], bool]:
    """Return a function that tests an account's id and name against the filters.

    A name that looks like another account's id is not compared, since the filter means that other
    account.
    """
    matches = glob_filter(globs)

    def account_passes_filters(account: Account) -> bool:
        is_foreign = is_id_of_other_account(account.name, account)
        texts = (account.id,) if is_foreign else (account.id, account.name)
        return matches(*texts)

    return account_passes_filters


def make_value_finder(rules: Iterable[tuple[str, _T]], default: _T) -> Callable[[Account], _T]:
    """Return a function that returns, for an account, the value of the first rule that matches it.

    Each rule is an account pattern, compared as in `account_filter`, and a value. If no rule
    matches, the function returns `default`.
    """
    known = [(account_filter((pattern,)), value) for pattern, value in rules]

    def find_value_for_account(account: Account) -> _T:
        return next((value for matches, value in known if matches(account)), default)

    return find_value_for_account


def glob_filter(globs: tuple[str, ...]) -> Callable[..., bool]:
    """Return a function that tests texts against filters of the forms GLOB and !GLOB.

    A text passes if it matches no !GLOB and, when there are GLOBs, at least one GLOB. Case does not
    matter. When several texts are given (an account's id and name), one match is enough.
    """
    included = [compile_glob(glob, ignore_case=True) for glob in globs if not glob.startswith("!")]
    excluded = [compile_glob(glob[1:], ignore_case=True) for glob in globs if glob.startswith("!")]

    def texts_pass_filters(*texts: str) -> bool:
        if any(pattern.match(text) for pattern in excluded for text in texts):
            return False
        return not included or any(pattern.match(text) for pattern in included for text in texts)

    return texts_pass_filters


def has_wildcard(text: str) -> bool:
    """Return whether this text, used as a GLOB, may match other texts than itself."""
    return not set(text).isdisjoint("*?[")


def filter_for_exact_text(text: str) -> str:
    """Return a GLOB that matches this text and no other text.

    A "!" at the beginning of the text is written as "?", because a filter that begins with "!"
    leaves out what it matches.
    """
    # Does what glob.escape does; importing glob would delay each command that reads the settings.
    escaped = re.sub(r"[*?[]", r"[\g<0>]", text)
    return f"?{escaped[1:]}" if text.startswith("!") else escaped
