"""The texts above the list of roles: what is wrong with the config, or why no role is listed."""

from ssohelper.actions.roles import KnownRoles
from ssohelper.core.text import count_text, show
from ssohelper.errors import SsoHelperError

_CORRECTED = "Correct this in the file, then press F5 to read the file again."
_NO_LIST = (
    "No roles are listed yet: the list is read from AWS after you sign in.\n"
    "To sign in, press F3, then s, or run: ssohelper login {name}"
)
_NO_ROLE = (
    "No role is assigned to you in {name}.\n"
    "When your administrator has assigned one, press F5, or run:\n"
    "ssohelper list --refresh --session {name}"
)


def config_error_text(error: SsoHelperError) -> str:
    """Return what is wrong with the config, and what to do."""
    hint = f"\n{show(error.hint)}" if error.hint else ""
    return f"{show(error.message)}{hint}\n{_CORRECTED}"


def empty_list_text(known_roles: KnownRoles, refreshing: str) -> str:
    """Return a text that says why no role is listed.

    `refreshing` names what is being listed at AWS. Return "" if roles are listed, or if there is no
    session at all.
    """
    if known_roles.has_role or not known_roles.sessions:
        return ""
    if refreshing:
        return f"Your roles are being listed at AWS: {refreshing}"
    if known_roles.sessions_without_listing:
        return _NO_LIST.format(name=known_roles.sessions_without_listing[0].name)
    return _NO_ROLE.format(name=known_roles.sessions[0].name)


def refresh_texts(refreshing: str, missing: int) -> tuple[str, ...]:
    """Return texts that say what is being listed at AWS, or how many sessions have no list yet.

    The longest comes first. There are none if nothing is listed and nothing is missing.
    """
    if refreshing:
        return f"refreshing {refreshing}", "refreshing"
    if missing:
        return f"{count_text(missing, 'session')} not listed yet: F3", f"{missing} not listed: F3"
    return ()
