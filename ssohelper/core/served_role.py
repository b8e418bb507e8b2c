"""Finds which role ssohelper's endpoint serves to this shell, by the shell's variables."""

from collections.abc import Mapping

# The variable's value is the `RoleKey.text` of the role that the endpoint serves.
VARIABLE = "SSOHELPER_SERVED_ROLE"
# In this variable the full screen tells `exec` what the user chose: a `RoleKey.text` or a
# `ForeignProfile.origin`.
CHOSEN = "_SSOHELPER_CHOSEN_ROLE"
_ENDPOINT = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
_PREFERRED = ("AWS_PROFILE", "AWS_ACCESS_KEY_ID")


def find_served_role(environ: Mapping[str, str]) -> str | None:
    """Return the role that SDKs get from ssohelper's endpoint, None if they prefer another source."""
    is_used = environ.get(_ENDPOINT) and not any(environ.get(name) for name in _PREFERRED)
    return environ.get(VARIABLE) or None if is_used else None
