"""Tells by its name whether a role is privileged: no list proposes such a role by itself."""

import re
from collections.abc import Callable, Sequence
from functools import cache

from ssohelper.core.text import compile_glob

PRIVILEGED_SIGN = "!"
# Parts of names, written together and in small letters: PowerUserAccess, break-glass, db_owner.
_PARTS = ("admin", "poweruser", "owner", "breakglass")


def make_privileged_test(globs: Sequence[str] = ()) -> Callable[[str], bool]:
    """Return a function that tells it of a role's name; `globs` name further roles."""
    patterns = [compile_glob(glob, ignore_case=True) for glob in globs]

    @cache
    def is_privileged(role_name: str) -> bool:
        letters = re.sub(r"[^a-z0-9]", "", role_name.lower())
        return any(part in letters for part in _PARTS) or any(
            pattern.match(role_name) for pattern in patterns
        )

    return is_privileged
