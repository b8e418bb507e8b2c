"""The role that an endpoint serves to this shell, as `exec --server` and `serve` name it. Pure."""

from collections.abc import Mapping

# Its value is the role's `RoleKey.text`. The endpoint's own variables name no role.
VARIABLE = "SSOHELPER_SERVED_ROLE"
# The full screen sets it for `exec`: the profile may have been edited since the user chose the role.
CHOSEN = "_SSOHELPER_CHOSEN_ROLE"
_ENDPOINT = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
# With one of these an SDK does not ask the endpoint.
_PREFERRED = ("AWS_PROFILE", "AWS_ACCESS_KEY_ID")


def find_served_role(environ: Mapping[str, str]) -> str | None:
    """Return the role whose credentials SDKs get in this environment from our endpoint.

    None if there is no endpoint, or if SDKs prefer a profile or keys to it.
    """
    is_used = environ.get(_ENDPOINT) and not any(environ.get(name) for name in _PREFERRED)
    return environ.get(VARIABLE) or None if is_used else None
