"""Finds which role ssohelper's endpoint serves to this shell, by the shell's variables. Pure."""

from collections.abc import Mapping

# The variable whose value is the `RoleKey.text` of the role that the endpoint serves. The
# endpoint's other variables name no role.
VARIABLE = "SSOHELPER_SERVED_ROLE"
# By this variable, the full screen tells `exec` what the user chose: the `RoleKey.text` of a role, or
# the `ForeignProfile.origin` of a profile. The profile may have been edited since.
CHOSEN = "_SSOHELPER_CHOSEN_ROLE"
_ENDPOINT = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
# If one of these variables is set, an SDK does not ask the endpoint.
_PREFERRED = ("AWS_PROFILE", "AWS_ACCESS_KEY_ID")


def find_served_role(environ: Mapping[str, str]) -> str | None:
    """Return the role whose credentials SDKs get in this environment from ssohelper's endpoint.

    None if there is no endpoint, or if SDKs prefer a profile or keys to the endpoint.
    """
    is_used = environ.get(_ENDPOINT) and not any(environ.get(name) for name in _PREFERRED)
    return environ.get(VARIABLE) or None if is_used else None
