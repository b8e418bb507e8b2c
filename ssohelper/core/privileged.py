"""Tells by a role's name whether the role is privileged. No list proposes such a role unasked."""

import re
from collections.abc import Callable
from functools import cache

from ssohelper.core.text import compile_glob

PRIVILEGED_SIGN = "!"
# Parts of names, compared without case and punctuation: PowerUserAccess, break-glass, db_owner.
_PARTS = ("admin", "poweruser", "owner", "breakglass")


@cache
def make_privileged_test(globs: tuple[str, ...] = ()) -> Callable[[str], bool]:
    """Return a function that tests a role's name; `globs` match further privileged names."""
    patterns = [compile_glob(glob, ignore_case=True) for glob in globs]

    @cache
    def is_privileged(role_name: str) -> bool:
        letters = re.sub(r"[^a-z0-9]", "", role_name.lower())
        return any(part in letters for part in _PARTS) or any(
            pattern.match(role_name) for pattern in patterns
        )

    return is_privileged
